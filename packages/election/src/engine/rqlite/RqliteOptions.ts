/** The options of the rqlite driver: which groups, how they are reached, and how long each call may take. */
import { Duration, Effect, Schema } from "effect"

const duration = (value: Duration.Input) =>
  Schema.DurationFromString.pipe(
    Schema.withDecodingDefaultTypeKey(Effect.sync(() => Duration.fromInputUnsafe(value))),
    Schema.withConstructorDefault(Effect.sync(() => Duration.fromInputUnsafe(value)))
  )

const count = (value: number, minimum: number, maximum: number) =>
  Schema.Int.check(Schema.isBetween({ minimum, maximum })).pipe(
    Schema.withDecodingDefaultTypeKey(Effect.succeed(value)),
    Schema.withConstructorDefault(Effect.succeed(value))
  )

/** The origin of an rqlite HTTP API, such as `http://127.0.0.1:4001`; no path, no user name. */
const RqliteUrl = Schema.String.check(
  Schema.makeFilter((text) => {
    const url = URL.canParse(text) ? new URL(text) : undefined
    const isOrigin = url !== undefined && /^https?:$/.test(url.protocol) && url.href === `${url.origin}/`
    return isOrigin ? undefined : "expected an http or https origin such as http://127.0.0.1:4001"
  })
)

/** HTTP Basic credentials; the user needs rqlite's permissions `status`, `ready` and `leader-ops`. */
export const RqliteAuth = Schema.Struct({
  /** Without a colon, which Basic authentication cannot carry. */
  username: Schema.NonEmptyString.check(Schema.isPattern(/^[^:]*$/)),
  password: Schema.RedactedFromValue(Schema.String)
})
/** HTTP Basic credentials. */
export type RqliteAuth = typeof RqliteAuth.Type

/** TLS towards `https` nodes; all files as PEM text. */
export const RqliteTls = Schema.Struct({
  /** Authorities that may sign a node's certificate. Default: the public ones. */
  ca: Schema.optionalKey(Schema.String),
  /** This client's certificate, for nodes that verify clients. */
  cert: Schema.optionalKey(Schema.String),
  /** The key of `cert`. */
  key: Schema.optionalKey(Schema.RedactedFromValue(Schema.String)),
  /** Name to expect in a node's certificate. Default: the host in its URL. */
  servername: Schema.optionalKey(Schema.String),
  /** Refuse a certificate that does not verify. Default true; false only for trials. */
  rejectUnauthorized: Schema.Boolean.pipe(
    Schema.withDecodingDefaultTypeKey(Effect.succeed(true)),
    Schema.withConstructorDefault(Effect.succeed(true))
  )
})
/** TLS towards `https` nodes. */
export type RqliteTls = typeof RqliteTls.Type

const RqliteGroup = Schema.Struct({
  /** The group's name in status, metrics and decisions; 1 to 256 characters, unique. */
  name: Schema.NonEmptyString.check(Schema.isMaxLength(256)),
  /** The group's local rqlite node. */
  url: RqliteUrl,
  /** Overrides the driver's `auth` for this group. */
  auth: Schema.optionalKey(RqliteAuth),
  /** Overrides the driver's `tls` for this group. */
  tls: Schema.optionalKey(RqliteTls)
})

/** Groups found as `<folder>/<any>/cluster-state.json` records `{ namespaceName, localPorts: { rqliteHttpPort } }`, read at every `list`. */
const RqliteDiscovery = Schema.Struct({
  folder: Schema.NonEmptyString,
  /** Scheme and host of the nodes that the records name by port. Default `http://127.0.0.1`. */
  origin: RqliteUrl.pipe(
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
  groups: Schema.Array(RqliteGroup)
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
  tls: Schema.optionalKey(RqliteTls),
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
}).check(
  Schema.makeFilter(({ groups, ...options }) => {
    const duplicate = groups.find(
      ({ name }, index) => groups.findIndex((group) => group.name === name) !== index
    )
    if (duplicate !== undefined) return `groups has two entries named ${duplicate.name}; names must be unique`
    const timing = Object.entries(options).find(
      ([, value]) =>
        Duration.isDuration(value) &&
        !(Duration.isFinite(value) && Duration.isGreaterThan(value, Duration.zero))
    )
    return timing === undefined ? undefined : `${timing[0]} must be more than zero, and finite`
  })
)
/** What the rqlite driver needs, defaults filled in. */
export type RqliteOptions = typeof RqliteOptions.Type
