/**
 * Becoming leader: a question first (pre-vote), then votes from a majority (Raft sections 3.4 and 4.2.3, thesis section 9.6).
 *
 * The question keeps a voter that was merely slow from deposing a healthy leader; nobody votes while it hears its leader, unless that
 * leader itself asked for the campaign.
 */
import type { GroupEffect, Moment, Step } from "./GroupEffect.ts"
import {
  comparePositions,
  electionDue,
  type GroupMessage,
  type GroupState,
  leaderRole,
  majority,
  nextOwnTerm,
  otherVoters
} from "./GroupState.ts"
import { advanceCommit, broadcast } from "./replicate.ts"

type Message<Tag extends GroupMessage["_tag"]> = Extract<GroupMessage, { _tag: Tag }>

/** How a campaign is run. */
interface CampaignKind {
  readonly pre: boolean
  readonly transfer: boolean
}

/** Asks every voter for its vote in this voter's next term; alone in the group it wins at once. */
const campaign = (state: GroupState, kind: CampaignKind, moment: Moment): Step => {
  const { settings } = state
  const campaignTerm = nextOwnTerm(settings.voters, settings.self, state.term)
  const candidate: GroupState = {
    ...state,
    term: kind.pre ? state.term : campaignTerm,
    leader: undefined,
    role: { _tag: "Candidate", pre: kind.pre, campaignTerm, votes: new Set() },
    electionDueMillis: electionDue(settings, moment.nowMillis, moment.draw)
  }
  const requests = otherVoters(settings).map((to): GroupEffect => ({
    _tag: "Send",
    message: {
      _tag: "VoteRequest",
      from: settings.self,
      to,
      term: campaignTerm,
      held: state.held,
      ...kind
    }
  }))
  const [next, effects] = countVote(candidate, settings.self, moment)
  return [next, [...requests, ...effects]]
}

/** A voter that has heard no leader for its timeout starts to ask. */
export const campaignWhenDue = (state: GroupState, moment: Moment): Step =>
  !isVoter(state) || moment.nowMillis < state.electionDueMillis || moment.nowMillis < state.holdUntilMillis
    ? [state, []]
    : campaign(state, { pre: true, transfer: false }, moment)

/** Answers a candidate; a granted vote moves this voter to the candidate's term, and so excludes every older one. */
export const onVoteRequest = (state: GroupState, message: Message<"VoteRequest">, moment: Moment): Step => {
  const granted =
    isVoter(state) &&
    mayElect(state, message.term) &&
    moment.nowMillis >= state.holdUntilMillis &&
    comparePositions(message.held, state.held) >= 0 &&
    (message.transfer || !hearsLeader(state, moment))
  const [next, effects] =
    granted && !message.pre ? follow(state, message.term, moment) : ([state, []] as const)
  const reply: GroupMessage = {
    _tag: "VoteReply",
    from: state.settings.self,
    to: message.from,
    term: next.term,
    asked: message.term,
    pre: message.pre,
    granted
  }
  return [next, [...effects, { _tag: "Send", message: reply }]]
}

/** Counts a vote for the running campaign; a reply to an earlier one changes nothing. */
export const onVoteReply = (state: GroupState, message: Message<"VoteReply">, moment: Moment): Step => {
  if (message.term > state.term && !message.granted) return follow(state, message.term, moment)
  const { role } = state
  const current = role._tag === "Candidate" && message.asked === role.campaignTerm && message.pre === role.pre
  return current && message.granted ? countVote(state, message.from, moment) : [state, []]
}

/** The leader asks this voter to take over. */
export const onTimeoutNow = (state: GroupState, message: Message<"TimeoutNow">, moment: Moment): Step =>
  message.term === state.term
    ? campaign(state, { pre: false, transfer: true }, moment)
    : [state, [{ _tag: "Ignored", reason: "staleTerm" }]]

/** Becomes a follower of a term whose leader is not known yet; writes waiting at a deposed leader have an unknown outcome. */
export const follow = (state: GroupState, term: number, moment: Moment): Step => {
  const lost = state.role._tag === "Leader" ? state.role.pending : []
  const follower: GroupState = {
    ...state,
    term,
    leader: undefined,
    role: { _tag: "Follower" },
    electionDueMillis: electionDue(state.settings, moment.nowMillis, moment.draw)
  }
  return [
    follower,
    lost.map(({ request }): GroupEffect => ({ _tag: "Refused", request, reason: "LeadershipLost" }))
  ]
}

const isVoter = ({ settings: { self, voters } }: GroupState): boolean => voters.includes(self)

/**
 * Hearing of a term does not spend the vote in it: a reply to a stale append often names a candidate's term before the candidate does. Nor
 * does voting, since a term has one possible leader.
 */
const mayElect = ({ leader, term }: GroupState, asked: number): boolean =>
  asked > term || (asked === term && leader === undefined)

const hearsLeader = (state: GroupState, { nowMillis }: Moment): boolean =>
  state.role._tag === "Leader" ||
  (state.leader !== undefined && nowMillis - state.leaderSeenMillis < state.settings.electionTimeoutMillis)

const countVote = (state: GroupState, voter: string, moment: Moment): Step => {
  if (state.role._tag !== "Candidate" || !state.settings.voters.includes(voter)) return [state, []]
  const votes = new Set(state.role.votes).add(voter)
  if (votes.size < majority(state.settings.voters.length)) {
    return [{ ...state, role: { ...state.role, votes } }, []]
  }
  return state.role.pre ? campaign(state, { pre: false, transfer: false }, moment) : lead(state, moment)
}

/** The first act of a leader is a version of its own, because only versions of its own term can be counted (Raft section 5.4.2). */
const lead = (state: GroupState, moment: Moment): Step => {
  const elected: GroupState = {
    ...state,
    leader: state.settings.self,
    held: { term: state.term, index: state.held.index + 1 },
    role: leaderRole(state, moment.nowMillis)
  }
  const [announced, appends] = broadcast(elected, moment.nowMillis)
  const [next, effects] = advanceCommit(announced)
  return [next, [...appends, ...effects]]
}
