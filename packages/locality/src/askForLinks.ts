/** What follows from a verdict that lacks links: their agents are asked to probe them, and links without agents are named as such. */
import type { GroupStatus } from "@coterie/election"
import { Effect, Ref } from "effect"

import type { LinkEnds, QuorumVerdict } from "./core/QuorumVerdict.ts"
import type { WantedLink } from "./core/wantedLinks.ts"
import { monotonicMillis } from "./monotonicMillis.ts"
import { placeOf } from "./placeOf.ts"
import type { Pass } from "./Reconciliation.ts"

/** Notes the links for the next report of this agent, and marks in the verdict those that no agent can measure. */
export const askForLinks = Effect.fnUntraced(function* (
  { matrix, wanted }: Pass,
  { group, voters }: GroupStatus,
  verdict: QuorumVerdict
) {
  if (verdict._tag !== "Stay" || !("links" in verdict.reason)) return verdict
  const { own, rows } = yield* Ref.get(matrix)
  const places = new Map(voters.map((voter) => [voter.id, placeOf(voter)]))
  const placeAt = (id: string): string => places.get(id) ?? id
  const askedAtMillis = yield* monotonicMillis
  const asked: Array<WantedLink> = []
  const links: Array<LinkEnds> = []
  for (const link of verdict.reason.links) {
    const [from, to] = [placeAt(link.from), placeAt(link.to)]
    const hasAgent = [from, to].some((place) => own.has(place) || rows.has(place))
    if (hasAgent) asked.push({ from, to, askedAtMillis })
    links.push(hasAgent ? link : { ...link, noAgent: true })
  }
  wanted.set(group, asked)
  return { ...verdict, reason: { ...verdict.reason, links } }
})
