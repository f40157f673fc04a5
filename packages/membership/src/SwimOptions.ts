/** The options of `SwimMembership`: who this node is, whom it trusts, and the timing of the protocol. */
import { Effect, Schema, SchemaIssue } from "effect"

import { optionProblems, type SwimOptions as SwimSettings, swimProfiles } from "./core/swim/options.ts"
import { ClusterName } from "./HeartbeatMessage.ts"
import { Metadata, NodeId } from "./Membership.ts"

/** Most seeds of one join. */
export const seedsMax = 16

const Count = Schema.Finite.check(Schema.isInt(), Schema.isGreaterThanOrEqualTo(0))
const Millis = Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0))
const Factor = Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0))

/** Single settings that differ from the profile's; their meaning stands with `SwimSettings`. */
const Settings = Schema.Struct({
  probeIntervalMillis: Schema.optionalKey(Millis),
  probeTimeoutMillis: Schema.optionalKey(Millis),
  helpers: Schema.optionalKey(Count.check(Schema.isLessThanOrEqualTo(16))),
  suspicionMult: Schema.optionalKey(Factor),
  suspicionMaxMult: Schema.optionalKey(Factor),
  confirmations: Schema.optionalKey(Count),
  awarenessMax: Schema.optionalKey(Count),
  retransmitMult: Schema.optionalKey(Factor),
  gossipIntervalMillis: Schema.optionalKey(Millis),
  gossipFanout: Schema.optionalKey(Count),
  gossipToTheDeadMillis: Schema.optionalKey(Millis),
  pushPullIntervalMillis: Schema.optionalKey(Millis),
  streamTimeoutMillis: Schema.optionalKey(Millis),
  streamPings: Schema.optionalKey(Schema.Boolean),
  packetBytesMax: Schema.optionalKey(Count),
  membersMax: Schema.optionalKey(Count),
  ghostsMax: Schema.optionalKey(Count),
  tombstonesMax: Schema.optionalKey(Count),
  tombstoneTtlMillis: Schema.optionalKey(Millis),
  userEventsMax: Schema.optionalKey(Count),
  userEventBytesMax: Schema.optionalKey(Count),
  pingReqsPerSecond: Schema.optionalKey(Count),
  healIntervalMillis: Schema.optionalKey(Millis),
  seedIntervalMillis: Schema.optionalKey(Millis),
  leaveTimeoutMillis: Schema.optionalKey(Millis),
  leavePropagateMillis: Schema.optionalKey(Millis),
  isolation: Schema.optionalKey(Schema.Boolean),
  onConflict: Schema.optionalKey(Schema.Literals(["shutdown", "takeover", "observe"]))
}) satisfies Schema.Codec<Partial<SwimSettings>>

/** Options of `SwimMembership`. The cluster, the keys and all timing should be equal on all members. */
export const SwimOptions = Schema.Struct({
  /** Cluster this node belongs to; packets and streams of others are refused. */
  cluster: ClusterName,
  /** This node's id. */
  self: NodeId,
  /** Keys of the cluster in base64 of 32 random bytes each; the first seals, each opens. At most 16. */
  keys: Schema.optionalKey(Schema.NonEmptyArray(Schema.Redacted(Schema.String))),
  /** `aes` encrypts; `hmac` only proves the sender. Default `aes`. */
  sealing: Schema.optionalKey(Schema.Literals(["aes", "hmac"])),
  /** Trust whoever reaches the port, instead of `keys`. */
  plaintext: Schema.optionalKey(Schema.Boolean),
  /** Addresses or names through which this node enters the cluster and finds it again; at most 16. */
  seeds: Schema.optionalKey(Schema.Array(Schema.NonEmptyString).check(Schema.isMaxLength(seedsMax))),
  /** Labels of this node from the start. */
  metadata: Schema.optionalKey(Metadata),
  /** Settings by kind of network. Default `lan`. */
  profile: Schema.optionalKey(Schema.Literals(["lan", "wan", "local", "fast"])),
  /** Single settings that differ from the profile's. */
  settings: Schema.optionalKey(Settings),
  /** File that keeps this node's generation over restarts; without it the wall clock at the start is the generation. */
  generationFile: Schema.optionalKey(Schema.NonEmptyString)
}).check(
  Schema.makeFilter(({ keys, plaintext }) => {
    const isPlain = plaintext === true
    if (keys === undefined && !isPlain) {
      return "keys are needed; `plaintext: true` trusts whoever reaches the port"
    }
    return keys !== undefined && isPlain ? "keys and `plaintext: true` exclude each other" : undefined
  }),
  Schema.makeFilter((options) => {
    const problems = optionProblems(settingsOf(options))
    return problems.length === 0 ? undefined : problems.join("; ")
  })
)
/** Options of `SwimMembership` after checks. */
export type SwimOptions = typeof SwimOptions.Type
/** Options of `SwimMembership` as written by the caller. */
export type SwimOptionsInput = (typeof SwimOptions)["~type.make.in"]

/** The options are unusable; nothing was started. */
export class SwimOptionsInvalid extends Schema.TaggedError<SwimOptionsInvalid>()("SwimOptionsInvalid", {
  detail: Schema.String
}) {
  override get message(): string {
    return `SWIM options refused: ${this.detail}`
  }
}

/** All settings of the protocol: the profile's, and those that differ. */
export const settingsOf = ({
  profile,
  settings
}: {
  readonly profile?: keyof typeof swimProfiles
  readonly settings?: Partial<SwimSettings>
}): SwimSettings => ({ ...swimProfiles[profile ?? "lan"], ...settings })

/** Checks what a caller wrote. */
export const checkSwimOptions = (input: SwimOptionsInput): Effect.Effect<SwimOptions, SwimOptionsInvalid> =>
  SwimOptions.makeEffect(input).pipe(
    Effect.mapError((issue) => new SwimOptionsInvalid({ detail: describe(issue) }))
  )

const describe = SchemaIssue.makeFormatterDefault()
