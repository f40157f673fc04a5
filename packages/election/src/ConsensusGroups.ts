/**
 * The port to the leadership of groups that an engine runs (a Raft group of rqlite, etcd, NATS JetStream).
 *
 * It observes groups and asks for hand-overs of leadership. It has no call that changes a group's members, on purpose.
 */
import { Context, type Duration, type Effect, Schema } from "effect"

/** A replica of a group as the engine configures it. */
export interface Replica {
  /** The engine's own node id, never parsed or rounded (etcd's 64-bit ids stay strings). */
  readonly id: string
  /** The engine's replication address, host:port, as the engine reports it. */
  readonly address: string
}

/** One reading of a group from the local engine node; cheap, it probes no peer. */
export interface GroupStatus {
  readonly group: string
  /** The local engine node. */
  readonly self: string
  /** Undefined while the group has none, or the engine does not know it. */
  readonly leader: string | undefined
  /** Undefined when the engine reports none. */
  readonly term: number | undefined
  /** Sorted by id; self included when it votes. */
  readonly voters: ReadonlyArray<Replica>
  /** Learners and read replicas: never counted, never targets. */
  readonly nonVoters: ReadonlyArray<Replica>
  /** The engine is between leaders: electing, or a transfer is under way. */
  readonly electing: boolean
}

/** Whether a replica's process (not only its kernel) answered the engine. */
export interface ReplicaReachability {
  readonly reachable: boolean
  /** The engine's reason when it did not. */
  readonly detail: string | undefined
}

/** What an engine can do; a policy asks before it relies on it. */
export interface ConsensusCapabilities {
  /** A transfer can name its target. */
  readonly targeted: boolean
  /** The engine answers a transfer only after it ended. */
  readonly waits: boolean
  /** Round trips that the engine itself measures: none, its own row, or all rows. */
  readonly ownRtt: "none" | "row" | "matrix"
  /** The engine reports a term. */
  readonly term: boolean
  /** The engine can be told to let go of leadership without a target, by `stepDown`. Absent means no. */
  readonly untargeted?: boolean
}

/** Who leads after a transfer was asked for, read back from the engine. */
export type TransferOutcome =
  | { readonly _tag: "Moved"; readonly leader: string; readonly term: number | undefined }
  | { readonly _tag: "MovedElsewhere"; readonly leader: string; readonly term: number | undefined }
  | { readonly _tag: "Unchanged"; readonly leader: string }
  /** Nobody was seen to lead before the deadline. */
  | { readonly _tag: "Unknown" }

/** The group is not one of this engine's. */
export class UnknownGroup extends Schema.TaggedError<UnknownGroup>()("UnknownGroup", {
  known: Schema.Array(Schema.String)
}) {
  override get message(): string {
    return `no such group; known: ${this.known.join(", ") || "none"}`
  }
}
/** The local engine node does not lead, so it cannot hand leadership over. */
export class NotLeader extends Schema.TaggedError<NotLeader>()("NotLeader", {
  leader: Schema.UndefinedOr(Schema.String)
}) {
  override get message(): string {
    return `the local engine node is not the leader (leader: ${this.leader ?? "none"})`
  }
}
/** Leadership changed hands since the decision was made; decide again on the new term. */
export class StaleTerm extends Schema.TaggedError<StaleTerm>()("StaleTerm", {
  expected: Schema.Int,
  actual: Schema.UndefinedOr(Schema.Int)
}) {
  override get message(): string {
    return `the group is in term ${this.actual ?? "unknown"}, not in term ${this.expected}`
  }
}
/** The target is no replica of the group. */
export class UnknownTarget extends Schema.TaggedError<UnknownTarget>()("UnknownTarget", {
  target: Schema.String
}) {
  override get message(): string {
    return `${this.target} is no replica of the group`
  }
}
/** The target may not lead: it has no vote, or did not answer. */
export class NotEligible extends Schema.TaggedError<NotEligible>()("NotEligible", {
  target: Schema.String,
  detail: Schema.String
}) {
  override get message(): string {
    return `${this.target} may not lead: ${this.detail}`
  }
}
/** The target leads already. */
export class AlreadyLeader extends Schema.TaggedError<AlreadyLeader>()("AlreadyLeader", {
  target: Schema.String
}) {
  override get message(): string {
    return `${this.target} leads already`
  }
}
/** Another transfer is under way; try again after it ended. */
export class TransferInProgress extends Schema.TaggedError<TransferInProgress>()("TransferInProgress", {}) {
  override get message(): string {
    return "another leadership transfer is in progress"
  }
}
/** No answer before the deadline; the outcome is unknown. */
export class TimedOut extends Schema.TaggedError<TimedOut>()("TimedOut", {
  afterMillis: Schema.Finite
}) {
  override get message(): string {
    return `no answer within ${this.afterMillis} ms`
  }
}
/** The engine refused the credentials or the permission is missing. */
export class Unauthorized extends Schema.TaggedError<Unauthorized>()("Unauthorized", {
  detail: Schema.String
}) {
  override get message(): string {
    return `the engine refused the credentials: ${this.detail}`
  }
}
/** This version of the engine cannot do it. */
export class Unsupported extends Schema.TaggedError<Unsupported>()("Unsupported", { detail: Schema.String }) {
  override get message(): string {
    return `not supported by this engine: ${this.detail}`
  }
}
/** The engine is down, still starting, or has no leader to ask. */
export class Unavailable extends Schema.TaggedError<Unavailable>()("Unavailable", { detail: Schema.String }) {
  override get message(): string {
    return `the engine is unavailable: ${this.detail}`
  }
}
/** The engine answered something that its documentation does not allow. */
export class ProtocolViolation extends Schema.TaggedError<ProtocolViolation>()("ProtocolViolation", {
  detail: Schema.String
}) {
  override get message(): string {
    return `unexpected answer from the engine: ${this.detail}`
  }
}

