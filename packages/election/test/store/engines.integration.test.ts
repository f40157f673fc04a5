import { requireEngine, startEtcdCluster, startPostgres, startRqliteCluster } from "@coterie/tools-engines"
import { assert, describe, it } from "@effect/vitest"
import { Context, Duration, Effect, Layer, Redacted, Schedule } from "effect"
import { Client } from "pg"

import { LeaseStore } from "../../src/index.ts"
import { layerEtcd } from "../../src/store/etcd.ts"
import { layerPostgres, leaseLock } from "../../src/store/postgres.ts"
import { layerRqlite } from "../../src/store/rqlite.ts"
import { post, urlsOf } from "../support/leaseEngines.ts"
import { selfSigned } from "../support/selfSigned.ts"

const open = (store: Layer.Layer<LeaseStore>) =>
  Effect.map(Layer.build(store), (context) => Context.get(context, LeaseStore))

const connect = (url: string) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const client = new Client(url)
      await client.connect()
      return client
    }),
    (client) => Effect.promise(() => client.end())
  )

const claim = { from: undefined, holder: "a#1", ttlMillis: 5000, epochMin: 1 }

describe.skipIf(!requireEngine("rqlite", "leases in rqlite over TLS").available)("leases in rqlite", () => {
  it.live("over TLS with a user of few rights; another user, or no trust, is refused", () =>
    Effect.gen(function* () {
      const { certificate, files } = yield* selfSigned
      const { nodes } = yield* startRqliteCluster({
        voters: 1,
        tls: files,
        users: [
          { username: "admin", password: "s3cret", perms: ["all"] },
          { username: "lease", password: "pass:word", perms: ["execute", "query"] }
        ]
      })
      const urls = urlsOf(nodes)
      const as = (username: string, password: string, tls = { ca: certificate }) =>
        open(layerRqlite({ urls, tls, auth: { username, password: Redacted.make(password) } }))
      const store = yield* as("lease", "pass:word")
      assert.strictEqual(yield* store.takeOver("x", claim), 1)
      const stranger = yield* as("lease", "wrong")
      assert.strictEqual((yield* Effect.flip(stranger.read("x"))).reason._tag, "Unauthorized")
      const untrusting = yield* open(layerRqlite({ urls }))
      assert.strictEqual((yield* Effect.flip(untrusting.read("x"))).reason._tag, "Unavailable")
    })
  )
})

describe.skipIf(!requireEngine("etcd", "leases in etcd with users").available)("leases in etcd", () => {
  it.live("with a user who may only use the keys under the prefix; a wrong password is refused", () =>
    Effect.gen(function* () {
      const { nodes } = yield* startEtcdCluster({ nodes: 1 })
      const urls = urlsOf(nodes)
      const admin = (path: string, body: unknown) =>
        Effect.promise(() => post(`${urls[0]}/v3/auth/${path}`, body))
      yield* admin("user/add", { name: "root", password: "s3cret" })
      yield* admin("user/grant", { user: "root", role: "root" })
      yield* admin("role/add", { name: "leases" })
      const key = Buffer.from("mine/").toString("base64")
      const rangeEnd = Buffer.from("mine0").toString("base64")
      yield* admin("role/grant", {
        name: "leases",
        perm: { permType: "READWRITE", key, range_end: rangeEnd }
      })
      yield* admin("user/add", { name: "a", password: "pass" })
      yield* admin("user/grant", { user: "a", role: "leases" })
      yield* admin("enable", {})
      const as = (password: string, prefix: string) =>
        open(
          layerEtcd({
            urls,
            prefix,
            auth: { username: "a", password: Redacted.make(password) },
            // etcd hashes passwords slowly on purpose.
            timeout: Duration.seconds(10)
          })
        )
      const store = yield* as("pass", "mine/")
      const epoch = (yield* store.takeOver("x", claim)) ?? 0
      assert.isTrue(yield* store.renew("x", { holder: "a#1", epoch }))
      assert.isTrue(yield* store.release("x", { holder: "a#1", epoch }))
      for (const [password, prefix] of [
        ["wrong", "mine/"],
        ["pass", "yours/"]
      ] as const) {
        const stranger = yield* as(password, prefix)
        assert.strictEqual((yield* Effect.flip(stranger.read("x"))).reason._tag, "Unauthorized")
      }
    })
  )

  it.live("a member that dies costs one call; a minority says at once that it has no leader", () =>
    Effect.gen(function* () {
      const { nodes } = yield* startEtcdCluster()
      const [first, second, third] = nodes
      const store = yield* open(layerEtcd({ urls: urlsOf(nodes) }))
      yield* store.takeOver("x", claim)
      yield* first?.kill() ?? Effect.void
      yield* Effect.ignore(store.read("x"))
      // Where the first one led, the others elect anew, and say so at once until they have.
      const lease = yield* store
        .read("x")
        .pipe(Effect.retry({ schedule: Schedule.spaced("20 millis") }), Effect.timeout("10 seconds"))
      assert.strictEqual(lease?.holder, "a#1")
      yield* second?.kill() ?? Effect.void
      const alone = yield* open(layerEtcd({ urls: [third?.url ?? ""], timeout: Duration.seconds(10) }))
      const error = yield* Effect.flip(alone.read("x"))
      assert.strictEqual(error.reason._tag, "Unavailable", error.message)
    })
  )

  it.live("the key of a holder that does not renew goes by itself", () =>
    Effect.gen(function* () {
      const { nodes } = yield* startEtcdCluster({ nodes: 1 })
      const store = yield* open(layerEtcd({ urls: urlsOf(nodes) }))
      const epoch = (yield* store.takeOver("x", { ...claim, ttlMillis: 2000 })) ?? 0
      yield* store
        .read("x")
        .pipe(Effect.repeat({ until: (lease) => lease === undefined }), Effect.timeout("10 seconds"))
      assert.isFalse(yield* store.renew("x", { holder: "a#1", epoch }))
    })
  )
})

