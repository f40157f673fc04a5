/**
 * What the reconciler decided about one group in one pass, and why; doing nothing has a reason too.
 *
 * The tags of reasons and outcomes are also the labels of the metrics, so one word can be searched for everywhere.
 */
import { Schema } from "effect"

/** `advise` computes everything and never calls a transfer; `act` hands leadership over. */
export const LocalityMode = Schema.Literals(["advise", "act"])
/** Whether the reconciler only advises or acts. */
export type LocalityMode = typeof LocalityMode.Type

/** Why a call to the engine brought no answer: the reason of `ConsensusError`, or `Defect` for a driver that broke. */
export const EngineErrorKind = Schema.Literals([
  "UnknownGroup",
  "NotLeader",
  "StaleTerm",
  "UnknownTarget",
  "NotEligible",
  "AlreadyLeader",
  "TransferInProgress",
  "TimedOut",
  "Unauthorized",
  "Unsupported",
  "Unavailable",
  "ProtocolViolation",
  "Defect"
])
/** Why a call to the engine brought no answer. */
export type EngineErrorKind = typeof EngineErrorKind.Type

const engineFailure = {
  kind: EngineErrorKind,
  /** One sentence for a person, at most 300 characters. */
  detail: Schema.String
}

/** A transfer that is wanted, and how long it must still wait. */
const waiting = {
  target: Schema.String,
  gainMillis: Schema.Finite,
  remainingMillis: Schema.Finite
}

/** Links between replicas, each once, by the ids of its ends; their agents are asked to probe them. */
const links = Schema.Array(
  Schema.Struct({
    from: Schema.String,
    to: Schema.String,
    /** True where no agent has told of either end, so that nobody can measure it. */
    noAgent: Schema.optional(Schema.Literal(true))
  })
)

/** Why leadership stays where it is. */
export const StayReason = Schema.TaggedUnion({
  /** The local engine node does not lead: the agent beside the leader decides. */
  notLeader: { leader: Schema.optional(Schema.String) },
  /** The engine is between leaders, or a transfer is under way. */
  electing: {},
  /** Leadership or its term changed just now: between measuring and acting, or so lately that the wish must wait. */
  settling: {
    target: Schema.optional(Schema.String),
    gainMillis: Schema.optional(Schema.Finite),
    remainingMillis: Schema.optional(Schema.Finite)
  },
  /** There is nobody to hand leadership to. */
  singleVoter: {},
  /** A voter did not answer the engine or no probe of the round; nothing is moved while one is away. */
  voterUnreachable: { voters: Schema.Array(Schema.Struct({ id: Schema.String, detail: Schema.String })) },
  /** The nearest voter is near enough. */
  withinThreshold: {
    nearest: Schema.String,
    nearestMillis: Schema.Finite,
    thresholdMillis: Schema.Finite
  },
  /** The policy would transfer, but this group had an attempt lately. */
  cooldown: waiting,
  /** The agent is told to do nothing. */
  paused: {},
  /** One more lost voter would stop the group, so nothing is moved for its own sake. */
  noSpare: { alive: Schema.Int, needed: Schema.Int },
  /** No other voter may lead. */
  noTarget: { detail: Schema.String },
  /** These links decide and were never measured, or in too few rounds. */
  insufficientData: { links },
  /** These links decide and were measured too long ago. */
  staleData: { links },
  /** No voter is better by enough; `best` is the leader itself when none is better at all. */
  gainTooSmall: { best: Schema.String, gainMillis: Schema.Finite, neededMillis: Schema.Finite },
  /** The most preferred voter that may lead does. */
  preferred: {},
  /** The policy would transfer, but has not wanted the same for long enough. */
  notPersistent: { ...waiting, evaluations: Schema.Int },
  /**
   * The group was moved too often in the last 24 h (`budget`), or a transfer cost more than it could win back (`payback`); the wait ends by time
   * or by `forgetAttempts`.
   */
  frozen: { ...waiting, cause: Schema.Literals(["budget", "payback"]) },
  /** The node is draining, but an evacuation of the group was attempted just now. */
  draining: { remainingMillis: Schema.Finite },
  /** The policy would transfer, but the mode is `advise`. */
  advised: { target: Schema.String, gainMillis: Schema.Finite },
  /** The engine could not be read; `operation` is the call that failed. */
  engineError: { operation: Schema.String, ...engineFailure }
})
/** Why leadership stays where it is. */
export type StayReason = typeof StayReason.Type

/** Who leads after a transfer was called, read back from the engine. */
export const HandOverOutcome = Schema.TaggedUnion({
  /** The target leads. */
  moved: { term: Schema.optional(Schema.Finite) },
  /** Another replica than the target leads. */
  movedElsewhere: { leader: Schema.String, term: Schema.optional(Schema.Finite) },
  /** The old leader still leads, or leads again. */
  unchanged: {},
  /** Nobody was seen to lead before the deadline. */
  unknown: {},
  /** The engine refused or did not answer the call. */
  failed: engineFailure
})
/** Who leads after a transfer was called. */
export type HandOverOutcome = typeof HandOverOutcome.Type

/** What was done about one group. */
export const LocalityAction = Schema.TaggedUnion({
  /** Nothing was called. */
  Stay: { reason: StayReason },
  /** A transfer to `target` was called. */
  Transfer: {
    target: Schema.String,
    /** What the policy expects, in ms per operation; for `nearestPeer` the round trip that requests from the target's site save. */
    gainMillis: Schema.Finite,
    outcome: HandOverOutcome,
    /** From the call to the verified outcome, in ms. */
    tookMillis: Schema.Finite,
    /** True where the engine chose the next leader itself, and `target` was hoped for. */
    untargeted: Schema.optional(Schema.Boolean),
    /** How long the gain takes to win back what the transfer cost, in ms; where that counts, see the option `payback`. */
    paybackMillis: Schema.optional(Schema.Finite)
  }
})
/** What was done about one group. */
export type LocalityAction = typeof LocalityAction.Type

/** One decision: what was seen, what was done, why. */
export const Decision = Schema.Struct({
  group: Schema.String,
  /** The local engine node; absent when the engine could not be read. */
  self: Schema.optional(Schema.String),
  /** Who led when the decision was made. */
  leader: Schema.optional(Schema.String),
  term: Schema.optional(Schema.Finite),
  /** Round trip in ms to each voter that was measured, by id; empty when nothing was measured. */
  row: Schema.Record(Schema.String, Schema.Finite),
  /** Expected ms of an operation under each voter, by id, where this node leads and the policy reckons with it; at most 1e9. */
  scores: Schema.optional(Schema.Record(Schema.String, Schema.Finite)),
  /** Wall clock, ISO 8601 UTC; for people only, nothing is computed from it. */
  at: Schema.String,
  mode: LocalityMode,
  /** The policy that decided, such as "nearestPeer". */
  policy: Schema.String,
  action: LocalityAction
})
/** One decision: what was seen, what was done, why. */
export type Decision = typeof Decision.Type
