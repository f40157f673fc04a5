/** What keeps a member of a leased quorum from taking leadership, whatever the order of preference. */
import type { TransferRefused } from "../Election.ts"
import { because, type Reason, silence, standsBack } from "./leadershipReason.ts"
import { type LeasedQuorumState, liveMembers, seesQuorum } from "./leasedQuorumState.ts"
import { isLive } from "./liveness.ts"
import { type Difference, disagrees } from "./otherConfigs.ts"
import { quorumSize } from "./quorumSize.ts"

/** Why a member cannot take leadership as this node knows it, or undefined when it can. */
export const hindranceOf = (
  state: LeasedQuorumState,
  id: string,
  nowMillis: number
): Reason<Difference | "dead" | "noQuorum" | "unwilling"> | undefined => {
  if (id === state.self) return ownHindrance(state, nowMillis)
  const { deadAfterMillis } = state.timing
  const contact = state.contacts.get(id)
  if (!isLive(contact, nowMillis, deadAfterMillis)) {
    return because("dead", silence(contact, nowMillis, deadAfterMillis))
  }
  const other = state.others.get(id)
  if (other !== undefined) return disagrees(other, state.config, nowMillis)
  const report = state.peers.get(id)
  if (report?.seesQuorum === false) return because("noQuorum", "sees no majority alive")
  return report?.willing === false ? standsBack() : undefined
}

const ownHindrance = (state: LeasedQuorumState, nowMillis: number) => {
  if (!seesQuorum(state, nowMillis)) {
    const alive = liveMembers(state, nowMillis).length
    return because("noQuorum", `sees ${alive} alive of ${quorumSize(state.members.length)} needed`)
  }
  const leftMillis = state.unwillingUntilMillis - nowMillis
  return leftMillis > 0 ? standsBack(leftMillis) : undefined
}

/** Why this node, the leader, does not hand leadership to `to`, or undefined when it does. */
export const transferRefusal = (
  state: LeasedQuorumState,
  to: string,
  nowMillis: number
): Pick<TransferRefused, "reason" | "detail"> | undefined => {
  if (to === state.self) return { reason: "alreadyLeads", detail: "it leads already" }
  if (!state.members.includes(to)) {
    return { reason: "unknownMember", detail: `the members are ${state.members.join(", ")}` }
  }
  const { role } = state
  const stopping = role._tag === "Holder" ? role.stopping : undefined
  if (stopping !== undefined && stopping.to !== to) {
    return {
      reason: "handingOver",
      detail: `leadership is on its way to ${stopping.to ?? "any other member"}`
    }
  }
  const hindrance = hindranceOf(state, to, nowMillis)
  switch (hindrance?.reason) {
    case "otherVoters":
    case "otherElection":
      return { reason: "otherConfig", detail: hindrance.detail }
    case "dead":
      return { reason: "notAlive", detail: hindrance.detail }
    case "noQuorum":
      return { reason: "noQuorum", detail: hindrance.detail }
    // Who is named need not stand back any longer.
    case "unwilling":
    case undefined:
      return undefined
  }
}
