/**
 * What the demo and its node processes say to each other: one JSON object a line, commands on the node's standard input, reports on its
 * standard output. The end of its input is the end of the node, so no node outlives the demo.
 */
import { Decision } from "@coterie/locality"
import { MemberState } from "@coterie/membership"
import { Effect, Schema, Stream } from "effect"

const Port = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 65_535 }))
const Millis = Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0))

/** Where one node of the demo is. */
const NodePlace = Schema.Struct({ id: Schema.String, peerPort: Port, opsPort: Port })
/** Where one node of the demo is. */
export type NodePlace = typeof NodePlace.Type

/** Durations that follow from the longest round trip; in ms. */
const DemoTiming = Schema.Struct({
  groupHeartbeatMillis: Millis,
  electionTimeoutMillis: Millis,
  transferTimeoutMillis: Millis,
  memberHeartbeatMillis: Millis,
  deadAfterMillis: Millis,
  leaseMillis: Millis,
  masterCooldownMillis: Millis,
  localityIntervalMillis: Millis,
  localityCooldownMillis: Millis,
  answerTimeoutMillis: Millis
})
/** What a node is told. */
export const NodeCommand = Schema.TaggedUnion({
  /** The first command: who you are, who the others are, and how far. */
  Start: {
    self: Schema.String,
    nodes: Schema.Array(NodePlace),
    /** Round trip from this node to each other one. */
    rttMillis: Schema.Record(Schema.String, Millis),
    timing: DemoTiming,
    /** Where the agents keep what must survive a restart. */
    stateFolder: Schema.String,
    /** The key of the agents' SWIM; absent where they know each other by heartbeats. */
    swimKey: Schema.optional(Schema.String),
    /** Who leads the new group; absent after a restart. */
    bootstrapLeader: Schema.optional(Schema.String)
  },
  Write: { request: Schema.Int, value: Schema.String }
})
/** What a node is told. */
export type NodeCommand = typeof NodeCommand.Type

/** What one node sees. */
export const NodeStatus = Schema.Struct({
  members: Schema.Array(Schema.Struct({ id: Schema.String, state: MemberState })),
  /** The agent elected by the agents. */
  master: Schema.optional(Schema.String),
  /** Leader and term of the group. */
  leader: Schema.optional(Schema.String),
  term: Schema.Int
})
/** What one node sees. */
export type NodeStatus = typeof NodeStatus.Type

/** What a node reports. */
export const NodeReport = Schema.TaggedUnion({
  /** The process is up and waits for `Start`. */
  Loaded: {},
  Started: { opsUrl: Schema.String },
  /** The node could not start; it ends. */
  Failed: { detail: Schema.String },
  Status: { status: NodeStatus },
  Decided: { decision: Decision },
  /** A write ended; `failure` says why it was not acknowledged. */
  Written: { request: Schema.Int, millis: Millis, failure: Schema.optional(Schema.String) }
})
/** What a node reports. */
export type NodeReport = typeof NodeReport.Type

/** Non-empty lines of a stream of bytes. */
const linesOf = <E, R>(bytes: Stream.Stream<Uint8Array, E, R>): Stream.Stream<string, E, R> =>
  bytes.pipe(
    Stream.decodeText,
    Stream.splitLines,
    Stream.filter((line) => line !== "")
  )

const CommandLine = Schema.fromJsonString(NodeCommand)
const ReportLine = Schema.fromJsonString(NodeReport)

/** Commands from a node's standard input; fails at a line that is none. */
export const commandsFrom = <E, R>(bytes: Stream.Stream<Uint8Array, E, R>) =>
  Stream.mapEffect(linesOf(bytes), (line) => Schema.decodeEffect(CommandLine)(line))

/** Reports from a node's standard output; a line that is none comes as text. */
export const reportsFrom = <E, R>(
  bytes: Stream.Stream<Uint8Array, E, R>
): Stream.Stream<NodeReport | string, E, R> =>
  Stream.mapEffect(linesOf(bytes), (line) =>
    Effect.orElseSucceed(Schema.decodeEffect(ReportLine)(line), () => line)
  )

/** A command as a line. */
export const commandLine = (command: NodeCommand) =>
  Effect.map(Schema.encodeEffect(CommandLine)(command), (json) => `${json}\n`)

/** A report as a line. */
export const reportLine = (report: NodeReport) =>
  Effect.map(Schema.encodeEffect(ReportLine)(report), (json) => `${json}\n`)