/** Why a call to an engine failed; match one case with `Effect.catchReason("ConsensusError", "NotLeader", ...)`. */
export class ConsensusError extends Schema.TaggedError<ConsensusError>()("ConsensusError", {
  group: Schema.String,
  operation: Schema.Literals(["list", "status", "reachability", "probe", "transfer", "stepDown", "rttRows"]),
  reason: Schema.Union([
    UnknownGroup,
    NotLeader,
    StaleTerm,
    UnknownTarget,
    NotEligible,
    AlreadyLeader,
    TransferInProgress,
    TimedOut,
    Unauthorized,
    Unsupported,
    Unavailable,
    ProtocolViolation
  ])
}) {
  override get message(): string {
    return `${this.operation} of group ${this.group}: ${this.reason.message}`
  }
}

/** Round trips that an engine measured itself, by replica at one end and replica at the other. */
export type RttRows = ReadonlyMap<string, ReadonlyMap<string, Duration.Duration>>

/** Reads the round trips of a group's engine. */
export type ReadRttRows = (group: string) => Effect.Effect<RttRows, ConsensusError>

/** Under which conditions a leader should let go. */
export interface StepDownOptions {
  /** The term in which that was decided. */
  readonly term?: number | undefined
  /** For the whole call, the look at who leads included. Default: the driver's own deadlines. */
  readonly deadline?: Duration.Duration | undefined
}

/** Has a group's leader let go of leadership. */
export type StepDown = (
  group: string,
  options?: StepDownOptions
) => Effect.Effect<TransferOutcome, ConsensusError>

/** What an engine can do beside what every engine can. */
export interface EngineAbilities {
  readonly capabilities: ConsensusCapabilities
  readonly stepDown?: StepDown | undefined
  readonly rttRows?: ReadRttRows | undefined
}

/** The leadership of the groups that one engine runs. */
export class ConsensusGroups extends Context.Service<
  ConsensusGroups,
  {
    /** Which engine, such as "rqlite". */
    readonly engine: string
    readonly capabilities: ConsensusCapabilities
    /** Groups as of now; discovery may add and remove some between calls. */
    readonly list: Effect.Effect<ReadonlyArray<string>, ConsensusError>
    /** Reads the group from the local engine node. */
    status(group: string): Effect.Effect<GroupStatus, ConsensusError>
    /** Asks the engine which replicas answer at application level, self included. */
    reachability(group: string): Effect.Effect<ReadonlyMap<string, ReplicaReachability>, ConsensusError>
    /** Application-level round trip to a replica's process; a hung process fails with `TimedOut`. */
    probe(group: string, replica: string): Effect.Effect<Duration.Duration, ConsensusError>
    /**
     * Hands leadership to a voter and reads back who leads. Refuses a target that has no vote or does not answer before anything is sent.
     * With `term`, fails with `StaleTerm` when the group's term is another.
     */
    transferLeadership(
      group: string,
      target: string,
      options?: { readonly term?: number | undefined }
    ): Effect.Effect<TransferOutcome, ConsensusError>
    /**
     * Has the leader let go and the engine choose the next one, then reads back who leads: `MovedElsewhere`, `Unchanged` or `Unknown`. There
     * exactly where `capabilities.untargeted` is true; `transferLeadership` is better where it can name a target. With `term`, fails with `StaleTerm` when the group's term is
     * another; fails with `Unavailable` while no other voter answers, before anything is sent; with `TimedOut` when `deadline` passes first.
     */
    readonly stepDown?: StepDown | undefined
    /**
     * Round trips that the engine measured, as of its last measurements: those of the local node, or of all, see `capabilities.ownRtt`. Links
     * without a usable value are left out. Fails with `Unsupported` on versions that measure nothing, or nothing that means anything.
     */
    readonly rttRows?: ReadRttRows | undefined
    /** Where this is several engines, see `combineGroups`: what the one that runs the group can do. */
    engineOf?(group: string): EngineAbilities | undefined
  }
>()("@coterie/election/ConsensusGroups") {}

/** What the engine that runs the group can do; asks the service itself unless that is several engines. */
export const abilitiesFor = (groups: ConsensusGroups["Service"], group: string): EngineAbilities =>
  groups.engineOf?.(group) ?? groups
