/** The few requests to etcd that leases are made of, sent to one member after the other as they fail. */
import { Array, type Duration, Effect } from "effect"

import { ProtocolViolation, Unauthorized, Unavailable } from "../ConsensusGroups.ts"
import { makeEngineHttp, type Silence } from "../engine/EngineHttp.ts"
import { type EtcdRefused, makeEtcdClient } from "../engine/etcd/EtcdClient.ts"
import type { EtcdAuth } from "../engine/etcd/EtcdOptions.ts"
import type { EngineTls } from "../engine/optionFields.ts"
import type { LeaseStoreError } from "../LeaseStore.ts"
import { makeEndpoints } from "./endpoints.ts"
import {
  epochIs,
  type EtcdCompare,
  type EtcdRow,
  readGrant,
  readKeepAlive,
  readRange,
  readTransaction,
  rowOf
} from "./etcdLease.ts"

type Failure = LeaseStoreError["reason"]

type Route = "/v3/kv/range" | "/v3/kv/txn" | "/v3/lease/grant" | "/v3/lease/keepalive" | "/v3/lease/revoke"

/** Requests to etcd; keys and values in base64, etcd leases by their id. */
export interface EtcdGateway {
  /** The lease as of now, linearizable. */
  row(key: string): Effect.Effect<EtcdRow | undefined, Failure>
  /** Creates the key unless it is there, bound to an etcd lease; returns its create revision. */
  create(key: string, value: string, lease: string): Effect.Effect<number | undefined, Failure>
  /** Writes the key as it is, if the conditions hold, so that its version rises; returns it. */
  touch(key: string, conditions: ReadonlyArray<EtcdCompare>): Effect.Effect<EtcdRow | undefined, Failure>
  /** Deletes the key if the conditions hold; returns what it was. */
  remove(key: string, conditions: ReadonlyArray<EtcdCompare>): Effect.Effect<EtcdRow | undefined, Failure>
  /** A new etcd lease, of whole seconds. */
  grant(ttlMillis: number): Effect.Effect<string, Failure>
  /** Gives an etcd lease its whole time to live again; false when it has ended. */
  keepAlive(lease: string): Effect.Effect<boolean, Failure>
  /** Ends an etcd lease; without success it ends by itself. */
  revoke(lease: string): Effect.Effect<void>
}

/** Makes the requests of one user to the members of one cluster. */
export const makeEtcdGateway = Effect.fnUntraced(function* (options: {
  readonly urls: readonly [string, ...ReadonlyArray<string>]
  readonly auth?: EtcdAuth | undefined
  readonly tls?: EngineTls | undefined
  readonly timeout: Duration.Duration
}) {
  const http = yield* makeEngineHttp({ engine: "etcd", responseBytesMax: 65_536 })
  const { auth, timeout, tls, urls } = options
  const member = (origin: string) => ({ origin, client: makeEtcdClient<Route>(http, { origin, auth, tls }) })
  const atMember = makeEndpoints(Array.map(urls, member))
  const ask = (path: Route, body: Readonly<Record<string, unknown>>): Effect.Effect<string, Failure> =>
    atMember(({ client, origin }) => client.ask(origin, { path, body, timeout, needsLeader: true })).pipe(
      Effect.mapError(failureOf)
    )
  const transaction = (compare: ReadonlyArray<EtcdCompare>, success: ReadonlyArray<unknown>) =>
    Effect.flatMap(ask("/v3/kv/txn", { compare, success }), readTransaction)

  return {
    row: (key) => ask("/v3/kv/range", { key }).pipe(Effect.flatMap(readRange), Effect.flatMap(rowOf)),
    create: (key, value, lease) =>
      Effect.map(
        transaction([epochIs(key, 0)], [{ request_put: { key, value, lease } }]),
        // The revision of the transaction, which is the one that created the key.
        ({ header, succeeded }) => (succeeded === true ? header.revision : undefined)
      ),
    touch: (key, conditions) =>
      Effect.flatMap(
        transaction(conditions, [
          { request_put: { key, ignore_value: true, ignore_lease: true } },
          { request_range: { key } }
        ]),
        ({ responses = [] }) => rowOf(responses[1]?.response_range ?? {})
      ),
    remove: (key, conditions) =>
      Effect.flatMap(
        transaction(conditions, [{ request_delete_range: { key, prev_kv: true } }]),
        ({ responses = [] }) => rowOf({ kvs: responses[0]?.response_delete_range?.prev_kvs ?? [] })
      ),
    grant: (ttlMillis) =>
      ask("/v3/lease/grant", { TTL: String(Math.ceil(ttlMillis / 1000)) }).pipe(
        Effect.flatMap(readGrant),
        Effect.map(({ ID }) => ID)
      ),
    keepAlive: (lease) =>
      ask("/v3/lease/keepalive", { ID: lease }).pipe(
        Effect.flatMap(readKeepAlive),
        Effect.map(({ result }) => (result.TTL ?? 0) > 0)
      ),
    revoke: (lease) => Effect.ignore(ask("/v3/lease/revoke", { ID: lease }))
  } satisfies EtcdGateway
})

const failureOf = (error: EtcdRefused | Silence): Failure => {
  if (error._tag !== "EtcdRefused") return error
  const { _tag, detail } = error.failure
  if (_tag === "Unauthorized" || _tag === "TokenRefused") return new Unauthorized({ detail })
  return _tag === "Unavailable" ? new Unavailable({ detail }) : new ProtocolViolation({ detail })
}
