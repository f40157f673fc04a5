/** How long a member stays suspected: long with one accuser, down to the least as others confirm (Lifeguard, section IV-B). */
import type { SwimOptions } from "./options.ts"

/** Suspicion of one member; each has its own, so that a timer can never fire for another than it was started for. */
export interface Suspicion {
  startedAtMillis: number
  readonly minMillis: number
  readonly maxMillis: number
  /** Confirmations that bring it down to `minMillis`; 0 in clusters too small to have so many. */
  readonly confirmationsMax: number
  /** Who accused first; never counted as a confirmation. */
  readonly accuser: string
  readonly confirmedBy: Array<string>
  deadlineMillis: number
  /** The verdict was put off once because this node seemed cut off. */
  extended: boolean
}

type SuspicionOptions = Pick<
  SwimOptions,
  "suspicionMult" | "suspicionMaxMult" | "confirmations" | "probeIntervalMillis"
>

/** Least time of a suspicion among `n` members, in ms. */
export const suspicionMinMillis = (options: SuspicionOptions, n: number): number => {
  const scale = Math.floor(Math.max(1, Math.log10(Math.max(1, n))) * 1000) / 1000
  return options.suspicionMult * scale * options.probeIntervalMillis
}

/** Time of a suspicion after `confirmations` of `confirmationsMax`, in ms. */
export const suspicionTimeoutMillis = (
  { minMillis, maxMillis, confirmationsMax }: Pick<Suspicion, "minMillis" | "maxMillis" | "confirmationsMax">,
  confirmations: number
): number => {
  if (confirmationsMax < 1) return minMillis
  const share = Math.log(confirmations + 1) / Math.log(confirmationsMax + 1)
  return Math.max(minMillis, Math.floor(maxMillis - (maxMillis - minMillis) * share))
}

/** A suspicion that starts now, where `n` members are alive or suspect. */
export const startSuspicion = (
  options: SuspicionOptions,
  n: number,
  accuser: string,
  nowMillis: number
): Suspicion => {
  const minMillis = suspicionMinMillis(options, n)
  const times = {
    minMillis,
    maxMillis: minMillis * options.suspicionMaxMult,
    confirmationsMax: n - 2 < options.confirmations ? 0 : options.confirmations
  }
  return {
    ...times,
    startedAtMillis: nowMillis,
    accuser,
    confirmedBy: [],
    deadlineMillis: nowMillis + suspicionTimeoutMillis(times, 0),
    extended: false
  }
}

/** Starts a suspicion again from now, where it ran while nobody looked; whoever confirms does so anew. */
export const restartSuspicion = (suspicion: Suspicion, nowMillis: number): void => {
  suspicion.startedAtMillis = nowMillis
  suspicion.confirmedBy.length = 0
  suspicion.deadlineMillis = nowMillis + suspicionTimeoutMillis(suspicion, 0)
  suspicion.extended = false
}

/** Counts another accuser, or says false: known, the first one, or enough already. */
export const confirmSuspicion = (suspicion: Suspicion, by: string): boolean => {
  const { accuser, confirmationsMax, confirmedBy } = suspicion
  if (confirmedBy.length >= confirmationsMax || by === accuser || confirmedBy.includes(by)) return false
  const before = suspicionTimeoutMillis(suspicion, confirmedBy.length)
  confirmedBy.push(by)
  suspicion.deadlineMillis -= before - suspicionTimeoutMillis(suspicion, confirmedBy.length)
  return true
}
