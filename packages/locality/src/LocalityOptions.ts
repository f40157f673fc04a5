/** The options of leader locality: one schema holds the defaults, the ranges and the relations between them. */
import { Duration, Effect, Schema } from "effect"

import { LocalityMode } from "./Decision.ts"

const duration = (value: Duration.Input) =>
  Schema.DurationFromString.pipe(
    Schema.withDecodingDefaultTypeKey(Effect.sync(() => Duration.fromInputUnsafe(value))),
    Schema.withConstructorDefault(Effect.sync(() => Duration.fromInputUnsafe(value)))
  )

const count = (value: number, maximum: number) =>
  Schema.Int.check(Schema.isBetween({ minimum: 1, maximum })).pipe(
    Schema.withDecodingDefaultTypeKey(Effect.succeed(value)),
    Schema.withConstructorDefault(Effect.succeed(value))
  )

const share = (value: number) =>
  Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 })).pipe(
    Schema.withDecodingDefaultTypeKey(Effect.succeed(value)),
    Schema.withConstructorDefault(Effect.succeed(value))
  )

const off = Schema.Boolean.pipe(
  Schema.withDecodingDefaultTypeKey(Effect.succeed(false)),
  Schema.withConstructorDefault(Effect.succeed(false))
)

/**
 * The policies by name: `nearestPeer` knows the leader's row alone; `quorumLatency` reckons with the distances between all voters;
 * `staticPreference` follows a list.
 */
export const PolicyName = Schema.Literals(["nearestPeer", "quorumLatency", "staticPreference"])
/** Name of a policy. */
export type PolicyName = typeof PolicyName.Type

/** How leadership is watched and moved. Nodes of one cluster should agree on them, but nothing breaks when they do not. */
export const LocalityOptions = Schema.Struct({
  /** Time between two passes; the first starts one interval after the start. 10 ms to 1 day, default 90 s. */
  interval: duration("90 seconds"),
  /** `nearestPeer`: a leader whose nearest voter is farther than this (strictly) is badly placed. Default 100 ms. */
  rttThreshold: duration("100 millis"),
  /** Rest of a group after each attempt, whatever its outcome; in memory, and shared between agents over `RowExchange`. Default 10 min. */
  cooldown: duration("10 minutes"),
  /** Least rest of a group after an attempt that did not move leadership to its target. Default 15 s: engines refuse writes up to 10 s. */
  failureFreeze: duration("15 seconds"),
  /** How long one voter's round of probes may take; the fastest probe that came back counts. Default 3 s. */
  probeTimeout: duration("3 seconds"),
  /** Probes of each voter in one round, 1 to 20; their minimum counts. Default 3. */
  probesPerRound: count(3, 20),
  /** Pause between two probes of one voter. Default 50 ms. */
  probeSpacing: duration("50 millis"),
  /** Groups that are read and measured at a time, 1 to 256. Default 16. */
  groupConcurrency: count(16, 256),
  /** Voters of a group probed at a time, 1 to 64. Default 8. */
  probeConcurrency: count(8, 64),
  /** How long reading and measuring one group may take, so that a hung engine holds up no other group. Default 15 s. */
  evaluationTimeout: duration("15 seconds"),
  /** How long a transfer, its verification included, may take before it counts as failed with `TimedOut`. Default 60 s. */
  transferTimeout: duration("60 seconds"),
  /** `advise` computes and reports, `act` also transfers. Default `advise`. */
  mode: LocalityMode.pipe(
    Schema.withDecodingDefaultTypeKey(Effect.succeed("advise" as const)),
    Schema.withConstructorDefault(Effect.succeed("advise" as const))
  ),
  /** Which rule decides. Default `nearestPeer`. */
  policy: PolicyName.pipe(
    Schema.withDecodingDefaultTypeKey(Effect.succeed("nearestPeer" as const)),
    Schema.withConstructorDefault(Effect.succeed("nearestPeer" as const))
  ),
  /** `quorumLatency`, `staticPreference`: looks in a row that must want the same transfer, 1 to 1000. Default 3. */
  persistenceRounds: count(3, 1000),
  /** `quorumLatency`, `staticPreference`: how long the same transfer must be wanted. Default 60 s. */
  persistence: duration("60 seconds"),
  /** `quorumLatency`, `staticPreference`: no transfer for so long after leadership changed or was first seen. Default 60 s. */
  settle: duration("60 seconds"),
  /** `quorumLatency`, `staticPreference`: attempts in 24 h, by all agents, before the group is frozen, 1 to 32. Default 3. */
  attemptsPerDay: count(3, 32),
  /** `quorumLatency`: how soon a transfer must win back what it cost; else the group is frozen for 24 h. Default 1 h. */
  payback: duration("1 hour"),
  /** `quorumLatency`, `staticPreference`: least time between two attempts to evacuate a group from a draining node. Default 30 s. */
  evacuationInterval: duration("30 seconds"),
  /** `quorumLatency`: least gain of an operation. Default 5 ms. */
  minGain: duration("5 millis"),
  /** `quorumLatency`: least gain as a share of what an operation costs now, 0 to 1. Default 0.05. */
  minGainRatio: share(0.05),
  /** `quorumLatency`: share of the operations that need a quorum, 0 to 1. Default 1. */
  quorumShare: share(1),
  /** `quorumLatency`: rounds of a link before its round trip counts, 1 to 8. Default 3. */
  minRounds: count(3, 8),
  /** `quorumLatency`: decide on links that nobody measured too, by their estimates. Default false. */
  allowEstimated: off,
  /** `quorumLatency`: let an engine that cannot name a target choose the next leader, when that gains on average. Default false. */
  allowUntargeted: off,
  /** `quorumLatency`, `staticPreference`: move nothing while any voter is away, rather than while none is to spare. Default false. */
  strictAllReachable: off,
  /** `staticPreference`: replica ids, the most preferred first, at most 100. Default none. */
  preference: Schema.Array(Schema.String)
    .check(Schema.isMaxLength(100))
    .pipe(
      Schema.withDecodingDefaultTypeKey(Effect.succeed([])),
      Schema.withConstructorDefault(Effect.succeed([]))
    ),
  /** Decisions kept for `recent` and for a slow reader of `decisions`, 1 to 100 000. Default 1000. */
  history: count(1000, 100_000)
}).check(
  Schema.makeFilter((options) => {
    const endless = Object.entries(options).find(
      ([, value]) => Duration.isDuration(value) && !(Duration.isFinite(value) && !Duration.isNegative(value))
    )
    if (endless !== undefined) return `${endless[0]} must be finite and not negative`
    if (!Duration.between(options.interval, { minimum: Duration.millis(10), maximum: Duration.days(1) })) {
      return "interval must be 10 ms to 1 day"
    }
    if (Duration.isZero(options.probeTimeout)) return "probeTimeout must be more than 0"
    return Duration.isLessThan(options.probeTimeout, options.evaluationTimeout)
      ? undefined
      : "evaluationTimeout must be longer than probeTimeout"
  })
)
/** How leadership is watched and moved, with every default filled in. */
export type LocalityOptions = typeof LocalityOptions.Type
/** The options as a caller gives them: everything may be left out. */
export type LocalityOptionsInput = (typeof LocalityOptions)["~type.make.in"]
