/** The rest that a group is given after each attempt to move its leadership; times are monotonic ms of one node. */

/** The last attempt of one group. */
interface Attempt {
  readonly atMillis: number
  /** End of the extra rest after a failure; 0 when there was none. */
  readonly frozenUntilMillis: number
}

/** The last attempt of each group; a group without one has never been moved from here. */
export type Attempts = ReadonlyMap<string, Attempt>

/** Nothing was attempted yet. */
export const noAttempts: Attempts = new Map()

/** Starts the group's cooldown; called before the attempt, so that it is spent whatever the outcome. */
export const recordAttempt = (attempts: Attempts, group: string, nowMillis: number): Attempts =>
  new Map(attempts).set(group, { atMillis: nowMillis, frozenUntilMillis: 0 })

/** Has the attempted group rest at least until then: an engine may refuse writes for a while after a failed attempt. */
export const freezeUntil = (attempts: Attempts, group: string, untilMillis: number): Attempts => {
  const attempt = attempts.get(group)
  return attempt === undefined
    ? attempts
    : new Map(attempts).set(group, { ...attempt, frozenUntilMillis: untilMillis })
}

/** What is left of the group's rest; 0 when it is over, at exactly one cooldown after the attempt too. */
export const restMillis = (
  attempts: Attempts,
  group: string,
  nowMillis: number,
  cooldownMillis: number
): number => {
  const attempt = attempts.get(group)
  if (attempt === undefined) return 0
  return Math.max(0, attempt.atMillis + cooldownMillis - nowMillis, attempt.frozenUntilMillis - nowMillis)
}

/** Drops attempts that no longer matter, so that groups that went away leave nothing behind. */
export const forgetElapsed = (attempts: Attempts, nowMillis: number, cooldownMillis: number): Attempts =>
  new Map([...attempts].filter(([group]) => restMillis(attempts, group, nowMillis, cooldownMillis) > 0))
