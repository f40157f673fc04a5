/**
 * The election port: which node of our own cluster leads, and how long work may rely on it.
 *
 * `whileLeader` is the way to do a leader's work: it starts when leadership is won, is interrupted when it is lost.
 */
import type { NodeId } from "@coterie/membership"
import { Context, type Effect, Schema, type Scope, type Stream } from "effect"

import type { LeaderLease } from "./LeaderLease.ts"
import type { LeadershipExplanation } from "./LeadershipExplanation.ts"

/** What one node believes about leadership at one moment. */
export interface Leadership {
  /** Who leads, or undefined when nobody is known to. */
  readonly leader: NodeId | undefined
  /** Never falls, and rises with every new leader. Only a strategy that says so makes it a fencing token. */
  readonly term: number
}

/** How many members this node sees alive, and how many it needs. */
export interface Quorum {
  readonly alive: number
  readonly needed: number
  readonly present: boolean
}

/** Leadership ended while work depended on it, or was never held when it was asked for. */
export class LeadershipLost extends Schema.TaggedError<LeadershipLost>()("LeadershipLost", {
  node: Schema.String,
  term: Schema.Int,
  leader: Schema.UndefinedOr(Schema.String)
}) {
  override get message(): string {
    return `${this.node} no longer leads term ${this.term}; the leader is ${this.leader ?? "unknown"}`
  }
}

/** The node asked to do a leader's duty does not lead. */
export class NotLeading extends Schema.TaggedError<NotLeading>()("NotLeading", {
  node: Schema.String,
  leader: Schema.UndefinedOr(Schema.String)
}) {
  override get message(): string {
    return `${this.node} does not lead; the leader is ${this.leader ?? "unknown"}`
  }
}

/** Leadership was not handed to the member named; this node goes on leading. */
export class TransferRefused extends Schema.TaggedError<TransferRefused>()("TransferRefused", {
  node: Schema.String,
  /** The member that was to lead. */
  to: Schema.String,
  /**
   * `handingOver`: to another member already; `otherConfig`: the member has another list of voters or another lease; `unsupported`: the
   * strategy cannot name its next leader.
   */
  reason: Schema.Literals([
    "unknownMember",
    "alreadyLeads",
    "notAlive",
    "noQuorum",
    "handingOver",
    "otherConfig",
    "unsupported"
  ]),
  /** What is wrong and what would be right, for people. */
  detail: Schema.String
}) {
  override get message(): string {
    return `${this.node} does not hand leadership to ${this.to}: ${this.detail}`
  }
}

/** Who leads. */
export class Election extends Context.Service<
  Election,
  {
    /** This node's id. */
    readonly self: NodeId
    /** Leader and term as of now. */
    readonly leadership: Effect.Effect<Leadership>
    /** Whether this node leads, decided at the moment of the call. */
    readonly isLeader: Effect.Effect<boolean>
    /** The quorum as of now. */
    readonly quorum: Effect.Effect<Quorum>
    /** The current leadership, then every change; a slow reader sees the latest only. */
    readonly changes: Stream.Stream<Leadership>
    /**
     * Waits for leadership, runs the effect in a scope of its own with its `LeaderLease`, and returns its result. When leadership is lost or
     * resigned first, the effect is interrupted, its finalizers run, and the call fails with `LeadershipLost`; call again to campaign again.
     * The effect's own failure is the call's failure and gives nothing up: `campaign` resigns then and tries again later.
     */
    whileLeader<A, E, R>(
      effect: Effect.Effect<A, E, R>
    ): Effect.Effect<A, E | LeadershipLost, Exclude<Exclude<R, LeaderLease>, Scope.Scope>>
    /**
     * Gives leadership up and does not take it back while another member can lead. Running `whileLeader` effects are interrupted first and
     * leadership is released only after their finalizers ended. Fails with `NotLeading` when not the leader.
     */
    readonly resign: Effect.Effect<void, NotLeading>
    /**
     * Resigns in favour of one member, and returns when this node has let go. Leadership may still go elsewhere when that member does not take
     * it: look at `changes`. Fails with `TransferRefused`, and goes on leading, when the member cannot take it or the strategy cannot say who
     * leads next; fails with `NotLeading` when not the leader.
     */
    transfer(to: NodeId): Effect.Effect<void, NotLeading | TransferRefused>
    /** Who leads and why, and why every other member does not, as this node sees it now. */
    readonly explain: Effect.Effect<LeadershipExplanation>
  }
>()("@coterie/election/Election") {}
