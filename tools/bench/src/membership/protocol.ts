/**
 * What the driver says to a harness, ours or the one around memberlist, and what it answers: one JSON object per line each way.
 *
 * A request carries an `id` that its answer repeats: `{"id":1,"ok":true,...}` or `{"id":1,"ok":false,"error":"..."}`. Requests are served beside each
 * other. Times are ms of the machine's monotonic clock, which all processes share.
 */
import { Schema } from "effect"

const Port = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 65_535 }))

/** A node: its name and its port on 127.0.0.1, for UDP and TCP. */
export const Place = Schema.Struct({ name: Schema.String, port: Port })
/** A node: its name and its port on 127.0.0.1, for UDP and TCP. */
export type Place = typeof Place.Type

/** What a harness is told. */
export const Request = Schema.Union([
  Schema.Struct({
    cmd: Schema.Literal("start"),
    /** Started in this order; each enters through the addresses of `join`, of which some may not be up yet. */
    nodes: Schema.Array(Place),
    join: Schema.Array(Schema.String),
    /** `parity` and `fast` are ours only. */
    profile: Schema.Literals(["lan", "wan", "local", "fast", "parity"]),
    /** Pause between two starts. Default 0. */
    paceMillis: Schema.optionalKey(Schema.Finite),
    /** 32 bytes in base64: seal with AES-256-GCM. Default: plaintext. */
    key: Schema.optionalKey(Schema.String)
  }),
  /** Ends a node without a goodbye. */
  Schema.Struct({ cmd: Schema.Literal("kill"), name: Schema.String }),
  Schema.Struct({ cmd: Schema.Literal("leave"), name: Schema.String, timeoutMillis: Schema.Finite }),
  /** What packets from each of these ports of this harness to each of the others suffer; a cut stops streams too. */
  Schema.Struct({
    cmd: Schema.Literal("setLink"),
    from: Schema.Array(Port),
    to: Schema.Array(Port),
    loss: Schema.Finite,
    delayMillis: Schema.Finite,
    cut: Schema.Boolean
  }),
  /**
   * Keeps the process busy for so long, once, right after it began a stream; beside a member that is slow to answer that is the middle of a
   * probe. Ours only, since it is about the one thread of Node.js.
   */
  Schema.Struct({ cmd: Schema.Literal("stall"), millis: Schema.Finite }),
  Schema.Struct({ cmd: Schema.Literal("stats") }),
  /** What was seen since the last call. */
  Schema.Struct({ cmd: Schema.Literal("events") }),
  /** Ends all nodes. */
  Schema.Struct({ cmd: Schema.Literal("stop") })
])
/** What a harness is told. */
export type Request = typeof Request.Type

/** Totals of one harness since its start. */
export const Stats = Schema.Struct({
  at: Schema.Finite,
  /** By node: members that it holds alive or suspect, itself included. */
  alive: Schema.Record(Schema.String, Schema.Int),
  /** By node: local health, 0 is well. */
  health: Schema.Record(Schema.String, Schema.Int),
  /** Datagrams and their payload, cut ones included. */
  datagramsOut: Schema.Int,
  bytesOut: Schema.Int,
  streamsOut: Schema.Int,
  /** CPU time of the process, user and system. */
  cpuMillis: Schema.Finite,
  residentBytes: Schema.Int
})
/** Totals of one harness since its start. */
export type Stats = typeof Stats.Type

/**
 * What one node saw of another. `started` and `stopped` are about the observer itself; memberlist says `failed` for `left`, and never
 * `suspected`.
 */
export const Sighting = Schema.Struct({
  at: Schema.Finite,
  event: Schema.Literals(["started", "stopped", "joined", "suspected", "failed", "left"]),
  observer: Schema.String,
  member: Schema.String
})
/** What one node saw of another. */
export type Sighting = typeof Sighting.Type

/** The answer to `events`. */
export const Events = Schema.Struct({ events: Schema.Array(Sighting) })

/** Ms of the machine's monotonic clock. */
export const monotonicMillis = (): number => Number(process.hrtime.bigint()) / 1e6
