/** Which sequence numbers of one sender were seen: each is taken once, in any order within the window (RFC 6479's ring of words). */

/** What was seen up to `highest`; owned by this module. */
export interface ReplayWindow {
  highest: number
  readonly words: Uint32Array
}

const wordsCount = 64

/** Numbers so far below the highest are still told apart; older ones are refused. */
export const replayWindowSize = (wordsCount - 1) * 32

/** A window that takes every number above `floor` once. */
export const makeReplayWindow = (floor: number): ReplayWindow => {
  const words = new Uint32Array(wordsCount).fill(0xffff_ffff)
  words[wordOf(floor)] = 2 ** ((floor % 32) + 1) - 1
  return { highest: floor, words }
}

/** Whether a number is new, seen before (`duplicate`), or too old to tell (`stale`). */
export const lookAt = (window: ReplayWindow, seq: number): "new" | "duplicate" | "stale" => {
  if (seq > window.highest) return "new"
  if (seq <= window.highest - replayWindowSize) return "stale"
  return ((window.words[wordOf(seq)] ?? 0) & bitOf(seq)) === 0 ? "new" : "duplicate"
}

/** Notes a number that `lookAt` calls new; only for what is authentic. */
export const markSeen = (window: ReplayWindow, seq: number): void => {
  if (seq > window.highest) {
    const passed = Math.min(wordsCount, Math.floor(seq / 32) - Math.floor(window.highest / 32))
    for (let word = 0; word < passed; word += 1) window.words[wordOf(seq - 32 * word)] = 0
    window.highest = seq
  }
  const word = wordOf(seq)
  window.words[word] = (window.words[word] ?? 0) | bitOf(seq)
}

const wordOf = (seq: number): number => Math.floor(seq / 32) % wordsCount

const bitOf = (seq: number): number => 1 << (seq % 32)
