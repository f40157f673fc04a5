/**
 * Network coordinates: places in a space in which distance stands for round trip, fitted to the links that were measured.
 *
 * The algorithm is Vivaldi (Dabek et al., SIGCOMM 2004) with height, adjustment, latency filter and gravity as in "Network Coordinates in
 * the Wild" (Ledlie et al., NSDI 2007); the constants are those that Serf uses. All values are in seconds, as the constants are.
 */

const dimensions = 8
const errorMax = 1.5
const errorWeight = 0.25
const moveWeight = 0.25
const heightMin = 10e-6
const zeroThreshold = 1e-6
const gravityRho = 150
const rttMax = 10
const adjustmentWindow = 20
const filterWindow = 3

/** A place in the space, and how sure it is. */
export interface Coordinate {
  readonly vector: ReadonlyArray<number>
  /** The way from the node to the core of the network; never below 10 us. */
  readonly height: number
  /** Relative; 1.5 knows nothing, below 0.3 is useful. */
  readonly error: number
  /** What the space cannot express, spread over the node's links. */
  readonly adjustment: number
}

/** A node's coordinate with what its updates need. */
export interface VivaldiNode {
  readonly coordinate: Coordinate
  readonly adjustments: ReadonlyArray<number>
  /** The last round trips by peer: their median counts, so one outlier moves nothing. */
  readonly filters: ReadonlyMap<string, ReadonlyArray<number>>
  /** Samples taken in. */
  readonly samples: number
  /** Samples that were no round trip, and coordinates that had to be begun anew. */
  readonly rejected: number
}

const origin: Coordinate = {
  vector: Array.from({ length: dimensions }, () => 0),
  height: heightMin,
  error: errorMax,
  adjustment: 0
}

/** A node that knows nothing. */
export const unplaced: VivaldiNode = {
  coordinate: origin,
  adjustments: [],
  filters: new Map(),
  samples: 0,
  rejected: 0
}

/** The round trip that two coordinates stand for, in s. */
export const estimateSeconds = (a: Coordinate, b: Coordinate): number => {
  const raw = rawDistance(a, b)
  const adjusted = raw + a.adjustment + b.adjustment
  return adjusted > 0 ? adjusted : raw
}

/** A round trip that a node measured to a peer of known place. */
export interface VivaldiSample {
  readonly peer: string
  readonly coordinate: Coordinate
  readonly rttSeconds: number
  /** Uniform in [0, 1) at each call: the direction in which coincident points part. */
  readonly random: () => number
}

/** Moves the node towards where the sample says it is. */
export const observe = (
  node: VivaldiNode,
  { coordinate: other, peer, random, rttSeconds }: VivaldiSample
): VivaldiNode => {
  if (!(rttSeconds >= 0 && rttSeconds <= rttMax)) return { ...node, rejected: node.rejected + 1 }
  const filter = [...(node.filters.get(peer) ?? []), rttSeconds].slice(-filterWindow)
  const rtt = Math.max(median(filter), zeroThreshold)
  const pulled = pullToOrigin(spring(node.coordinate, other, rtt, random), random)
  const adjustments = [...node.adjustments, rtt - rawDistance(pulled, other)].slice(-adjustmentWindow)
  const adjustment = adjustments.reduce((sum, value) => sum + value, 0) / (2 * adjustmentWindow)
  const coordinate = { ...pulled, adjustment }
  if (!isFinitePlace(coordinate)) return { ...unplaced, rejected: node.rejected + 1 }
  return {
    coordinate,
    adjustments,
    filters: new Map(node.filters).set(peer, filter),
    samples: node.samples + 1,
    rejected: node.rejected
  }
}

const spring = (own: Coordinate, other: Coordinate, rtt: number, random: () => number): Coordinate => {
  const distance = rawDistance(own, other) + own.adjustment + other.adjustment
  const span = distance > 0 ? distance : rawDistance(own, other)
  const weight = own.error / Math.max(own.error + other.error, zeroThreshold)
  const step = errorWeight * weight
  const error = Math.min(errorMax, (step * Math.abs(span - rtt)) / rtt + own.error * (1 - step))
  return { ...push(own, other, moveWeight * weight * (rtt - span), random), error }
}

/** A weak pull, so that the whole cloud does not drift. */
const pullToOrigin = (own: Coordinate, random: () => number): Coordinate => {
  const distance = rawDistance(own, origin)
  return push(own, origin, -((distance / gravityRho) ** 2), random)
}

/** Moves away from the other place by a force in s, height included. */
const push = (own: Coordinate, other: Coordinate, force: number, random: () => number): Coordinate => {
  const apart = own.vector.map((value, axis) => value - (other.vector[axis] ?? 0))
  const magnitude = Math.hypot(...apart)
  if (magnitude <= zeroThreshold) {
    const direction = unitVector(random)
    return { ...own, vector: own.vector.map((value, axis) => value + force * (direction[axis] ?? 0)) }
  }
  return {
    ...own,
    vector: own.vector.map((value, axis) => value + (force * (apart[axis] ?? 0)) / magnitude),
    height: Math.max(heightMin, own.height + ((own.height + other.height) * force) / magnitude)
  }
}

const rawDistance = (a: Coordinate, b: Coordinate): number =>
  Math.hypot(...a.vector.map((value, axis) => value - (b.vector[axis] ?? 0))) + a.height + b.height

const unitVector = (random: () => number): ReadonlyArray<number> => {
  const vector = Array.from({ length: dimensions }, () => random() - 0.5)
  const magnitude = Math.hypot(...vector)
  return magnitude > zeroThreshold
    ? vector.map((value) => value / magnitude)
    : vector.map((_, axis) => (axis === 0 ? 1 : 0))
}

const median = (values: ReadonlyArray<number>): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0

const isFinitePlace = ({ adjustment, error, height, vector }: Coordinate): boolean =>
  [adjustment, error, height, ...vector].every(Number.isFinite)
