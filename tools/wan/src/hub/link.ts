/** The condition of one direction between two nodes, and what it does to a packet. */

/** How one direction treats packets. */
export interface LinkCondition {
  /** Milliseconds from one end to the other; half of a round trip on a symmetric link. */
  readonly delayMillis: number
  /** Further milliseconds, drawn uniformly from [0, jitterMillis) per packet. Order is kept all the same. */
  readonly jitterMillis: number
  /** Share of packets that vanish, from 0 to 1. */
  readonly loss: number
  /** Whether every packet vanishes. Packets already under way still arrive. */
  readonly partitioned: boolean
}

/** A change of one direction; what is absent stays. */
export interface LinkChange {
  /** Sets the delay to half of this; wins over `delayMillis`. */
  readonly rttMillis?: number
  readonly delayMillis?: number
  readonly jitterMillis?: number
  readonly loss?: number
  readonly partitioned?: boolean
}

/** A direction without delay, loss or partition. */
export const perfectLink: LinkCondition = { delayMillis: 0, jitterMillis: 0, loss: 0, partitioned: false }

/** The condition after a change. Throws a `RangeError` for a negative or infinite time or a loss outside [0, 1]. */
export const changeLink = (condition: LinkCondition, change: LinkChange): LinkCondition => {
  const next: LinkCondition = {
    delayMillis:
      change.rttMillis === undefined ? (change.delayMillis ?? condition.delayMillis) : change.rttMillis / 2,
    jitterMillis: change.jitterMillis ?? condition.jitterMillis,
    loss: change.loss ?? condition.loss,
    partitioned: change.partitioned ?? condition.partitioned
  }
  requireRange("delayMillis", next.delayMillis, Number.MAX_SAFE_INTEGER)
  requireRange("jitterMillis", next.jitterMillis, Number.MAX_SAFE_INTEGER)
  requireRange("loss", next.loss, 1)
  return next
}

/** What becomes of a packet. */
export type Verdict =
  | { readonly kind: "deliver"; readonly dueMillis: number }
  | { readonly kind: "lost" }
  | { readonly kind: "partitioned" }

/** One packet's arrival at a direction. */
export interface Arrival {
  readonly nowMillis: number
  /** When the direction's latest packet is due; no packet overtakes it. `-Infinity` for the first. */
  readonly lastDueMillis: number
  /** Source of numbers in [0, 1). */
  readonly random: () => number
}

/** Decides over one packet. Draws no number where the condition needs none. */
export const admit = (condition: LinkCondition, arrival: Arrival): Verdict => {
  if (condition.partitioned) return { kind: "partitioned" }
  if (condition.loss > 0 && arrival.random() < condition.loss) return { kind: "lost" }
  const jitter = condition.jitterMillis > 0 ? arrival.random() * condition.jitterMillis : 0
  const dueMillis = Math.max(arrival.nowMillis + condition.delayMillis + jitter, arrival.lastDueMillis)
  return { kind: "deliver", dueMillis }
}

const requireRange = (name: string, value: number, max: number): void => {
  if (!(value >= 0 && value <= max)) throw new RangeError(`${name} must be from 0 to ${max}, not ${value}`)
}
