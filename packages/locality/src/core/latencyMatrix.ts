/**
 * Round trips between all nodes: this node's own row, measured, and the rows that others claim.
 *
 * A link is read symmetrically from both ends, so one silent agent costs nothing: every link of its node is known from the other end. A
 * node's word counts less than the other end's: a claim may make a link look longer, never shorter, as long as the other end speaks too,
 * so a single liar cannot draw leadership to itself.
 */
import {
  addRound,
  estimateLink,
  type LinkEstimate,
  type LinkRounds,
  noRounds,
  type Round
} from "./linkRounds.ts"

/** A measured or claimed row: estimates by the node at the other end. */
type Row = ReadonlyMap<string, LinkEstimate>

/** All rows that a node knows, its own included; times are monotonic ms of this node. */
export interface LatencyMatrix {
  /** What this node measured from its own places, by from and to. */
  readonly own: ReadonlyMap<string, ReadonlyMap<string, LinkRounds>>
  /** One estimate per directed link, own and claimed. */
  readonly rows: ReadonlyMap<string, Row>
  /** What the engines measured themselves, by from and to; absent is nothing. */
  readonly engine?: ReadonlyMap<string, ReadonlyMap<string, LinkRounds>>
}

/** Nothing was measured or heard yet. */
export const emptyMatrix: LatencyMatrix = { own: new Map(), rows: new Map() }

/** When a measurement counts. */
export interface Freshness {
  readonly nowMillis: number
  /** Older values are stale: they count as last known only. */
  readonly maxAgeMillis: number
  /** Fewer rounds are not enough to tell a value from an accident. */
  readonly minRounds: number
}

/** What is known of the link between two nodes, in either direction. */
export type LinkReading =
  | {
      readonly _tag: "Measured"
      readonly millis: number
      /** Half the inter-quartile range, the larger of both ends. */
      readonly errorMillis: number
      readonly ageMillis: number
      /** Both ends measured, and they contradict each other. */
      readonly asymmetric: boolean
      /** Fewer than half of the recent probes were lost. */
      readonly up: boolean
    }
  /** Was measured once, too long ago to count. */
  | { readonly _tag: "Stale"; readonly millis: number; readonly ageMillis: number }
  /** Never measured, or in too few rounds. */
  | { readonly _tag: "Missing" }

/** Enters a round that this node measured from one of its places. */
export const recordRound = (
  matrix: LatencyMatrix,
  { from, to }: { readonly from: string; readonly to: string },
  round: Round
): LatencyMatrix => {
  const rounds = addRound(matrix.own.get(from)?.get(to) ?? noRounds, round)
  const own = new Map(matrix.own).set(from, new Map(matrix.own.get(from)).set(to, rounds))
  const estimate = estimateLink(rounds)
  if (estimate === undefined) return { ...matrix, own }
  return {
    ...matrix,
    own,
    rows: new Map(matrix.rows).set(from, new Map(matrix.rows.get(from)).set(to, estimate))
  }
}

/** Enters a round trip that an engine measured between two of its nodes. */
export const recordEngineRtt = (
  matrix: LatencyMatrix,
  { from, to }: { readonly from: string; readonly to: string },
  { atMillis, millis }: { readonly atMillis: number; readonly millis: number }
): LatencyMatrix => {
  const { engine = new Map<string, ReadonlyMap<string, LinkRounds>>() } = matrix
  const round = { atMillis, bestMillis: millis, sent: 1, lost: 0 }
  const rounds = addRound(engine.get(from)?.get(to) ?? noRounds, round)
  return { ...matrix, engine: new Map(engine).set(from, new Map(engine.get(from)).set(to, rounds)) }
}

