/**
 * The model of the demo's consensus group: one small value, kept by a majority of voters in memory.
 *
 * A term belongs to one voter (`termOwner`), as Paxos ballots do, so two leaders of one term cannot exist, not even when a restarted
 * voter has forgotten its votes. Each message carries the whole value, so there is no log to compact.
 */

/** The timing and the replicas of a group; every replica must be given the same, except `self`. */
export interface GroupSettings {
  readonly self: string
  /** Sorted. */
  readonly voters: ReadonlyArray<string>
  /** Replicas that hold the value and have no vote; sorted. */
  readonly learners: ReadonlyArray<string>
  readonly heartbeatMillis: number
  /** Silence after which a follower campaigns: a draw from [1x, 2x). At least 3 x the longest round trip. */
  readonly electionTimeoutMillis: number
  /** How long a leader refuses writes for a transfer that does not happen. */
  readonly transferTimeoutMillis: number
  /** Writes waiting for a majority above which more are refused. */
  readonly pendingWritesMax: number
}

/** A version of the value: the term of the leader that wrote it, and its number; ordered by term, then by index. */
export type Position = {
  readonly term: number
  readonly index: number
}

/** A message from one voter to another; may be delayed, lost, repeated and reordered. */
export type GroupMessage = { readonly from: string; readonly to: string; readonly term: number } & (
  | {
      readonly _tag: "VoteRequest"
      /** A question before the campaign, which changes nothing at the voter. */
      readonly pre: boolean
      /** The leader asked for this campaign, so hearing from the leader is no reason to refuse. */
      readonly transfer: boolean
      readonly held: Position
    }
  | {
      readonly _tag: "VoteReply"
      /** Term of the request; `term` is the voter's own. */
      readonly asked: number
      readonly pre: boolean
      readonly granted: boolean
    }
  | {
      readonly _tag: "Append"
      readonly held: Position
      readonly value: string
      readonly committed: number
    }
  | { readonly _tag: "AppendReply"; readonly held: Position }
  | { readonly _tag: "TimeoutNow" }
)

/** What a follower told its leader, and when. */
export interface Acknowledgement {
  readonly index: number
  readonly atMillis: number
}

/** A hand-over under way at the leader. */
export interface Transfer {
  readonly target: string
  /** The target was told to campaign; before that it is being caught up. */
  readonly told: boolean
  readonly untilMillis: number
}

/** What a voter does in its term. */
export type Role =
  | { readonly _tag: "Follower" }
  | {
      readonly _tag: "Candidate"
      readonly pre: boolean
      readonly campaignTerm: number
      readonly votes: ReadonlySet<string>
    }
  | {
      readonly _tag: "Leader"
      readonly acknowledged: ReadonlyMap<string, Acknowledgement>
      readonly heartbeatDueMillis: number
      /** Writes not yet held by a majority, oldest first. */
      readonly pending: ReadonlyArray<{ readonly request: number; readonly index: number }>
      readonly transfer: Transfer | undefined
    }

/** Everything one voter knows. */
export interface GroupState {
  readonly settings: GroupSettings
  readonly term: number
  /** Who leads `term`, once known. */
  readonly leader: string | undefined
  readonly held: Position
  readonly value: string
  /** Highest index known to be held by a majority. */
  readonly committed: number
  readonly role: Role
  readonly leaderSeenMillis: number
  readonly electionDueMillis: number
  /** A restarted voter has forgotten its votes and its value: until then it neither votes nor campaigns. */
  readonly holdUntilMillis: number
}

/** How many voters are a majority. */
export const majority = (voters: number): number => Math.floor(voters / 2) + 1

/** The only voter that may lead `term` (1 or more). */
export const termOwner = (voters: ReadonlyArray<string>, term: number): string | undefined =>
  voters[(term - 1) % voters.length]

/** The smallest term above `term` that belongs to `voter`; `voter` must be one. */
export const nextOwnTerm = (voters: ReadonlyArray<string>, voter: string, term: number): number => {
  const first = voters.indexOf(voter) + 1
  return first > term ? first : first + (Math.floor((term - first) / voters.length) + 1) * voters.length
}

/** Negative, 0 or positive as `left` is older than, equal to or newer than `right`. */
export const comparePositions = (left: Position, right: Position): number =>
  left.term - right.term || left.index - right.index

/** When a follower that hears nothing from now on campaigns; `draw` is a random number in [0, 1). */
export const electionDue = (settings: GroupSettings, nowMillis: number, draw: number): number =>
  nowMillis + settings.electionTimeoutMillis * (1 + draw)

/** How a voter comes up: in a new group led by `leader` from the first term that is its own, or back after a crash. */
export type Start =
  | { readonly _tag: "Bootstrap"; readonly leader: string; readonly graceMillis: number }
  | { readonly _tag: "Restart" }

/**
 * State of a voter that comes up now. In a new group nobody doubts the leader for `graceMillis`, so that all have time to start. A
 * restarted voter holds back for the longest election timeout: by then a living leader has given it the value and its term. That keeps
 * acknowledged writes through one crash at a time, not through two within that time: nothing here is durable.
 */
export const startGroup = (settings: GroupSettings, start: Start, nowMillis: number): GroupState => {
  const { self, voters, electionTimeoutMillis } = settings
  const blank = { settings, value: "", committed: 0, role: { _tag: "Follower" } } as const
  if (start._tag === "Restart") {
    const holdUntilMillis = nowMillis + 2 * electionTimeoutMillis
    return {
      ...blank,
      term: 0,
      leader: undefined,
      held: { term: 0, index: 0 },
      leaderSeenMillis: -Infinity,
      electionDueMillis: holdUntilMillis,
      holdUntilMillis
    }
  }
  const trustedUntilMillis = nowMillis + start.graceMillis
  const term = nextOwnTerm(voters, start.leader, 0)
  const follower: GroupState = {
    ...blank,
    term,
    leader: start.leader,
    held: { term, index: 1 },
    leaderSeenMillis: trustedUntilMillis,
    electionDueMillis: trustedUntilMillis,
    holdUntilMillis: nowMillis
  }
  return start.leader === self ? { ...follower, role: leaderRole(follower, trustedUntilMillis) } : follower
}

/** The role of a voter that has just won; its followers count as heard from at `heardMillis`. */
export const leaderRole = (state: GroupState, heardMillis: number): Extract<Role, { _tag: "Leader" }> => ({
  _tag: "Leader",
  acknowledged: new Map(otherVoters(state.settings).map((id) => [id, { index: 0, atMillis: heardMillis }])),
  heartbeatDueMillis: -Infinity,
  pending: [],
  transfer: undefined
})

/** The voters but self. */
export const otherVoters = ({ self, voters }: GroupSettings): ReadonlyArray<string> =>
  voters.filter((id) => id !== self)

/** The voters and learners but self. */
export const otherReplicas = ({ learners, self, voters }: GroupSettings): ReadonlyArray<string> =>
  [...voters, ...learners].filter((id) => id !== self)
