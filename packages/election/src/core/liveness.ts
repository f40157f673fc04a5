/** Who was heard of lately: the mark and live-set rules shared by the election strategies (Q1, Q2). */

/** When each node was last heard of, and since when without a gap, in monotonic ms. */
export interface Liveness {
  readonly lastSeen: Readonly<Record<string, number>>
  readonly liveSince: Readonly<Record<string, number>>
}

/** Nobody heard of yet. */
export const noLiveness: Liveness = { lastSeen: {}, liveSince: {} }

/** Notes proof of life. A gap of more than `deadAfterMillis` starts a new streak. */
export const mark = (
  liveness: Liveness,
  id: string,
  nowMillis: number,
  deadAfterMillis: number
): Liveness => {
  const seen = liveness.lastSeen[id]
  const streakBroken = seen === undefined || nowMillis - seen > deadAfterMillis
  return {
    lastSeen: { ...liveness.lastSeen, [id]: nowMillis },
    liveSince: streakBroken ? { ...liveness.liveSince, [id]: nowMillis } : liveness.liveSince
  }
}

/** Whether a node was heard of less than `deadAfterMillis` ago. */
export const isLive = (
  liveness: Liveness,
  id: string,
  nowMillis: number,
  deadAfterMillis: number
): boolean => {
  const seen = liveness.lastSeen[id]
  return seen !== undefined && seen > nowMillis - deadAfterMillis
}
