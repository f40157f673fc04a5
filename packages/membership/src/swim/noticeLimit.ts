/** Which of the notices that may come without end are told. */

/** A cause is told again after this time. */
const againMillis = 60_000

/** Causes that are told in that time; whoever invents names gets no further. */
const causesMax = 32

/** Whether a notice of this cause is told now: once a minute, and no more than 32 causes in a minute. */
export const makeNoticeLimit = (): ((cause: string, nowMillis: number) => boolean) => {
  /** When each was told last, oldest first. */
  const told = new Map<string, number>()
  return (cause, nowMillis) => {
    for (const [before, atMillis] of told) {
      if (nowMillis - atMillis < againMillis) break
      told.delete(before)
    }
    if (told.has(cause) || told.size >= causesMax) return false
    told.set(cause, nowMillis)
    return true
  }
}
