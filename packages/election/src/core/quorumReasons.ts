/** Why a node of a quorum election leads, or why nobody does: read from one node's state, deciding nothing. */
import type { LeadershipExplanation, LeadershipRule } from "../LeadershipExplanation.ts"
import { because, inSeconds, type Reason, silence, standingOf, standsBack } from "./leadershipReason.ts"
import { disagrees, type HeardConfigs, standingsOfStrangers } from "./otherConfigs.ts"
import { byCodeUnit, hasQuorum, liveSet, quorumNeeded, type QuorumElectionState } from "./quorumElection.ts"

/** What this node's next decision would choose from: the live members, and of these the ones that did not resign lately, if any. */
interface View {
  readonly state: QuorumElectionState
  readonly nowMillis: number
  readonly live: ReadonlyArray<string>
  readonly candidates: ReadonlyArray<string>
  readonly configs: Pick<HeardConfigs, "others" | "own">
}

/** Who leads and why by this node's own decision; who has another list of voters counts all the same, as no vote could be refused. */
export const explainQuorum = (
  state: QuorumElectionState,
  nowMillis: number,
  configs: View["configs"] = { own: "", others: new Map() }
): LeadershipExplanation => {
  const live = liveSet(state, nowMillis)
  const ready = live.filter((id) => state.contacts.get(id)?.standby !== true)
  const view: View = { state, nowMillis, live, candidates: ready.length > 0 ? ready : live, configs }
  const { members, self } = state.rules
  const known = [...new Set([...members, ...state.contacts.keys(), self])].toSorted(byCodeUnit)
  return {
    strategy: "quorum",
    self,
    leader: state.leader,
    term: state.term,
    rule: ruleOf(view),
    members: [
      ...known.map((id) => standingOf(id, withConfig(view, id, standing(view, id)))),
      ...standingsOfStrangers(configs, known, nowMillis)
    ]
  }
}

const withConfig = ({ configs, nowMillis }: View, id: string, rank: Reason): Reason => {
  const other = configs.others.get(id)
  if (other === undefined) return rank
  const { detail, reason } = disagrees(other, configs.own, nowMillis)
  return because(rank.reason === "leads" ? "leads" : reason, `${detail}; ${rank.detail}`)
}

const ruleOf = ({ candidates, live, nowMillis, state }: View): LeadershipRule => {
  const { leader } = state
  if (!hasQuorum(state, nowMillis)) return "noQuorum"
  if (leader === undefined) return "nextMove"
  if (!live.includes(leader)) return "waitingForExpiry"
  const [first] = candidates
  if (candidates.every((id) => id === leader)) return "onlyCandidate"
  return first === leader ? "mostPreferred" : "incumbentKept"
}

const standing = (view: View, id: string): Reason => {
  const { live, nowMillis, state } = view
  const contact = state.contacts.get(id)
  const aliveMillis = nowMillis - (contact?.liveSinceMillis ?? nowMillis)
  if (!live.includes(id)) {
    const silent = silence(contact, nowMillis, state.rules.deadAfterMillis)
    return id === state.leader
      ? because("leads", `until the next decision: ${silent}`)
      : because("dead", silent)
  }
  if (id === state.leader) return because("leads", `alive for ${inSeconds(aliveMillis)}`)
  return hasQuorum(state, nowMillis)
    ? rank(view, id, aliveMillis)
    : because("noQuorum", `${live.length} alive of ${quorumNeeded(state)} needed`)
}

/** Where a live member comes in the next decision. */
const rank = ({ candidates, nowMillis, state }: View, id: string, aliveMillis: number): Reason => {
  const { leader, rules } = state
  if (!candidates.includes(id)) {
    return standsBack(id === rules.self ? state.standbyUntilMillis - nowMillis : undefined)
  }
  if (leader === undefined) {
    return candidates[0] === id
      ? because("waiting", "leads at the next decision")
      : because("lessPreferred", `${candidates[0]} comes first`)
  }
  if (id > leader) return because("lessPreferred", `${leader} has the smaller id`)
  const passed = `alive for ${inSeconds(aliveMillis)} of ${inSeconds(rules.cooldownMillis)}`
  return aliveMillis < rules.cooldownMillis
    ? because("coolingDown", passed)
    : because("successor", `${passed}; leads at the next decision`)
}
