/**
 * `LeaseStore` in etcd 3.4 or newer, through its JSON gateway: a lease is a key, bound to an etcd lease of the same time to live.
 *
 * The epoch is the key's create revision, `seq` its version. etcd deletes the key of a holder that is gone; contenders need not rely on
 * that: they judge by their own clocks, as in every store. A user needs to read and write the keys under `prefix`.
 */
import { Effect, Layer, Schema } from "effect"

import type { Lease } from "../core/leaseContenderState.ts"
import { EtcdAuth } from "../engine/etcd/EtcdOptions.ts"
import { duration, EngineOrigin, EngineTls, untimely } from "../engine/optionFields.ts"
import { type Holder, LeaseStore, type TakeOver } from "../LeaseStore.ts"
import { type EtcdGateway, makeEtcdGateway } from "./etcdGateway.ts"
import {
  encodeKey,
  encodeValue,
  epochIs,
  type EtcdCompare,
  type EtcdRow,
  holderIs,
  versionIs
} from "./etcdLease.ts"
import { makeStoreCall } from "./storeCall.ts"

export { type EtcdCompare } from "./etcdLease.ts"

const defaultPrefix = "coterie/lease/"

/** Options of the store. */
export const EtcdLeaseOptions = Schema.Struct({
  /** Client URLs of members, 1 to 32. The first is asked until it fails, then the next. */
  urls: Schema.NonEmptyArray(EngineOrigin).check(Schema.isMaxLength(32)),
  /** The user, where authentication is on. */
  auth: Schema.optionalKey(EtcdAuth),
  /** TLS towards `https` members. */
  tls: Schema.optionalKey(EngineTls),
  /** What the keys begin with; 1 to 256 characters. Default `coterie/lease/`. */
  prefix: Schema.NonEmptyString.check(Schema.isMaxLength(256)).pipe(
    Schema.withDecodingDefaultTypeKey(Effect.succeed(defaultPrefix)),
    Schema.withConstructorDefault(Effect.succeed(defaultPrefix))
  ),
  /** Deadline of a call, which may take up to three requests. Default 2 s. */
  timeout: duration("2 seconds")
}).check(Schema.makeFilter(untimely))

/** Leases in etcd. Options that break a rule of `EtcdLeaseOptions` are a defect; a cluster that is down at the start is none. */
export const layerEtcd = (options: (typeof EtcdLeaseOptions)["~type.make.in"]): Layer.Layer<LeaseStore> =>
  Layer.effect(
    LeaseStore,
    Effect.suspend(() => make(EtcdLeaseOptions.make(options)))
  )

/**
 * The condition of an etcd transaction that holds while `token` is the epoch of a lease that is held (F3): put it under `compare`, and a
 * deposed leader's transaction does nothing. `prefix` as in the store's options.
 */
export const leaseCompare = (name: string, token: number, prefix: string = defaultPrefix): EtcdCompare =>
  epochIs(encodeKey(prefix, name), token)

const make = Effect.fnUntraced(function* (options: typeof EtcdLeaseOptions.Type) {
  const during = makeStoreCall("etcd", options.timeout)
  const gateway = yield* makeEtcdGateway(options)
  const keyOf = (name: string) => encodeKey(options.prefix, name)

  return LeaseStore.of({
    system: "etcd",
    read: (name) => Effect.map(gateway.row(keyOf(name)), leaseOf).pipe(during("read")),
    takeOver: (name, claim) => takeOver(gateway, keyOf(name), claim).pipe(during("takeOver")),
    renew: (name, by) => renew(gateway, keyOf(name), by).pipe(during("renew")),
    release: (name, by) => release(gateway, keyOf(name), by).pipe(during("release"))
  })
})

const leaseOf = (row: EtcdRow | undefined): Lease | undefined =>
  row === undefined
    ? undefined
    : { holder: row.holder, epoch: row.epoch, seq: row.version, ttlMillis: row.ttlMillis }

/** A key that is there is removed first, so that the new one has a create revision of its own; each of the two steps compares. */
const takeOver = Effect.fnUntraced(function* (gateway: EtcdGateway, key: string, claim: TakeOver) {
  const { from, holder, ttlMillis } = claim
  if (from !== undefined) {
    const removed = yield* gateway.remove(key, [epochIs(key, from.epoch), versionIs(key, from.seq)])
    if (removed === undefined) return undefined
  }
  const lease = yield* gateway.grant(ttlMillis)
  const epoch = yield* gateway.create(key, encodeValue(holder, ttlMillis), lease)
  if (epoch === undefined) yield* gateway.revoke(lease)
  return epoch
})

/** Confirmed is that the key is the holder's, and that etcd will keep it for the whole time to live. */
const renew = Effect.fnUntraced(function* (gateway: EtcdGateway, key: string, { epoch, holder }: Holder) {
  const row = yield* gateway.touch(key, [epochIs(key, epoch), ...holderIs(key, holder)])
  return row !== undefined && (yield* gateway.keepAlive(row.lease))
})

const release = Effect.fnUntraced(function* (gateway: EtcdGateway, key: string, { epoch, holder }: Holder) {
  const row = yield* gateway.remove(key, [epochIs(key, epoch), ...holderIs(key, holder)])
  if (row !== undefined) yield* gateway.revoke(row.lease)
  return row !== undefined
})