/** What this node and its engine measured alone, without links that were not probed for `keepMillis`: the ground on which claims are laid anew. */
export const ownRows = (
  { engine, own, rows }: LatencyMatrix,
  { keepMillis, nowMillis }: { readonly nowMillis: number; readonly keepMillis: number }
): LatencyMatrix => {
  const isKept = (rounds: LinkRounds) => (rounds.all.at(-1)?.atMillis ?? 0) >= nowMillis - keepMillis
  const kept = keepOf(own, isKept)
  const estimates = new Map(
    [...kept].map(([from, links]) => [
      from,
      new Map([...(rows.get(from) ?? [])].filter(([to]) => links.has(to)))
    ])
  )
  return {
    own: kept,
    rows: estimates,
    ...(engine === undefined ? {} : { engine: keepOf(engine, isKept) })
  }
}

const keepOf = (
  rows: ReadonlyMap<string, ReadonlyMap<string, LinkRounds>>,
  isKept: (rounds: LinkRounds) => boolean
): ReadonlyMap<string, ReadonlyMap<string, LinkRounds>> =>
  new Map(
    [...rows]
      .map(([from, links]) => [from, new Map([...links].filter(([, rounds]) => isKept(rounds)))] as const)
      .filter(([, links]) => links.size > 0)
  )

/**
 * Lays the row that another node claims for its place over the matrix. About a place of this node's own nobody is believed; when two nodes
 * claim the same place at the same time, the longer claim counts for each link.
 */
export const acceptClaim = (matrix: LatencyMatrix, from: string, row: Row): LatencyMatrix => {
  if (matrix.own.has(from)) return matrix
  const claimed = new Map(matrix.rows.get(from))
  for (const [to, estimate] of row) {
    const other = claimed.get(to)
    if (other === undefined || outdoes(estimate, other)) claimed.set(to, estimate)
  }
  return { ...matrix, rows: new Map(matrix.rows).set(from, claimed) }
}

/** Claims that were measured farther apart than this are of different times: the newer one counts, as after a node got another name. */
const sameTimeMillis = 300_000

const outdoes = (one: LinkEstimate, other: LinkEstimate): boolean => {
  const newerMillis = one.measuredAtMillis - other.measuredAtMillis
  return Math.abs(newerMillis) > sameTimeMillis ? newerMillis > 0 : one.p50Millis > other.p50Millis
}

/** Probes lost beyond this share mean unreachable rather than slow. */
const lossMax = 0.5

/** Ends that differ by more than this contradict each other. */
const toleranceOf = (millis: number): number => Math.max(0.25 * millis, 10)

/**
 * Reads the link between two nodes: as the agents at both of its ends measured it, or as the engine did where no agent has. Where they
 * contradict each other the engine's value counts, as its way is the one that matters: an agent's may pass a relay that the engine's does not.
 */
export const readLink = (matrix: LatencyMatrix, a: string, b: string, freshness: Freshness): LinkReading => {
  const agents = readEnds(matrix, a, b, freshness)
  const engine = readEngine(matrix, a, b, freshness)
  if (engine?._tag !== "Measured") return agents._tag === "Missing" && engine !== undefined ? engine : agents
  if (agents._tag !== "Measured") return engine
  const apart = Math.abs(agents.millis - engine.millis)
  return apart > toleranceOf(Math.max(agents.millis, engine.millis)) ? { ...engine, up: agents.up } : agents
}

/** The engine's word on a link: the larger of both directions, undefined when it has none. */
const readEngine = (
  { engine }: LatencyMatrix,
  a: string,
  b: string,
  freshness: Freshness
): LinkReading | undefined => {
  const ends = [engine?.get(a)?.get(b), engine?.get(b)?.get(a)]
    .map((rounds) => rounds && estimateLink(rounds))
    .filter((estimate) => estimate !== undefined)
  const fresh = ends.filter((estimate) => isFresh(estimate, freshness))
  if (fresh.length === 0) {
    return ends.length === 0 ? undefined : lastKnown(ends, freshness)
  }
  return {
    _tag: "Measured",
    millis: Math.max(...fresh.map(({ p50Millis }) => p50Millis)),
    errorMillis: Math.max(...fresh.map(({ iqrMillis }) => iqrMillis)) / 2,
    ageMillis: freshness.nowMillis - Math.max(...fresh.map(({ measuredAtMillis }) => measuredAtMillis)),
    asymmetric: false,
    up: true
  }
}

