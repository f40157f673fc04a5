/**
 * What stands between a good idea and a transfer, for one group: persistence, settling, cooldown, a budget, and back-off after failures.
 *
 * Attempts of all nodes count, as far as they are known here; times are monotonic ms of this node.
 */
import type { QuorumReason, TransferWish } from "./QuorumVerdict.ts"

/** How patient the guards are. */
export interface GuardLimits {
  /** A wish must be the same in this many evaluations in a row, */
  readonly persistenceRounds: number
  /** and for this long. */
  readonly persistenceMillis: number
  /** No transfer for so long after leadership changed, whatever the cause, or was first seen. */
  readonly settleMillis: number
  /** Rest of the group after an attempt by anybody. */
  readonly cooldownMillis: number
  /** Voluntary attempts in 24 h before the group is frozen. */
  readonly attemptsPerDay: number
  /** Least time between two attempts to evacuate. */
  readonly evacuationMillis: number
}

/** An attempt to move the group's leadership, by whomever. */
export interface TransferAttempt {
  readonly from: string
  readonly to: string
  readonly term: number | undefined
  readonly atMillis: number
  /** Made for the gain, not to evacuate a node. */
  readonly voluntary: boolean
  /** It cost more than it could win back in time; set once it ended. */
  readonly costly?: boolean | undefined
}

/** Everything remembered about one group. */
export interface GuardState {
  readonly leadership:
    | { readonly leader: string; readonly term: number | undefined; readonly sinceMillis: number }
    | undefined
  /** What was wanted in the last evaluations. */
  readonly wish:
    | { readonly target: string; readonly evaluations: number; readonly sinceMillis: number }
    | undefined
  /** Of the last 24 h, oldest first, at most `attemptsKept`. */
  readonly attempts: ReadonlyArray<TransferAttempt>
  /** Targets that were not reached, and until when they are left alone. */
  readonly backoff: ReadonlyMap<string, { readonly failures: number; readonly untilMillis: number }>
  /** An engine may refuse writes for a while after a failed attempt. */
  readonly frozenUntilMillis: number
  /** Attempts up to then were forgiven by an operator. */
  readonly forgivenUntilMillis: number
}

/** Nothing was seen yet. */
export const unguarded: GuardState = {
  leadership: undefined,
  wish: undefined,
  attempts: [],
  backoff: new Map(),
  frozenUntilMillis: Number.NEGATIVE_INFINITY,
  forgivenUntilMillis: Number.NEGATIVE_INFINITY
}

const dayMillis = 86_400_000
const attemptsKept = 32
const backoffMillis = 60_000
const backoffMillisMax = 3_600_000
/** Two accounts of an attempt that differ by less are the same attempt. */
const sameAttemptMillis = 10_000

/** Takes note of who leads; a new leader or term ends every wish and starts the settle time. */
export const seeLeadership = (
  state: GuardState,
  leader: string,
  term: number | undefined,
  nowMillis: number
): GuardState =>
  state.leadership?.leader === leader && state.leadership.term === term
    ? state
    : { ...state, leadership: { leader, term, sinceMillis: nowMillis }, wish: undefined }

/** Takes note of what this evaluation wants; another target, or none, begins anew. */
export const recordWish = (state: GuardState, target: string | undefined, nowMillis: number): GuardState => {
  if (target === undefined) return state.wish === undefined ? state : { ...state, wish: undefined }
  const { wish } = state
  return wish?.target === target
    ? { ...state, wish: { ...wish, evaluations: wish.evaluations + 1 } }
    : { ...state, wish: { target, evaluations: 1, sinceMillis: nowMillis } }
}

/**
 * Takes note of an attempt, made here or heard of; called before the attempt, so that a call that hangs is remembered too. What is known
 * already may turn out costly later.
 */
export const recordAttempt = (state: GuardState, attempt: TransferAttempt, nowMillis: number): GuardState => {
  const horizonMillis = Math.max(nowMillis - dayMillis, state.forgivenUntilMillis)
  if (attempt.atMillis <= horizonMillis) return state
  const known = state.attempts.findIndex((other) => isSame(other, attempt))
  const same = state.attempts[known]
  if (same !== undefined) {
    return attempt.costly !== true || same.costly === true
      ? state
      : { ...state, attempts: state.attempts.with(known, { ...same, costly: true }) }
  }
  const attempts = [...state.attempts, attempt]
    .filter(({ atMillis }) => atMillis > nowMillis - dayMillis)
    .toSorted((a, b) => a.atMillis - b.atMillis)
    .slice(-attemptsKept)
  return { ...state, attempts }
}

