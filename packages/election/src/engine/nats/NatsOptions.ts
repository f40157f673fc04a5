/** The options of the NATS driver: the local server, who asks it, and how long each call may take. */
import { Effect, Schema } from "effect"

import { count, duration, EngineTls, untimely } from "../optionFields.ts"

/** A server's client address, such as `nats://127.0.0.1:4222`; no path, no user name. Port 4222 unless given. */
const NatsUrl = Schema.String.check(
  Schema.makeFilter((text) => {
    const url = URL.canParse(text) ? new URL(text) : undefined
    const isAddress =
      url !== undefined &&
      /^(nats|tls):$/.test(url.protocol) &&
      url.hostname !== "" &&
      /^(nats|tls):\/\/[^/@?#]+\/?$/.test(text)
    return isAddress ? undefined : "expected a nats or tls address such as nats://127.0.0.1:4222"
  })
)

/** Who asks: a user with a password, a token, or the text of a credentials file with a JWT and its key. */
export const NatsAuth = Schema.Union([
  Schema.Struct({ username: Schema.NonEmptyString, password: Schema.RedactedFromValue(Schema.String) }),
  Schema.Struct({ token: Schema.RedactedFromValue(Schema.NonEmptyString) }),
  Schema.Struct({ credentials: Schema.RedactedFromValue(Schema.NonEmptyString) })
])
/** Who asks. */
export type NatsAuth = typeof NatsAuth.Type

/** What the NATS driver needs: one driver to a local server and an account. */
export const NatsOptions = Schema.Struct({
  /** The local server. */
  url: NatsUrl,
  /** Further servers of the cluster, at most 1000, for probes of those that the local server does not advertise. Default none. */
  servers: Schema.Array(NatsUrl)
    .check(Schema.isMaxLength(1000))
    .pipe(
      Schema.withDecodingDefaultTypeKey(Effect.succeed([])),
      Schema.withConstructorDefault(Effect.succeed([]))
    ),
  /** The account whose streams and consumers are the groups. Default: nobody, which many servers take for a default user. */
  auth: Schema.optionalKey(NatsAuth),
  /** The system account: adds terms, and the group `meta`. */
  system: Schema.optionalKey(NatsAuth),
  /** TLS to all servers. Without it TLS is used where a server demands or offers it, and public authorities count. */
  tls: Schema.optionalKey(EngineTls),
  /** Whether replicated consumers are groups too, beside streams. Default true. */
  consumers: Schema.Boolean.pipe(
    Schema.withDecodingDefaultTypeKey(Effect.succeed(true)),
    Schema.withConstructorDefault(Effect.succeed(true))
  ),
  /** Groups listed at most, 1 to 100 000; further ones are counted and left out. Default 1000. */
  groupsMax: count(1000, 1, 100_000),
  /** Deadline of a reading, connecting included. Default 5 s. */
  statusTimeout: duration("5 seconds"),
  /** Deadline of one probe of a server; where it has to connect first, that may take as long again. Default 3 s. */
  probeTimeout: duration("3 seconds"),
  /** Deadline of the answer to a step-down; JetStream gives none when the group has no leader. Default 5 s. */
  transferTimeout: duration("5 seconds"),
  /** How long to watch who leads after a step-down; an election takes 4 s to 9 s. Default 15 s. */
  verifyWindow: duration("15 seconds"),
  /** Pause between two looks while watching. Default 100 ms. */
  verifyInterval: duration("100 millis"),
  /** Largest answer that is looked at, 1 KiB to 64 MiB. Default 1 MiB. */
  responseBytesMax: count(1_048_576, 1024, 67_108_864)
}).check(Schema.makeFilter((options) => untimely(options)))
/** What the NATS driver needs, defaults filled in. */
export type NatsOptions = typeof NatsOptions.Type
