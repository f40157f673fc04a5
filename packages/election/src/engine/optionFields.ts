/** The options that drivers of engines have in common: durations, bounds, origins and TLS. */
import { Duration, Effect, Schema } from "effect"

/** A duration with a default. */
export const duration = (value: Duration.Input) =>
  Schema.DurationFromString.pipe(
    Schema.withDecodingDefaultTypeKey(Effect.sync(() => Duration.fromInputUnsafe(value))),
    Schema.withConstructorDefault(Effect.sync(() => Duration.fromInputUnsafe(value)))
  )

/** A whole number within bounds, with a default. */
export const count = (value: number, minimum: number, maximum: number) =>
  Schema.Int.check(Schema.isBetween({ minimum, maximum })).pipe(
    Schema.withDecodingDefaultTypeKey(Effect.succeed(value)),
    Schema.withConstructorDefault(Effect.succeed(value))
  )

/** Says which option is a duration of zero, less, or for ever; undefined when none is. */
export const untimely = (options: Readonly<Record<string, unknown>>): string | undefined => {
  const found = Object.entries(options).find(
    ([, value]) =>
      Duration.isDuration(value) &&
      !(Duration.isFinite(value) && Duration.isGreaterThan(value, Duration.zero))
  )
  return found === undefined ? undefined : `${found[0]} must be more than zero, and finite`
}

/** The origin of an engine's HTTP API, such as `http://127.0.0.1:2379`; no path, no user name. */
export const EngineOrigin = Schema.String.check(
  Schema.makeFilter((text) => {
    const url = URL.canParse(text) ? new URL(text) : undefined
    const isOrigin = url !== undefined && /^https?:$/.test(url.protocol) && url.href === `${url.origin}/`
    return isOrigin ? undefined : "expected an http or https origin such as http://127.0.0.1:2379"
  })
)

/** TLS towards an engine's nodes; all files as PEM text. */
export const EngineTls = Schema.Struct({
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
/** TLS towards an engine's nodes. */
export type EngineTls = typeof EngineTls.Type

/** One group of an engine, with credentials and TLS of its own when it needs others than the rest. */
export const engineGroup = <Auth extends Schema.Top>(auth: Auth) =>
  Schema.Struct({
    /** The group's name in status, metrics and decisions; 1 to 256 characters, unique. */
    name: Schema.NonEmptyString.check(Schema.isMaxLength(256)),
    /** The group's local engine node. */
    url: EngineOrigin,
    auth: Schema.optionalKey(auth),
    tls: Schema.optionalKey(EngineTls)
  })

/** What is wrong with the options of a driver as a whole: a group named twice, or a duration out of bounds. */
export const engineOptionProblem = ({
  groups,
  ...options
}: {
  readonly groups: ReadonlyArray<{ readonly name: string }>
}): string | undefined => {
  const names = groups.map(({ name }) => name)
  const duplicate = names.find((name, index) => names.indexOf(name) !== index)
  return duplicate === undefined
    ? untimely(options)
    : `groups has two entries named ${duplicate}; names must be unique`
}
