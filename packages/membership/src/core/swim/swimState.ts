/**
 * State, events and effects of one node.
 *
 * Unlike the other cores of this house the state is changed in place: a simulation holds 10^8 views and a busy node handles thousands of
 * packets a second, so copies of a member table per packet are out of the question. A view costs one pointer to a record that all share (10,000
 * observers of 10,000 members: 0.9 GB), and an object only while something is held against the member. Nobody can see it half-changed: a step is synchronous
 * and calls nothing of the outside but `random`, `sizes` and `admit`; callers hand the state back and read it between steps only, through
 * the functions of `view.ts` and `explain.ts`. What leaves a step (effects, records, facts) is never changed afterwards and is shared, not copied.
 */
import type { SwimNews } from "./changes.ts"
import type { GossipQueue } from "./dissemination.ts"
import type { MemberProcess } from "./memberKey.ts"
import type { Accusation, Departure, MemberRecord } from "./memberRecord.ts"
import type {
  GossipItem,
  PacketMessage,
  PacketSizes,
  PingTarget,
  SyncAnswer,
  SyncEntry,
  SyncPush,
  SyncRefused,
  SyncRequest
} from "./messages.ts"
import type { SwimOptions } from "./options.ts"
import type { ProbeOrder } from "./probeOrder.ts"
import type { RateWindow } from "./rateWindow.ts"
import type { Roster } from "./roster.ts"
import type { Suspicion } from "./suspicion.ts"

/** What is held against a member: a view differs from the shared record by this, or not at all. */
export interface Trouble {
  readonly slot: number
  readonly fact: Accusation | Departure
  /** Not told to the application: the process is known by rumour only. */
  readonly hidden: boolean
  /** While hidden: how the process before it, which was told of, is still shown. Undefined for a ghost, of which nothing was ever told. */
  readonly shown?: "dead" | "left" | undefined
  /** Monotonic local time of receipt, earlier by the age that came with it. */
  readonly sinceMillis: number
  readonly suspicion: Suspicion | undefined
}

/** The views of a node; changed by `memberTable.ts` alone. */
export interface MemberTable {
  readonly roster: Roster
  /** By slot: the newest announcement, an object that all views of that announcement share. */
  readonly records: Array<MemberRecord | undefined>
  /** By slot, oldest first: only the views that are not plainly alive. */
  readonly troubles: Map<number, Trouble>
  /** The troubles whose suspicion is running. */
  readonly suspicions: Set<Trouble>
  /** Alive and suspect members, this node included: the n of all formulas. */
  present: number
  /** Suspect members among `present`. */
  suspects: number
  /** Shown as dead. */
  dead: number
  /** Shown as left. */
  left: number
  /** Held and not shown. */
  ghosts: number
  /** 32 bits over the processes and incarnations of `present`, whatever the order: equal in nodes that see the same members. */
  viewHash: number
}

/** A probe round on its way. */
export interface ProbeRound {
  readonly slot: number
  readonly record: MemberRecord
  /** What the target was accused of when the round began is its incarnation; a newer one is no failure of this round. */
  readonly incarnation: number
  readonly seq: number
  readonly startedAtMillis: number
  /** When the round ends without an answer; moved by stalls. */
  deadlineMillis: number
  stage: "direct" | "indirect"
  cause: "silence" | "unreachable" | "not_me"
  helpers: ReadonlyArray<MemberRecord>
  readonly nackedBy: Array<string>
  stream: boolean
  /** This process stood still meanwhile, so its time says nothing about the network. */
  stalled: boolean
}

/** A ping that this node does for another. */
export interface Relay {
  readonly seq: number
  readonly origin: string
  readonly originAddress: string
  readonly originSeq: number
  readonly target: PingTarget
  /** Where the target was pinged. */
  readonly address: string
  readonly incarnation: number
  /** When the nack is due; infinite once it is sent. */
  nackAtMillis: number
  readonly endsAtMillis: number
}

/** A push/pull on its way, opened by this node. */
export interface Exchange {
  readonly address: string
  readonly reason: "periodic" | "join" | "heal" | "seed" | "stall" | "differs"
  readonly request: SyncRequest
  /** Slots of the entries that came, and of those that this node knows better. */
  readonly seen: Set<number>
  readonly better: Set<number>
  readonly endsAtMillis: number
}

/** Another process seems to hold this node's name: ask at its address. */
export interface IdentityCheck {
  readonly other: MemberRecord
  readonly seq: number
  readonly endsAtMillis: number
}