describe.skipIf(!requireEngine("postgres", "leases in PostgreSQL").available)("leases in PostgreSQL", () => {
  it.live("while a leader's transaction has the lease locked it is not taken over, and still renewed", () =>
    Effect.gen(function* () {
      const { url } = yield* startPostgres()
      const store = yield* open(layerPostgres({ url: Redacted.make(url), timeout: Duration.millis(500) }))
      yield* store.takeOver("x", claim)
      const client = yield* connect(url)
      const { parameters, sql } = leaseLock("x", 1)
      yield* Effect.promise(async () => {
        await client.query("BEGIN")
        assert.strictEqual((await client.query(sql, [...parameters])).rowCount, 1)
      })
      assert.isTrue(yield* store.renew("x", { holder: "a#1", epoch: 1 }))
      const next = { ...claim, from: yield* store.read("x"), holder: "b#1", epochMin: 2 }
      const waited = yield* Effect.flip(store.takeOver("x", next))
      assert.include(["TimedOut", "Unavailable"], waited.reason._tag)
      assert.isTrue(yield* store.renew("x", { holder: "a#1", epoch: 1 }))
      yield* Effect.promise(() => client.query("COMMIT"))
      const from = yield* store.read("x")
      assert.strictEqual(yield* store.takeOver("x", { ...next, from }), 2)
      assert.strictEqual((yield* Effect.promise(() => client.query(sql, [...parameters]))).rowCount, 0)
    })
  )

  it.live("a user who may not create tables uses one that is there; a stranger is refused", () =>
    Effect.gen(function* () {
      const { query, url } = yield* startPostgres()
      const owner = yield* open(layerPostgres({ url: Redacted.make(url) }))
      yield* owner.takeOver("x", claim)
      yield* query(
        "CREATE ROLE few LOGIN; REVOKE CREATE ON SCHEMA public FROM PUBLIC; CREATE ROLE outsider LOGIN"
      )
      yield* query("GRANT SELECT, INSERT, UPDATE ON coterie_lease TO few")
      const as = (user: string) =>
        open(layerPostgres({ url: Redacted.make(url.replace("coterie@", `${user}@`)) }))
      const few = yield* as("few")
      assert.isTrue(yield* few.renew("x", { holder: "a#1", epoch: 1 }))
      for (const user of ["outsider", "nobody_at_all"]) {
        const stranger = yield* as(user)
        assert.strictEqual((yield* Effect.flip(stranger.read("x"))).reason._tag, "Unauthorized")
      }
    })
  )

  it.live("a server that was restarted is used again", () =>
    Effect.gen(function* () {
      const { node, url } = yield* startPostgres()
      const store = yield* open(layerPostgres({ url: Redacted.make(url) }))
      yield* store.takeOver("x", claim)
      yield* node.restart()
      const lease = yield* store.read("x").pipe(Effect.retry({ times: 3 }))
      assert.strictEqual(lease?.holder, "a#1")
    })
  )
})
