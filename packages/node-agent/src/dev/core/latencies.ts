/** Simulated round trips between the nodes of the demo: the default, and what `--latency` changes. */

/** Round trips in ms by node and node; symmetric, 0 to itself. */
export type Latencies = Readonly<Record<string, Readonly<Record<string, number>>>>

/** One link and its round trip. */
export interface Link {
  readonly ends: readonly [string, string]
  readonly rttMillis: number
}

/** Round trip between near nodes. */
const nearRttMillis = 10

/** Round trip from the far node to the others. */
const farRttMillis = 256

/** Longest round trip that can be asked for; the timeouts of the demo are made for it. */
const rttMillisMax = 1000

/** The last node is far from the rest, and the rest are near one another. */
export const defaultLatencies = (nodes: ReadonlyArray<string>): Latencies => {
  const far = nodes.at(-1)
  const rtt = (one: string, other: string): number => {
    if (one === other) return 0
    return one === far || other === far ? farRttMillis : nearRttMillis
  }
  return Object.fromEntries(
    nodes.map((one) => [one, Object.fromEntries(nodes.map((other) => [other, rtt(one, other)]))])
  )
}

/** Reads `a-b=80ms`; a string instead of a link says what is wrong and what would be right. */
export const parseLink = (text: string, nodes: ReadonlyArray<string>): Link | string => {
  const match = /^([^-=]+)-([^-=]+)=(\d+(?:\.\d+)?)(ms|s)$/.exec(text.trim())
  if (match === null) return "expected two nodes and a round trip, such as a-b=80ms or a-b=0.2s"
  const [, one = "", other = "", amount, unit] = match
  const unknown = [one, other].find((node) => !nodes.includes(node))
  if (unknown !== undefined) return `there is no node ${unknown}; the nodes are ${nodes.join(", ")}`
  if (one === other) return `${one} has no link to itself; name two different nodes`
  const rttMillis = Number(amount) * (unit === "s" ? 1000 : 1)
  return rttMillis > rttMillisMax
    ? `a round trip is at most ${rttMillisMax}ms`
    : { ends: [one, other], rttMillis }
}

/** The same round trips but for one link. */
export const withLink = (latencies: Latencies, { ends: [one, other], rttMillis }: Link): Latencies => ({
  ...latencies,
  [one]: { ...latencies[one], [other]: rttMillis },
  [other]: { ...latencies[other], [one]: rttMillis }
})

/** The node whose nearest neighbour is farthest away, which is the worst place for a leader; the last one among equals. */
export const farthestNode = (latencies: Latencies): string => {
  let farthest = { node: "", nearest: -1 }
  for (const [node, row] of Object.entries(latencies)) {
    const nearest = Math.min(...Object.entries(row).flatMap(([other, rtt]) => (other === node ? [] : [rtt])))
    if (nearest >= farthest.nearest) farthest = { node, nearest }
  }
  return farthest.node
}