/** What a node is doing about its own membership. `superseded`: another process took its name. */
export type SwimPhase = "joining" | "member" | "leaving" | "left" | "superseded"

/** When each loop has something to do, in monotonic ms; infinite when it has not. */
export interface Due {
  probe: number
  relays: number
  check: number
  verdicts: number
  generation: number
  gossip: number
  sync: number
  exchanges: number
  heal: number
  seeds: number
  leave: number
  sweep: number
}

/** Totals since the start, for metrics: nothing is lost without one of these rising. */
export interface SwimCounters {
  probes: number
  probesFailed: number
  indirectProbes: number
  nacksMissing: number
  strayAnswers: number
  wrongTargets: number
  pingReqsRefused: number
  refutations: number
  echoes: number
  echoesSuppressed: number
  membersRejected: number
  membersRefusedFull: number
  protocolViolations: number
  ghostsEvicted: number
  tombstonesEvicted: number
  tombstonesExpired: number
  userEventsRefused: number
  userEventsRepeated: number
  itemsTooLarge: number
  syncsRefused: number
  syncsFailed: number
  stalls: number
  conflicts: number
  inboundIgnored: number
}

/** Everything that one node remembers. */
export interface SwimState {
  readonly options: SwimOptions
  readonly sizes: PacketSizes
  /** Why a process may not be a member, or undefined; for rules of the application. */
  readonly admit: (record: MemberRecord) => string | undefined
  seeds: ReadonlyArray<string>
  readonly counters: SwimCounters
  readonly table: MemberTable
  readonly queue: GossipQueue
  readonly due: Due
  phase: SwimPhase
  self: MemberRecord
  readonly selfSlot: number
  /** Where this node's gossip ticks fall within their period. */
  readonly gossipPhaseMillis: number
  /** Local health, 0 (well) to `awarenessMax - 1`. */
  awareness: number
  /** Last sequence number used. */
  seq: number
  readonly order: ProbeOrder
  round: ProbeRound | undefined
  readonly relays: Map<number, Relay>
  /** The last rounds' outcomes, newest last, at most 4. */
  readonly outcomes: Array<{
    readonly slot: number
    readonly failed: boolean
    readonly expected: number
    readonly nacks: number
  }>
  isolated: boolean
  /** Rounds in a row that a member answered by stream only, and when that was last reported. */
  readonly streamOnly: Map<number, { rounds: number; reportedAtMillis: number }>
  readonly exchanges: Map<number, Exchange>
  exchangeCount: number
  check: IdentityCheck | undefined
  /** The last process that a check was about, and until when it is not asked again. */
  checked: { readonly process: MemberProcess; readonly untilMillis: number } | undefined
  /** Exchanges of a join whose closing push waits for `check`. */
  readonly heldExchanges: Array<number>
  /** Time to the push/pull after next while they come soon after a join or heal; infinite once they come at their period. */
  soonMillis: number
  /** Answers in a row that showed another view than this node's, when the last one came, and how long push/pulls for that reason rest. */
  readonly comparison: {
    differences: number
    differedAtMillis: number
    restMillis: number
    restsUntilMillis: number
  }
  /** A seed has answered the last join. */
  joinAnswered: boolean
  /** What the last seed said that refused the last join. */
  joinRefusal: string | undefined
  readonly takeovers: Array<number>
  /** The generation that others' words demand and that waits for its moment; at most the own one when none does. */
  generationWanted: number
  readonly generationWindow: RateWindow
  /** Members behind seed addresses, learned from exchanges. */
  readonly seedIds: Map<string, string>
  readonly echoWindow: RateWindow
  readonly introductionWindow: RateWindow
  readonly relayWindow: RateWindow
  /** Newest user event per origin and name, oldest first. */
  readonly userEvents: Map<string, { readonly generation: number; readonly version: number }>
  userVersion: number
  /** A stall that was noticed and not yet made good: packets that wait in sockets come first. */
  stall: { readonly noticedAtMillis: number; beganAtMillis: number } | undefined
  /** Until then all time in which this process stood still is made good. */
  madeGoodAtMillis: number
  /** Until then deaths that are told are taken for doubts: a long stall has just ended. */
  oldNewsUntilMillis: number
  /** No verdict before this: a push/pull after a long stall goes first. */
  verdictsHeldUntilMillis: number
  leaveEndsAtMillis: number
  leaveTold: boolean
}

