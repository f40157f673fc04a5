/**
 * The kinds of value a configuration holds, each as a codec from the text an operator writes.
 *
 * Every message completes the sentence "<path>: expected ...", and names an example of what would be right.
 */
import { Duration, Effect, Redacted, Schema, SchemaGetter } from "effect"

/** Text of a given form; `expected` completes "expected ...". */
export const matching = (pattern: RegExp, expected: string) =>
  Schema.String.annotate({ message: `expected ${expected}` }).check(
    Schema.isPattern(pattern, { message: `expected ${expected}` })
  )

/** Text of 1 to `length` printable ASCII characters without spaces. */
export const name = (length: number) =>
  matching(new RegExp(`^[\\x21-\\x7e]{1,${length}}$`), `1 to ${length} printable characters without spaces`)

const unitMillis: Readonly<Record<string, number>> = {
  d: 86_400_000,
  h: 3_600_000,
  m: 60_000,
  s: 1000,
  ms: 1
}
const durationPattern = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/

const parseDuration = (text: string): Duration.Duration => {
  const [, amount = "0", unit = "ms"] = durationPattern.exec(text) ?? []
  return Duration.millis(Number(amount) * (unitMillis[unit] ?? 1))
}

/** Writes a duration the way the configuration accepts it, in the largest unit that is exact: 90000 ms is "90s", 120000 ms is "2m". */
export const formatDuration = (duration: Duration.Duration): string => {
  const millis = Duration.toMillis(duration)
  const [unit, size] = Object.entries(unitMillis).find(([, size]) => millis > 0 && millis % size === 0) ?? [
    "ms",
    1
  ]
  return `${millis / size}${unit}`
}

/** A length of time between two bounds, written as 500ms, 1s, 2m, 1h or 1d. */
export const durationBetween = (minimum: string, maximum: string) =>
  matching(durationPattern, "a duration such as 500ms, 1s or 2m")
    .check(
      Schema.makeFilter((text: string) => {
        const millis = Duration.toMillis(parseDuration(text))
        return millis >= Duration.toMillis(parseDuration(minimum)) &&
          millis <= Duration.toMillis(parseDuration(maximum))
          ? undefined
          : `expected a duration from ${minimum} to ${maximum}`
      })
    )
    .pipe(
      Schema.decodeTo(Schema.Duration, {
        decode: SchemaGetter.transform(parseDuration),
        encode: SchemaGetter.transform(formatDuration)
      })
    )

/** An IP address or host name with a port. */
export interface HostPort {
  readonly host: string
  /** 0 lets the system choose a free port. */
  readonly port: number
}

const hostPortPattern = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9.-]+)):(\d{1,5})$/