const isSame = (one: TransferAttempt, other: TransferAttempt): boolean =>
  one.from === other.from &&
  one.to === other.to &&
  one.term === other.term &&
  Math.abs(one.atMillis - other.atMillis) < sameAttemptMillis

/** Takes note of how an attempt of this node ended; a target that was not reached is left alone, longer each time. Undefined is nobody's fault. */
export const recordEnd = (
  state: GuardState,
  {
    freezeMillis,
    moved,
    target
  }: { readonly target: string | undefined; readonly moved: boolean; readonly freezeMillis: number },
  nowMillis: number
): GuardState => {
  const backoff = new Map(state.backoff)
  const frozenUntilMillis = moved ? state.frozenUntilMillis : nowMillis + freezeMillis
  if (target === undefined) return { ...state, wish: undefined, frozenUntilMillis }
  if (moved) {
    backoff.delete(target)
    return { ...state, backoff, wish: undefined }
  }
  const failures = (backoff.get(target)?.failures ?? 0) + 1
  const pauseMillis = Math.min(backoffMillisMax, backoffMillis * 2 ** (failures - 1))
  backoff.set(target, { failures, untilMillis: nowMillis + pauseMillis })
  return { ...state, backoff, wish: undefined, frozenUntilMillis }
}

/** Forgets every attempt up to now, as an operator asks who knows why they happened. */
export const forgive = (state: GuardState, nowMillis: number): GuardState => ({
  ...state,
  attempts: [],
  backoff: new Map(),
  frozenUntilMillis: Number.NEGATIVE_INFINITY,
  forgivenUntilMillis: nowMillis
})

/** Whether the target failed lately. */
export const isBackedOff = (state: GuardState, target: string, nowMillis: number): boolean =>
  (state.backoff.get(target)?.untilMillis ?? Number.NEGATIVE_INFINITY) > nowMillis

/** What is left until the group may be evacuated again; 0 when it may. */
export const evacuationRestMillis = (state: GuardState, limits: GuardLimits, nowMillis: number): number =>
  Math.max(
    0,
    (state.attempts.at(-1)?.atMillis ?? Number.NEGATIVE_INFINITY) + limits.evacuationMillis - nowMillis,
    state.frozenUntilMillis - nowMillis
  )

/** Why the wish of the last evaluation must wait, or undefined when nothing holds it. */
export const whyWait = (
  state: GuardState,
  wish: TransferWish,
  limits: GuardLimits,
  { agentRestMillis, nowMillis }: { readonly nowMillis: number; readonly agentRestMillis: number }
): QuorumReason | undefined => {
  const until = (untilMillis: number) => ({ ...wish, remainingMillis: untilMillis - nowMillis })
  const voluntary = state.attempts.filter(
    (attempt) => attempt.voluntary && attempt.atMillis > nowMillis - dayMillis
  )
  const costly = voluntary.findLast((attempt) => attempt.costly === true)
  if (costly !== undefined) return { _tag: "frozen", cause: "payback", ...until(costly.atMillis + dayMillis) }
  const oldest = voluntary.at(-limits.attemptsPerDay)
  if (oldest !== undefined) return { _tag: "frozen", cause: "budget", ...until(oldest.atMillis + dayMillis) }

  const lastAttemptMillis = state.attempts.at(-1)?.atMillis ?? Number.NEGATIVE_INFINITY
  const restedMillis = Math.max(
    lastAttemptMillis + limits.cooldownMillis,
    state.frozenUntilMillis,
    nowMillis + agentRestMillis
  )
  if (restedMillis > nowMillis) return { _tag: "cooldown", ...until(restedMillis) }

  const settledMillis = (state.leadership?.sinceMillis ?? nowMillis) + limits.settleMillis
  if (settledMillis > nowMillis) return { _tag: "settling", ...until(settledMillis) }

  const evaluations = state.wish?.evaluations ?? 0
  const persistedMillis = (state.wish?.sinceMillis ?? nowMillis) + limits.persistenceMillis
  return evaluations < limits.persistenceRounds || persistedMillis > nowMillis
    ? { _tag: "notPersistent", evaluations, ...until(Math.max(persistedMillis, nowMillis)) }
    : undefined
}
