/** Why a contender for a lease leads, or why nobody does: read from one contender's state, deciding nothing. */
import type { LeadershipExplanation, LeadershipRule } from "../LeadershipExplanation.ts"
import { because, handsOver, inSeconds, type Reason, standingOf, standsBack } from "./leadershipReason.ts"
import {
  type ContenderState,
  expiresAtMillis,
  knownLeader,
  leaseLeftMillis,
  nodeOf
} from "./leaseContenderState.ts"

/** Who leads and why as this node knows it; `lastTerm` is the highest term that it knew before. */
export const explainLease = (
  state: ContenderState,
  nowMillis: number,
  lastTerm: number
): LeadershipExplanation => {
  const known = knownLeader(state, nowMillis)
  const leader = known?.node
  const holder = state.role._tag === "Waiting" ? state.sighting?.lease?.holder : undefined
  const ids = [state.node, leader, holder === undefined ? undefined : nodeOf(holder)]
  return {
    strategy: "lease",
    self: state.node,
    leader,
    term: Math.max(lastTerm, known?.epoch ?? 0),
    leaseLeftMillis:
      known === undefined
        ? undefined
        : leader === state.node
          ? leaseLeftMillis(known.epoch)(state, nowMillis)
          : expiresAtMillis(state) - nowMillis,
    rule: ruleOf(state, leader, nowMillis),
    members: [...new Set(ids)]
      .filter((id) => id !== undefined)
      .toSorted()
      .map((id) => standingOf(id, standing(state, id, leader, nowMillis)))
  }
}

const ruleOf = (state: ContenderState, leader: string | undefined, nowMillis: number): LeadershipRule => {
  if (leader !== undefined) {
    return leader === state.node && stopUntilMillis(state) !== undefined ? "handingOver" : "leaseHeld"
  }
  if (!state.reachable) return "storeUnreachable"
  if (nowMillis < state.standBackUntilMillis) return "standingBack"
  return nowMillis < expiresAtMillis(state) ? "waitingForExpiry" : "nextMove"
}

const standing = (
  state: ContenderState,
  id: string,
  leader: string | undefined,
  nowMillis: number
): Reason => {
  if (id !== state.node) return standingOfHolder(state, id === leader, nowMillis)
  if (id === leader) {
    const until = stopUntilMillis(state)
    return until === undefined ? because("leads", "holds the lease") : handsOver(until - nowMillis)
  }
  if (!state.reachable) return because("storeUnreachable", "has no answer from the store to its last call")
  const leftMillis = state.standBackUntilMillis - nowMillis
  return leftMillis > 0 ? standsBack(leftMillis) : because("waiting", "takes the lease when nobody holds it")
}

/** Only whoever holds the lease, or held it last, is known of the others. */
const standingOfHolder = (state: ContenderState, leads: boolean, nowMillis: number): Reason => {
  const seen = inSeconds(nowMillis - (state.sighting?.sinceMillis ?? nowMillis))
  return leads
    ? because("leads", `its lease was seen to change ${seen} ago`)
    : because("dead", `has not renewed its lease for ${seen}`)
}

const stopUntilMillis = ({ role }: ContenderState) =>
  role._tag === "Holding" ? role.stopUntilMillis : undefined
