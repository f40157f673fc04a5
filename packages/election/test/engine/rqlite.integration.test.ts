import { execFileSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

import {
  requireEngine,
  type RqliteCluster,
  type RqliteClusterOptions,
  startRqliteCluster
} from "@coterie/tools-engines"
import { assert, describe, it, layer } from "@effect/vitest"
import { Context, Duration, Effect, Layer, Redacted } from "effect"

import type { ConsensusError, ConsensusGroups } from "../../src/ConsensusGroups.ts"
import { consensusGroupsContract, GroupsWorld } from "../../src/testing/index.ts"
import { freeze } from "../support/freeze.ts"
import { present } from "../support/present.ts"
import type { Options } from "../support/rqliteDrivers.ts"
import { driverAt } from "../support/rqliteDrivers.ts"
import { agreed, rqliteTraps } from "../support/rqliteTraps.ts"

/** Deadlines of the default kind, but for hung nodes, which are waited for often. */
const timing = {
  statusTimeout: Duration.seconds(2),
  nodesTimeout: Duration.seconds(2),
  probeTimeout: Duration.seconds(1),
  transferTimeout: Duration.seconds(10),
  verifyWindow: Duration.seconds(15),
  verifyInterval: Duration.millis(50)
} satisfies Options

class Cluster extends Context.Service<Cluster, RqliteCluster>()(
  "@coterie/election/test/engine/rqlite.integration.test/Cluster"
) {}

const cluster = Layer.effect(Cluster, startRqliteCluster({ voters: 3, nonVoters: 1 }))

const rqliteWorld = Layer.effect(
  GroupsWorld,
  Effect.gen(function* () {
    const { nodes } = yield* Cluster
    const drivers = new Map<string, ConsensusGroups["Service"]>()
    for (const { id, url } of nodes) drivers.set(id, yield* driverAt(url, timing))
    const node = (id: string) => present(nodes.find((candidate) => candidate.id === id))
    const dead = new Set<string>()
    return GroupsWorld.of({
      group: "default",
      voters: ["1", "2", "3"],
      nonVoter: "4",
      at: (replica) => present(drivers.get(replica)),
      hang: (replica) => Effect.sync(() => freeze(present(node(replica).pid))),
      kill: (replica) =>
        Effect.andThen(
          Effect.sync(() => dead.add(replica)),
          node(replica).kill()
        ),
      revive: (replica) =>
        dead.delete(replica) ? Effect.orDie(node(replica).restart()) : node(replica).resume()
    })
  })
)

describe.skipIf(!requireEngine("rqlite", "the rqlite driver").available)(
  "the rqlite driver on rqlited",
  () => {
    layer(rqliteWorld.pipe(Layer.provideMerge(cluster)), {
      timeout: "60 seconds",
      excludeTestServices: true
    })("ConsensusGroups", (it) => {
      for (const { name, run } of consensusGroupsContract) it.effect(name, () => run)
    })

    layer(cluster, { timeout: "60 seconds", excludeTestServices: true })(
      "the server behaves as the fake does",
      (it) => {
        for (const { name, run } of rqliteTraps) {
          it.effect(name, () =>
            Effect.flatMap(Cluster, ({ nodes }) =>
              run({ urls: new Map(nodes.map(({ id, url }) => [id, url])), nonVoter: "4" })
            )
          )
        }
      }
    )

    it.live("one call moves leadership, and a hung target stops it before anything is sent", () =>
      Effect.gen(function* () {
        const { nodes, one, two, three } = yield* startThree()
        const sent: Array<string> = []
        const onRequest = (method: string, path: string) => void sent.push(`${method} ${path}`)
        const groups = yield* driverAt(one.url, timing, { onRequest })

        freeze(present(two.pid))
        const error = yield* Effect.flip(groups.transferLeadership("default", two.id))
        assert.strictEqual(error.reason._tag, "NotEligible")
        assert.notInclude(sent, "POST /leader")
        yield* two.resume()

        const outcome = yield* groups.transferLeadership("default", three.id)
        assert.strictEqual(outcome._tag, "Moved")
        assert.strictEqual(sent.filter((request) => request === "POST /leader").length, 1)
        const { leader } = yield* agreed({
          urls: new Map(nodes.map(({ id, url }) => [id, url])),
          nonVoter: ""
        })
        assert.strictEqual(leader, three.id)
      }).pipe(Effect.scoped)
    )

    it.live(
      "a transfer whose target hangs after it was probed fails, and says that the target did not answer",
      () =>
        Effect.gen(function* () {
          const { one, two } = yield* startThree()

          // The last request before the transfer is a second look at the local node: hang the target there.
          let looks = 0
          const hang = (method: string, path: string) => {
            if (`${method} ${path}` === "GET /status" && ++looks === 2) freeze(present(two.pid))
          }
          const groups = yield* driverAt(
            one.url,
            { ...timing, verifyWindow: Duration.seconds(3) },
            { onRequest: hang }
          )
          const error = yield* Effect.flip(groups.transferLeadership("default", two.id))
          assert.strictEqual(error.reason._tag, "TimedOut")
          yield* two.resume()
        }).pipe(Effect.scoped)
    )

    it.live("credentials: all is well with the permissions, and Unauthorized without", () =>
      Effect.gen(function* () {
        const { one, two } = yield* startThree({
          users: [
            { username: "admin", password: "a", perms: ["all"] },
            { username: "agent", password: "s3cret:ü", perms: ["status", "ready", "leader-ops"] },
            { username: "reader", password: "r", perms: ["status", "ready"] }
          ]
        })

        const as = (username: string, password: string) =>
          driverAt(one.url, { ...timing, auth: { username, password: Redacted.make(password) } })

        const nobody = yield* driverAt(one.url, timing)
        assert.strictEqual(yield* reasonOf(nobody.status("default")), "Unauthorized")
        const stranger = yield* as("agent", "wrong")
        assert.strictEqual(yield* reasonOf(stranger.reachability("default")), "Unauthorized")
        const reader = yield* as("reader", "r")
        assert.strictEqual(yield* reasonOf(reader.transferLeadership("default", two.id)), "Unauthorized")
        const agent = yield* as("agent", "s3cret:ü")
        assert.strictEqual((yield* agent.transferLeadership("default", two.id))._tag, "Moved")
      }).pipe(Effect.scoped)
    )

    it.live("TLS: works with the right authority and client certificate, and is Unavailable without", () =>
      Effect.gen(function* () {
        const files = yield* selfSigned
        const { one, two } = yield* startThree({
          tls: { ...files, authority: files.certificate, verifyClient: true }
        })

        const [certificate, key] = [readFileSync(files.certificate, "utf8"), readFileSync(files.key, "utf8")]
        const tls = { ca: certificate, cert: certificate, key: Redacted.make(key) }

        const strict = yield* driverAt(one.url, timing)
        assert.strictEqual((yield* Effect.flip(strict.status("default"))).reason._tag, "Unavailable")
        const anonymous = yield* driverAt(one.url, { ...timing, tls: { ca: certificate } })
        assert.strictEqual((yield* Effect.flip(anonymous.status("default"))).reason._tag, "Unavailable")
        const groups = yield* driverAt(one.url, { ...timing, tls })
        assert.isAbove(Duration.toMillis(yield* groups.probe("default", two.id)), 0)
        assert.strictEqual((yield* groups.transferLeadership("default", two.id))._tag, "Moved")
        // Plain HTTP to a TLS port is an answer, but none of rqlite's.
        const plain = yield* driverAt(one.url.replace("https:", "http:"), timing)
        assert.strictEqual((yield* Effect.flip(plain.status("default"))).reason._tag, "ProtocolViolation")
      }).pipe(Effect.scoped)
    )
  }
)

/** A cluster of three voters. */
const startThree = (options: RqliteClusterOptions = {}) =>
  Effect.map(startRqliteCluster(options), ({ nodes }) => ({
    nodes,
    one: present(nodes[0]),
    two: present(nodes[1]),
    three: present(nodes[2])
  }))

const reasonOf = <A>(call: Effect.Effect<A, ConsensusError>) =>
  Effect.map(Effect.flip(call), ({ reason }) => reason._tag)

/** A key and a certificate for 127.0.0.1 that is its own authority, in files that go with the scope. */
const selfSigned = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "coterie-tls-"))),
    (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
  ),
  (folder) => {
    const files = { key: join(folder, "key.pem"), certificate: join(folder, "certificate.pem") }
    const request = [
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:prime256v1",
      "-nodes",
      "-days",
      "1"
    ]
    const subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    execFileSync("openssl", [...request, ...subject, "-keyout", files.key, "-out", files.certificate], {
      stdio: "ignore"
    })
    return files
  }
)
