/**
 * The rule of `QuorumElection`: among the members that this node hears from, the smallest id leads; an incumbent is kept while it lives, and
 * a smaller id that returns waits out a cooldown before it takes over.
 *
 * Each node decides alone from its own view; nothing is voted or persisted. Two nodes with different views can therefore both lead: the
 * scripts under `test/testdata/quorum` show when. Rule numbers (Q1-Q8) follow the specification of the quorum manager that `exact` mode
 * reproduces.
 */
import { type Contact, contact, isLive } from "./liveness.ts"
import { quorumSize } from "./quorumSize.ts"

/** What never changes while a node runs. */
export interface QuorumRules {
  readonly self: string
  /** Configured members, self included; empty for a node on its own. */
  readonly members: ReadonlyArray<string>
  /** Silence in ms after which a member is dead. */
  readonly deadAfterMillis: number
  /** How long in ms a member smaller than the incumbent must have been alive before it takes over. */
  readonly cooldownMillis: number
  /**
   * `strict` counts and elects configured members only, and an incumbent without a quorum does not lead. `exact` counts whoever was heard
   * from, self always, and an incumbent leads until the next decision, as the original does.
   */
  readonly mode: "exact" | "strict"
}

/** When a member was heard from, and what it wants. */
interface MemberContact extends Contact {
  /** It resigned and asks not to be elected for now. */
  readonly standby: boolean
}

/** What one node knows and last decided. */
export interface QuorumElectionState {
  readonly rules: QuorumRules
  readonly contacts: ReadonlyMap<string, MemberContact>
  /** As of the last decision (Q3): it may lag behind `hasQuorum`. */
  readonly leader: string | undefined
  /** Rises with each change of leader, to and from none included; local, so never a fencing token. */
  readonly term: number
  /** After a resignation: until when this node asks not to be elected. */
  readonly standbyUntilMillis: number
}

/** What happened, and when on this node's monotonic clock. */
export type QuorumEvent =
  /** The node starts. */
  | { readonly _tag: "Start"; readonly nowMillis: number }
  /** A round of heartbeats was sent and is not answered yet. */
  | { readonly _tag: "Tick"; readonly nowMillis: number }
  /** A heartbeat came in. */
  | { readonly _tag: "Beat"; readonly from: string; readonly standby?: boolean; readonly nowMillis: number }
  /** A heartbeat of ours was answered in time. */
  | { readonly _tag: "Reply"; readonly from: string; readonly standby?: boolean; readonly nowMillis: number }
  /** This node gives leadership up; ignored when it does not lead. */
  | { readonly _tag: "Resign"; readonly nowMillis: number }

/** Why the leader changed. */
export type ChangeCause =
  /** There was none, and a quorum is present (Q4 b). */
  | "bootstrap"
  /** Too few members are alive (Q4 a). */
  | "quorum-lost"
  /** The incumbent is no longer alive (Q4 c). */
  | "leader-dead"
  /** A smaller id has been alive for the whole cooldown (Q4 d). */
  | "preferred"
  /** The incumbent asked not to lead. */
  | "resigned"

/** What the caller should report. */
export type QuorumEffect =
  | {
      readonly _tag: "LeaderChanged"
      readonly previous: string | undefined
      readonly leader: string | undefined
      readonly term: number
      readonly cause: ChangeCause
    }
  /** A message from an id that is no configured member was not counted; only in `strict` mode. */
  | { readonly _tag: "StrangerIgnored"; readonly from: string }

/** State after an event, and what to report of it. */
export type QuorumStep = readonly [QuorumElectionState, ReadonlyArray<QuorumEffect>]

/** A node that knows nobody and elected nobody. */
export const initial = (rules: QuorumRules): QuorumElectionState => ({
  rules,
  contacts: new Map(),
  leader: undefined,
  term: 0,
  standbyUntilMillis: Number.NEGATIVE_INFINITY
})

/** Applies one event. Events of one node must carry non-decreasing times. */
export const step = (state: QuorumElectionState, event: QuorumEvent): QuorumStep => {
  switch (event._tag) {
    case "Start":
    case "Tick":
      return decide(markSelf(state, event.nowMillis), event.nowMillis)
    case "Beat":
      return heard(state, event, decide)
    case "Reply":
      // Q6: the effect of a reply shows at the next tick or beat.
      return heard(state, event, (marked) => [marked, []])
    case "Resign":
      return resign(state, event.nowMillis)
  }
}

/** Members alive at this moment, smallest first; self is once it was marked (Q2). */
export const liveSet = (state: QuorumElectionState, nowMillis: number): ReadonlyArray<string> => {
  const { deadAfterMillis, self } = state.rules
  return [...state.contacts]
    .filter(([id, known]) => id === self || isLive(known, nowMillis, deadAfterMillis))
    .map(([id]) => id)
    .toSorted(byCodeUnit)
}

