/**
 * Senders that proved to hold a key, with what was seen of each. Nobody else takes room here.
 *
 * The senders heard last keep their subkey and window. Of those before them the highest sequence number stays, below which nothing is ever
 * taken again, so that pushing a sender out opens nothing to replay. Both are bounded.
 */
import type { KeyObject } from "node:crypto"

import { lookAt, makeReplayWindow, markSeen, type ReplayWindow } from "../core/swimWire/replayWindow.ts"

/** A process by one key. */
export interface KnownSender {
  readonly subkey: KeyObject
  readonly window: ReplayWindow
}

/** Bounds of a table. */
export interface SenderLimits {
  /** Senders with subkey and window. */
  readonly sendersMax: number
  /** Senders of which only the highest number is kept; the oldest goes first. */
  readonly retiredMax: number
}

/** The senders of one node, by a name that is unique per process and key. */
export interface SenderTable {
  /** The sender, if it is among those heard last. */
  readonly find: (name: string) => KnownSender | undefined
  /** Whether a number of it is new, as far as is known. */
  readonly look: (name: string, seq: number) => "new" | "duplicate" | "stale"
  /** Notes a number of a sender that proved itself. */
  readonly note: (name: string, subkey: KeyObject, seq: number) => void
  /** Senders of which all is forgotten: their packets could be replayed. */
  readonly forgotten: () => number
}

/** An empty table. */
export const makeSenderTable = ({ retiredMax, sendersMax }: SenderLimits): SenderTable => {
  const senders = new Map<string, KnownSender>()
  const retired = new Map<string, number>()
  let forgotten = 0

  const retireOldest = (): void => {
    const [name, sender] = senders.entries().next().value ?? []
    if (name === undefined || sender === undefined) return
    senders.delete(name)
    retired.set(name, sender.window.highest)
    const oldest = retired.size > retiredMax ? retired.keys().next().value : undefined
    if (oldest === undefined) return
    retired.delete(oldest)
    forgotten += 1
  }

  const admit = (name: string, subkey: KeyObject): KnownSender => {
    const sender = { subkey, window: makeReplayWindow(retired.get(name) ?? 0) }
    retired.delete(name)
    if (senders.size >= sendersMax) retireOldest()
    return sender
  }

  return {
    find: (name) => senders.get(name),
    look: (name, seq) => {
      const known = senders.get(name)
      if (known !== undefined) return lookAt(known.window, seq)
      return seq > (retired.get(name) ?? 0) ? "new" : "stale"
    },
    note: (name, subkey, seq) => {
      const sender = senders.get(name) ?? admit(name, subkey)
      senders.delete(name)
      senders.set(name, sender)
      markSeen(sender.window, seq)
    },
    forgotten: () => forgotten
  }
}
