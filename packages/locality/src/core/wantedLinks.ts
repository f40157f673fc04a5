/** Links that decide an open question and that nobody has measured: their agents are asked to probe them, and probe them soon. */
import { type Freshness, type LatencyMatrix, readLink } from "./latencyMatrix.ts"

/** A link between two places, in no direction. */
export interface Link {
  readonly from: string
  readonly to: string
}

/** A link that an agent asks for; the time is monotonic ms of this node. */
export interface WantedLink extends Link {
  readonly askedAtMillis: number
}

/** Links that one agent asks for at a time; more are asked for once these are measured. */
export const wantedMax = 64

/** Asking is repeated with each pass. What was not repeated for so long, in ms, counts no more: whoever asked may be gone. */
const askingMillis = 300_000

/** The links that are asked for and still lack a measurement, told by either of their directions. */
export const openLinks = (
  asked: ReadonlyArray<WantedLink>,
  matrix: LatencyMatrix,
  freshness: Freshness
): { readonly has: (link: Link) => boolean } => {
  const keys = new Set<string>()
  for (const { askedAtMillis, from, to } of asked) {
    if (freshness.nowMillis - askedAtMillis > askingMillis) continue
    if (readLink(matrix, from, to, freshness)._tag !== "Measured") keys.add(keyOf({ from, to }))
  }
  return { has: (link) => keys.has(keyOf(link)) }
}

/** Each link once, in one of its directions. */
export const distinctLinks = (links: ReadonlyArray<WantedLink>): ReadonlyArray<WantedLink> => [
  ...new Map(links.map((link) => [keyOf(link), link])).values()
]

const keyOf = ({ from, to }: Link): string => JSON.stringify(from < to ? [from, to] : [to, from])