const readEnds = (matrix: LatencyMatrix, a: string, b: string, freshness: Freshness): LinkReading => {
  const forward = endOf(matrix, a, b)
  const backward = endOf(matrix, b, a)
  const ends = [forward, backward].filter((end) => end !== undefined)
  const fresh = ends.filter((end) => isFresh(end.estimate, freshness))
  const [first, second] = fresh
  if (first === undefined)
    return lastKnown(
      ends.map(({ estimate }) => estimate),
      freshness
    )
  // What this node sees for itself needs no witness.
  const witnesses = ends.some(({ own }) => own) ? ends.filter(({ own }) => own) : ends
  const up = witnesses.every(({ estimate }) => isUp(estimate, freshness))
  const ageMillis = freshness.nowMillis - Math.max(...fresh.map(({ estimate }) => estimate.measuredAtMillis))
  const errorMillis = Math.max(...fresh.map(({ estimate }) => estimate.iqrMillis)) / 2
  const agreed =
    second === undefined
      ? {
          millis: Math.max(first.estimate.p50Millis, first.own ? 0 : floorOf(matrix, a, b, freshness)),
          asymmetric: false
        }
      : agree(first, second)
  return { _tag: "Measured", ...agreed, errorMillis, ageMillis, up }
}

/** What one end of a link says. */
interface End {
  readonly estimate: LinkEstimate
  /** Measured by this node itself. */
  readonly own: boolean
}

const endOf = (matrix: LatencyMatrix, from: string, to: string): End | undefined => {
  const estimate = matrix.rows.get(from)?.get(to)
  return estimate === undefined ? undefined : { estimate, own: matrix.own.has(from) }
}

const isFresh = ({ measuredAtMillis, rounds }: LinkEstimate, freshness: Freshness): boolean =>
  rounds >= freshness.minRounds && freshness.nowMillis - measuredAtMillis <= freshness.maxAgeMillis

const isUp = ({ loss, probedAtMillis }: LinkEstimate, { maxAgeMillis, nowMillis }: Freshness): boolean =>
  loss < lossMax || nowMillis - probedAtMillis > maxAgeMillis

const lastKnown = (ends: ReadonlyArray<LinkEstimate>, { minRounds, nowMillis }: Freshness): LinkReading => {
  const known = ends
    .filter(({ rounds }) => rounds >= minRounds)
    .toSorted((a, b) => b.measuredAtMillis - a.measuredAtMillis)[0]
  return known === undefined
    ? { _tag: "Missing" }
    : { _tag: "Stale", millis: known.p50Millis, ageMillis: nowMillis - known.measuredAtMillis }
}

/** The mean of ends that agree, else the larger; against this node's own measurement a claim counts up to the tolerance only. */
const agree = (first: End, second: End): { readonly millis: number; readonly asymmetric: boolean } => {
  const one = first.estimate.p50Millis
  const other = second.estimate.p50Millis
  const asymmetric = Math.abs(one - other) > toleranceOf(Math.max(one, other))
  if (!asymmetric) return { millis: (one + other) / 2, asymmetric }
  const mine = first.own === second.own ? undefined : first.own ? one : other
  const larger = Math.max(one, other)
  return { millis: mine === undefined ? larger : Math.min(larger, mine + toleranceOf(mine)), asymmetric }
}

/**
 * The least that is plausible for a link whose other end is silent: what the triangle over this node's own measurements leaves, less the
 * tolerance, as routes on the internet bend the triangle.
 */
const floorOf = (matrix: LatencyMatrix, a: string, b: string, freshness: Freshness): number => {
  let floor = 0
  for (const own of matrix.own.keys()) {
    const row = matrix.rows.get(own)
    const toA = row?.get(a)
    const toB = row?.get(b)
    if (toA === undefined || toB === undefined || !isFresh(toA, freshness) || !isFresh(toB, freshness))
      continue
    const least = Math.abs(toA.p50Millis - toB.p50Millis)
    floor = Math.max(floor, least - toleranceOf(least))
  }
  return floor
}
