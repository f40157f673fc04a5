/** Leases as keys of etcd, in the JSON of its gateway: bytes are base64, 64-bit numbers are decimal text, what is zero or empty is left out. */
import { Effect, Result, Schema } from "effect"

import { ProtocolViolation } from "../ConsensusGroups.ts"

/** A condition of an etcd transaction, as JSON. */
export interface EtcdCompare {
  readonly key: string
  readonly target: "CREATE" | "VERSION" | "VALUE"
  readonly result: "EQUAL" | "GREATER" | "LESS"
  readonly create_revision?: string
  readonly version?: string
  readonly value?: string
}

/** The key of a lease. */
export const encodeKey = (prefix: string, name: string): string => base64(`${prefix}${name}`)

/** The value of a lease: holder and time to live, each on a line. */
export const encodeValue = (holder: string, ttlMillis: number): string => base64(`${holder}\n${ttlMillis}`)

/** The key is there, and was created at this revision; 0 for a key that is not there. */
export const epochIs = (key: string, epoch: number): EtcdCompare => ({
  key,
  target: "CREATE",
  result: "EQUAL",
  create_revision: String(epoch)
})

/** The key was written as often as this since it was created. */
export const versionIs = (key: string, version: number): EtcdCompare => ({
  key,
  target: "VERSION",
  result: "EQUAL",
  version: String(version)
})

/** The value begins with the line of this holder: the next line is a number, and `:` follows `9` in ASCII. */
export const holderIs = (key: string, holder: string): ReadonlyArray<EtcdCompare> => [
  { key, target: "VALUE", result: "GREATER", value: base64(`${holder}\n`) },
  { key, target: "VALUE", result: "LESS", value: base64(`${holder}\n:`) }
]

/** A lease as etcd keeps it. */
export interface EtcdRow {
  readonly holder: string
  readonly ttlMillis: number
  /** The key's create revision. */
  readonly epoch: number
  readonly version: number
  /** Id of the etcd lease that the key is bound to, "0" for none. */
  readonly lease: string
}

const Count = Schema.FiniteFromString.check(
  Schema.isInt(),
  Schema.isBetween({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })
)
const Id = Schema.String.check(Schema.isPattern(/^-?\d{1,20}$/))
const Keys = Schema.Array(
  Schema.Struct({
    create_revision: Count,
    version: Count,
    value: Schema.String.check(Schema.isMaxLength(4096)),
    lease: Schema.optionalKey(Id)
  })
).check(Schema.isMaxLength(1))
const Range = Schema.Struct({ kvs: Schema.optionalKey(Keys) })
const Transaction = Schema.Struct({
  header: Schema.Struct({ revision: Count }),
  succeeded: Schema.optionalKey(Schema.Boolean),
  responses: Schema.optionalKey(
    Schema.Array(
      Schema.Struct({
        response_range: Schema.optionalKey(Range),
        response_delete_range: Schema.optionalKey(Schema.Struct({ prev_kvs: Schema.optionalKey(Keys) }))
      })
    ).check(Schema.isMaxLength(2))
  )
})
const Grant = Schema.Struct({ ID: Id })
const KeepAlive = Schema.Struct({ result: Schema.Struct({ TTL: Schema.optionalKey(Count) }) })

const bodyReader = <S extends Schema.Top & { readonly DecodingServices: never }>(what: string, schema: S) => {
  const decode = Schema.decodeUnknownResult(Schema.fromJsonString(schema))
  return (body: string): Effect.Effect<S["Type"], ProtocolViolation> => {
    const result = decode(body)
    return Result.isSuccess(result) ? Effect.succeed(result.success) : violation(what, result.failure.message)
  }
}

/** Reads the answer to a range. */
export const readRange = bodyReader("/v3/kv/range", Range)

/** Reads the answer to a transaction. */
export const readTransaction = bodyReader("/v3/kv/txn", Transaction)

/** Reads the answer to the grant of an etcd lease. */
export const readGrant = bodyReader("/v3/lease/grant", Grant)

/** Reads the first line of the answers to one keep-alive. */
export const readKeepAlive = bodyReader("/v3/lease/keepalive", KeepAlive)

/** The lease among the keys of an answer, if there is one. */
export const rowOf = Effect.fnUntraced(function* ({ kvs = [] }: typeof Range.Type) {
  const [found] = kvs
  if (found === undefined) return undefined
  const [, holder, ttlMillis] = /^(.{1,512})\n(\d{1,8})$/u.exec(text(found.value)) ?? []
  if (holder === undefined) {
    return yield* violation("/v3/kv/range", "the key of the lease has a value that no lease store wrote")
  }
  const row: EtcdRow = {
    holder,
    ttlMillis: Number(ttlMillis),
    epoch: found.create_revision,
    version: found.version,
    lease: found.lease ?? "0"
  }
  return row
})

const violation = (what: string, problem: string): Effect.Effect<never, ProtocolViolation> =>
  Effect.fail(new ProtocolViolation({ detail: `${what}: ${problem}` }))

const base64 = (plain: string): string => Buffer.from(plain).toString("base64")
const text = (encoded: string): string => Buffer.from(encoded, "base64").toString()