/** What happens to a node. */
export type SwimEvent =
  /** `nextDeadlineMillis` has come. */
  | { readonly _tag: "Tick" }
  /** A packet; `sealed` when its header proves the sender. `from` is the sender's id, `address` where it came from. */
  | {
      readonly _tag: "Received"
      readonly from: string
      readonly address: string
      readonly sealed: boolean
      readonly message: PacketMessage
      readonly gossip: ReadonlyArray<GossipItem>
    }
  /** A packet to this address failed at once: no route, or nobody there. */
  | { readonly _tag: "SendFailed"; readonly address: string }
  /** Outcome of a `StreamPing`. */
  | {
      readonly _tag: "StreamPinged"
      readonly seq: number
      readonly answer: "ack" | "not_me" | "silence"
    }
  /** Somebody opened a push/pull; `exchange` is the shell's name for it. */
  | { readonly _tag: "SyncRequested"; readonly exchange: number; readonly request: SyncRequest }
  /** Part of an answer to an exchange of ours, or (`exchange` undefined) of a push that closes another's. */
  | {
      readonly _tag: "SyncEntries"
      readonly exchange: number | undefined
      readonly from: string
      readonly entries: ReadonlyArray<SyncEntry>
      /** `SyncAnswer.differing`; of a push empty. */
      readonly differing: ReadonlyArray<number>
      readonly last: boolean
    }
  /** An exchange of ours ended without its answer; `refused` when the other side said no. */
  | {
      readonly _tag: "SyncFailed"
      readonly exchange: number
      readonly refused: boolean
      readonly detail: string
    }
  /** Enter the cluster through these seeds; after a leave, as a new process. */
  | { readonly _tag: "Join"; readonly seeds: ReadonlyArray<string> }
  | { readonly _tag: "Leave" }
  | { readonly _tag: "UpdateSelf"; readonly change: Partial<Pick<MemberRecord, "address" | "metadata">> }
  /** Declares a dead member left, so that it is not tried again. */
  | { readonly _tag: "ForceLeave"; readonly id: string }
  | { readonly _tag: "Broadcast"; readonly name: string; readonly payload: Uint8Array }
  /** A timer of the shell ran late by so much. */
  | { readonly _tag: "Stalled"; readonly millis: number }

/** What the shell must do, in this order. */
export type SwimEffect =
  | {
      readonly _tag: "Send"
      readonly address: string
      /** The member meant; undefined when only an address is known. */
      readonly to: string | undefined
      readonly message: PacketMessage
      readonly gossip: ReadonlyArray<GossipItem>
    }
  /** Ping over a stream; answer with `StreamPinged`. */
  | {
      readonly _tag: "StreamPing"
      readonly seq: number
      readonly address: string
      readonly target: PingTarget
      readonly timeoutMillis: number
    }
  /** Open a push/pull; answer with `SyncEntries` or `SyncFailed`, and close with what `PushSync` brings. */
  | {
      readonly _tag: "OpenSync"
      readonly exchange: number
      readonly address: string
      readonly request: SyncRequest
      readonly timeoutMillis: number
    }
  | { readonly _tag: "AnswerSync"; readonly exchange: number; readonly answer: SyncAnswer | SyncRefused }
  | { readonly _tag: "PushSync"; readonly exchange: number; readonly push: SyncPush }
  /** Keep this generation on disk, if there is a store, before the effects that follow. */
  | { readonly _tag: "SaveGeneration"; readonly generation: number }
  /** Hand over the packets that wait in the sockets, then `Tick`. */
  | { readonly _tag: "DrainInbox" }
  | { readonly _tag: "Emit"; readonly news: SwimNews }

/** One step in progress: the state, the moment, and the effects so far. */
export interface Turn {
  readonly state: SwimState
  readonly nowMillis: number
  /** Uniform in [0, 1). */
  readonly random: () => number
  readonly effects: Array<SwimEffect>
}

/** Where a fact comes from. */
export interface Source {
  readonly via: "packet" | "sync" | "self"
  /** The member that told it; not necessarily who found it out. */
  readonly from: string
  /** Where an answer goes; undefined for none. */
  readonly address: string | undefined
  /** How long ago `from` took it up, in ms. */
  readonly ageMillis: number
  /** From the answer to a join: everybody but this node has heard it, so it is not told on. */
  readonly isCommon?: boolean
}

/** Tells the application. */
export const emit = (turn: Turn, news: SwimNews): void => {
  turn.effects.push({ _tag: "Emit", news })
}

/** A sequence number that was not used lately. */
export const nextSeq = (state: SwimState): number => {
  state.seq = (state.seq + 1) >>> 0
  return state.seq
}
