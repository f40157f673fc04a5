/** The options of the rqlite driver: which groups, how they are reached, and how long each call may take. */
import { Effect, Schema } from "effect"

import {
  count,
  duration,
  engineGroup,
  engineOptionProblem,
  EngineOrigin,
  EngineTls
} from "../optionFields.ts"

/** HTTP Basic credentials; the user needs rqlite's permissions `status`, `ready` and `leader-ops`. */
export const RqliteAuth = Schema.Struct({
  /** Without a colon, which Basic authentication cannot carry. */
  username: Schema.NonEmptyString.check(Schema.isPattern(/^[^:]*$/)),
  password: Schema.RedactedFromValue(Schema.String)
})
/** HTTP Basic credentials. */
export type RqliteAuth = typeof RqliteAuth.Type

/** Groups found as `<folder>/<any>/cluster-state.json` records `{ namespaceName, localPorts: { rqliteHttpPort } }`, read at every `list`. */
const RqliteDiscovery = Schema.Struct({
  folder: Schema.NonEmptyString,
  /** Scheme and host of the nodes that the records name by port. Default `http://127.0.0.1`. */
  origin: EngineOrigin.pipe(
    Schema.withDecodingDefaultTypeKey(Effect.succeed("http://127.0.0.1")),
    Schema.withConstructorDefault(Effect.succeed("http://127.0.0.1"))
  ),
  /** Folders looked into, in the order of their names, 1 to 100 000; further ones are counted and skipped. Default 1000. */
  recordsMax: count(1000, 1, 100_000),
  /** Size of one record, 64 B to 16 MiB; a larger one is counted and skipped. Default 64 KiB. */
  recordBytesMax: count(65_536, 64, 16_777_216)
})
/** Where groups are discovered. */
export type RqliteDiscovery = typeof RqliteDiscovery.Type

/** What the rqlite driver needs; with neither `groups` nor `discovery` it has no groups. */
export const RqliteOptions = Schema.Struct({
  /** Groups by name and URL, at most 1000. Default none. */
  groups: Schema.Array(engineGroup(RqliteAuth))
    .check(Schema.isMaxLength(1000))
    .pipe(
      Schema.withDecodingDefaultTypeKey(Effect.succeed([])),
      Schema.withConstructorDefault(Effect.succeed([]))
    ),
  /** Further groups from records in a data folder; a name in `groups` wins. */
  discovery: Schema.optionalKey(RqliteDiscovery),
  /** Credentials for all groups. */
  auth: Schema.optionalKey(RqliteAuth),
  /** TLS for all groups. */
  tls: Schema.optionalKey(EngineTls),
  /** Deadline of `GET /status`. Default 5 s. */
  statusTimeout: duration("5 seconds"),
  /** Deadline of `GET /nodes`; rqlite itself gets 4/5 of it, so that a hung node does not cost the whole answer. Default 5 s. */
  nodesTimeout: duration("5 seconds"),
  /** Deadline of one probe of a replica, waiting for another probe of the same replica included. Default 3 s. */
  probeTimeout: duration("3 seconds"),
  /** Deadline of `POST /leader`; above rqlite's own `-raft-election-timeout`, which ends a stuck transfer. Default 10 s. */
  transferTimeout: duration("10 seconds"),
  /** How long to watch who leads after a transfer; twice the election timeout when that is longer. Default 15 s. */
  verifyWindow: duration("15 seconds"),
  /** Pause between two looks while watching. Default 100 ms. */
  verifyInterval: duration("100 millis"),
  /** Largest answer that is read, 1 KiB to 64 MiB. Default 1 MiB. */
  responseBytesMax: count(1_048_576, 1024, 67_108_864)
}).check(Schema.makeFilter(engineOptionProblem))
/** What the rqlite driver needs, defaults filled in. */
export type RqliteOptions = typeof RqliteOptions.Type
