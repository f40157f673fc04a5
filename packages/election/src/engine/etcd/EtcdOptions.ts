/** The options of the etcd driver: which clusters, how they are reached, and how long each call may take. */
import { Effect, Schema } from "effect"

import { count, duration, engineGroup, engineOptionProblem, EngineTls } from "../optionFields.ts"

/** An etcd user; asked for a token once, and again when etcd forgot the token. */
export const EtcdAuth = Schema.Struct({
  username: Schema.NonEmptyString,
  password: Schema.RedactedFromValue(Schema.String)
})
/** An etcd user. */
export type EtcdAuth = typeof EtcdAuth.Type

/** What the etcd driver needs. */
export const EtcdOptions = Schema.Struct({
  /** Clusters, each of which is one group, by name and URL of the local member; at most 1000. Default none. */
  groups: Schema.Array(engineGroup(EtcdAuth))
    .check(Schema.isMaxLength(1000))
    .pipe(
      Schema.withDecodingDefaultTypeKey(Effect.succeed([])),
      Schema.withConstructorDefault(Effect.succeed([]))
    ),
  /** Credentials for all groups. */
  auth: Schema.optionalKey(EtcdAuth),
  /** TLS for all groups. */
  tls: Schema.optionalKey(EngineTls),
  /** Deadline of a reading of the local member, a new token included. Default 5 s. */
  statusTimeout: duration("5 seconds"),
  /** Deadline of one probe of a member, waiting for another probe of the same member included. Default 3 s. */
  probeTimeout: duration("3 seconds"),
  /** Deadline of a transfer. etcd has none of its own: with a target that hangs it would never answer. Default 10 s. */
  transferTimeout: duration("10 seconds"),
  /** How long to watch who leads after a transfer; keep it above twice `--election-timeout`. Default 15 s. */
  verifyWindow: duration("15 seconds"),
  /** Pause between two looks while watching. Default 100 ms. */
  verifyInterval: duration("100 millis"),
  /** Largest answer that is read, 1 KiB to 64 MiB. Default 1 MiB. */
  responseBytesMax: count(1_048_576, 1024, 67_108_864)
}).check(Schema.makeFilter(engineOptionProblem))
/** What the etcd driver needs, defaults filled in. */
export type EtcdOptions = typeof EtcdOptions.Type