/** Writes host:port, an IPv6 address in brackets. */
export const formatHostPort = ({ host, port }: HostPort): string =>
  host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`

/** The parts of host:port. */
export const parseHostPort = (text: string): HostPort => {
  const [, six, four = "", port] = hostPortPattern.exec(text) ?? []
  return { host: six ?? four, port: Number(port) }
}

/** Where to listen: host:port, an IPv6 address in brackets. */
export const HostPort = matching(hostPortPattern, "host:port such as 127.0.0.1:7480 or [::1]:7480")
  .check(
    Schema.makeFilter((text: string) =>
      parseHostPort(text).port <= 65_535 ? undefined : "expected a port from 0 to 65535"
    )
  )
  .pipe(
    Schema.decodeTo(Schema.Struct({ host: Schema.String, port: Schema.Int }), {
      decode: SchemaGetter.transform(parseHostPort),
      encode: SchemaGetter.transform(formatHostPort)
    })
  )

const loopback = /^(localhost|127(\.\d{1,3}){3}|::1)$/
const wildcard = /^(0\.0\.0\.0|::|0:0:0:0:0:0:0:0)$/

/** Whether the host reaches only this machine. */
export const isLoopback = (host: string): boolean => loopback.test(host)

/** Whether the host means every address of this machine, which no peer can dial. */
export const isWildcard = (host: string): boolean => wildcard.test(host)

const isHttpUrl = (text: string): boolean => {
  const url = URL.parse(text)
  return url !== null && /^https?:$/.test(url.protocol) && url.username === "" && url.password === ""
}

const url = (expected: string, isRight: (text: string) => boolean) =>
  Schema.String.annotate({ message: `expected ${expected}` }).check(
    Schema.makeFilter((text: string) => (isRight(text) ? undefined : `expected ${expected}`))
  )

/** An http or https URL; credentials have keys of their own, so that they are never printed with an address. */
export const HttpUrl = url("a URL such as http://10.0.0.5:7481, without user name or password", isHttpUrl)

/** Where peers reach a node: a URL for heartbeats over HTTP, host:port for SWIM. */
export const PeerAddress = url(
  "a URL such as http://10.0.0.5:7481, or with SWIM host:port such as 10.0.0.5:7481",
  (text) => isHttpUrl(text) || isDialable(text)
)

/** Where a SWIM cluster is found: host:port, or the name of a service record. */
export const SwimSeed = url(
  "host:port such as 10.0.0.5:7481, or a service record such as srv:_coterie._udp.example",
  (text) => isDialable(text) || /^srv:[A-Za-z0-9._-]{1,253}$/.test(text)
)

const isDialable = (text: string): boolean => {
  if (!hostPortPattern.test(text)) return false
  const { port } = parseHostPort(text)
  return port > 0 && port <= 65_535
}

/** The origin of an HTTP API: scheme, host and port. */
export const HttpOrigin = url(
  "an origin such as http://127.0.0.1:4001, without path, user name or password",
  (text) => isOrigin(text)
)

const isOrigin = (text: string): boolean =>
  isHttpUrl(text) && new URL(text).href === `${new URL(text).origin}/`

/** The address of a NATS server. */
export const NatsUrl = url(
  "an address such as nats://127.0.0.1:4222, without path, user name or password",
  (text) => isNatsUrl(text)
)

const isNatsUrl = (text: string): boolean => /^(nats|tls):\/\/[^/@?#\s]+\/?$/.test(text) && URL.canParse(text)

/** The address of an engine's node. */
export const EngineUrl = url(
  "an address such as http://127.0.0.1:4001 or nats://127.0.0.1:4222, without path, user name or password",
  (text) => isNatsUrl(text) || isOrigin(text)
)

/** The path of a file or folder. */
export const FilePath = matching(/^[^\0]+$/, "a path")

/** A secret; encodes to `***`, so that no dump of a configuration holds it. */
export const Secret = Schema.String.annotate({ message: "expected text" }).pipe(
  Schema.decodeTo(Schema.Redacted(Schema.String), {
    decode: SchemaGetter.transform((text: string) => Redacted.make(text)),
    encode: SchemaGetter.transform(() => "***")
  })
)

/** One of a few words. */
export const oneOf = <const Words extends ReadonlyArray<string>>(...words: Words) =>
  Schema.Literals(words).annotate({ message: `expected one of ${words.join(", ")}` })

/** true or false. */
export const Switch = Schema.Boolean.annotate({ message: "expected true or false" })

/** Documents a key that must be set. */
export const required = <S extends Schema.Top>(schema: S, description: string) =>
  schema.pipe(Schema.annotateKey({ description, messageMissingKey: "is required" }))

/** Documents a key that may be left out. */
export const optional = <S extends Schema.Top>(schema: S, description: string) =>
  Schema.optionalKey(schema).pipe(Schema.annotateKey({ description }))

/** Documents a key and gives it the default that applies when it is left out, as an operator would write it. */
export const withDefault = <S extends Schema.Top>(schema: S, fallback: S["Encoded"], description: string) =>
  schema.pipe(Schema.withDecodingDefaultKey(Effect.succeed(fallback)), Schema.annotateKey({ description }))

/** A group of keys under one name. */
export const section = <const Fields extends Schema.Struct.Fields>(fields: Fields) =>
  Schema.Struct(fields).annotate({ message: "expected a section: keys indented under it" })