/** How many live members this node needs. */
export const quorumNeeded = (state: QuorumElectionState): number => quorumSize(state.rules.members.length)

/** Whether enough members are alive at this moment; unlike the leader it is never cached (Q3). */
export const hasQuorum = (state: QuorumElectionState, nowMillis: number): boolean =>
  liveSet(state, nowMillis).length >= quorumNeeded(state)

/** Whether this node leads: by its last decision in `exact` mode, and with a quorum at this moment in `strict` mode. */
export const isLeader = (state: QuorumElectionState, nowMillis: number): boolean =>
  state.leader === state.rules.self && (state.rules.mode === "exact" || hasQuorum(state, nowMillis))

/** Whether this node asks not to be elected; it says so in every message. */
export const isStandby = (state: QuorumElectionState): boolean =>
  state.contacts.get(state.rules.self)?.standby ?? false

const heard = (
  state: QuorumElectionState,
  { from, standby = false, nowMillis }: Extract<QuorumEvent, { readonly from: string }>,
  next: (state: QuorumElectionState, nowMillis: number) => QuorumStep
): QuorumStep => {
  if (from === "" || from === state.rules.self) return next(state, nowMillis)
  if (isCounted(state.rules, from)) return next(mark(state, from, standby, nowMillis), nowMillis)
  const [decided, effects] = next(state, nowMillis)
  return [decided, [{ _tag: "StrangerIgnored", from }, ...effects]]
}

const markSelf = (state: QuorumElectionState, nowMillis: number): QuorumElectionState =>
  isCounted(state.rules, state.rules.self)
    ? mark(state, state.rules.self, nowMillis < state.standbyUntilMillis, nowMillis)
    : state

const isCounted = ({ mode, members, self }: QuorumRules, id: string): boolean =>
  mode === "exact" || members.includes(id) || (members.length === 0 && id === self)

const mark = (
  state: QuorumElectionState,
  id: string,
  standby: boolean,
  nowMillis: number
): QuorumElectionState => {
  const heardNow = contact(state.contacts.get(id), nowMillis, state.rules.deadAfterMillis)
  return { ...state, contacts: new Map(state.contacts).set(id, { ...heardNow, standby }) }
}

/** Q4: who leads now. */
const decide = (state: QuorumElectionState, nowMillis: number): QuorumStep => {
  const live = liveSet(state, nowMillis)
  if (live.length < quorumNeeded(state)) return lead(state, undefined, "quorum-lost")
  const eligible = withoutStandby(state, live)
  const candidates = eligible.length > 0 ? eligible : live
  if (state.leader === undefined) return lead(state, candidates[0], "bootstrap")
  if (!live.includes(state.leader)) return lead(state, candidates[0], "leader-dead")
  if (!candidates.includes(state.leader)) return lead(state, candidates[0], "resigned")
  return lead(state, preferred(state, candidates, nowMillis) ?? state.leader, "preferred")
}

/** Q4 d: the first member before the incumbent that has cooled down; one still cooling is skipped, so a middle id may win before the smallest. */
const preferred = (
  { contacts, leader = "", rules }: QuorumElectionState,
  candidates: ReadonlyArray<string>,
  nowMillis: number
): string | undefined =>
  candidates.find((id) => {
    const known = contacts.get(id)
    return id < leader && known !== undefined && nowMillis - known.liveSinceMillis >= rules.cooldownMillis
  })

/**
 * An addition to the original rule: the leader makes room at once and, for one cooldown, is elected by nobody while another live member can
 * be. Alone it has no leader until its next tick.
 */
const resign = (state: QuorumElectionState, nowMillis: number): QuorumStep => {
  const { self, cooldownMillis } = state.rules
  if (state.leader !== self) return [state, []]
  const resting = mark({ ...state, standbyUntilMillis: nowMillis + cooldownMillis }, self, true, nowMillis)
  return lead(resting, withoutStandby(resting, liveSet(resting, nowMillis))[0], "resigned")
}

const withoutStandby = (state: QuorumElectionState, live: ReadonlyArray<string>): ReadonlyArray<string> =>
  live.filter((id) => state.contacts.get(id)?.standby !== true)

/** Q4 e: a change of leader raises the term. */
const lead = (state: QuorumElectionState, leader: string | undefined, cause: ChangeCause): QuorumStep => {
  if (leader === state.leader) return [state, []]
  const term = state.term + 1
  return [
    { ...state, leader, term },
    [{ _tag: "LeaderChanged", previous: state.leader, leader, term, cause }]
  ]
}

/** Order of ids by code unit. */
export const byCodeUnit = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
