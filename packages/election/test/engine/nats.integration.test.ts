import { type NatsCluster, requireEngine, startNatsCluster } from "@coterie/tools-engines"
import { assert, describe, it, layer } from "@effect/vitest"
import { Context, Duration, Effect, Layer, Redacted, Schedule } from "effect"

import type { ConsensusError, ConsensusGroups } from "../../src/ConsensusGroups.ts"
import { consensusGroupsContract, GroupsWorld } from "../../src/testing/index.ts"
import { freeze } from "../support/freeze.ts"
import { driverAt, type Options } from "../support/natsDrivers.ts"
import { ask, askUntilDone, connection } from "../support/natsRequests.ts"
import { present } from "../support/present.ts"
import { selfSigned } from "../support/selfSigned.ts"

/** Deadlines of the default kind, but for hung servers, which are waited for often. */
const timing = {
  statusTimeout: Duration.seconds(2),
  probeTimeout: Duration.seconds(1),
  transferTimeout: Duration.seconds(5),
  verifyWindow: Duration.seconds(15),
  verifyInterval: Duration.millis(50)
} satisfies Partial<Options>

class Cluster extends Context.Service<Cluster, NatsCluster>()(
  "@coterie/election/test/engine/nats.integration.test/Cluster"
) {}

/** Three servers with a stream `S` of three replicas, a consumer `worker` of it, and a stream `ALONE` of one. */
const startThree = Effect.gen(function* () {
  const cluster = yield* startNatsCluster()
  const nats = yield* connection(present(cluster.nodes[0]).url)
  yield* askUntilDone(nats, "$JS.API.STREAM.CREATE.S", { name: "S", subjects: ["s"], num_replicas: 3 })
  yield* askUntilDone(nats, "$JS.API.STREAM.CREATE.ALONE", { name: "ALONE", subjects: ["alone"] })
  yield* askUntilDone(nats, "$JS.API.CONSUMER.CREATE.S.worker", {
    stream_name: "S",
    config: { durable_name: "worker", ack_policy: "explicit" }
  })
  return cluster
})

const system = { username: "sys", password: Redacted.make("sys") }

const natsWorld = (group: string, options: Partial<Options>) =>
  Layer.effect(
    GroupsWorld,
    Effect.gen(function* () {
      const { nodes } = yield* Cluster
      const drivers = new Map<string, ConsensusGroups["Service"]>()
      for (const { id, url } of nodes) drivers.set(id, yield* driverAt(url, { ...timing, ...options }))
      const node = (id: string) => present(nodes.find((candidate) => candidate.id === id))
      const dead = new Set<string>()
      return GroupsWorld.of({
        group,
        voters: ["n1", "n2", "n3"],
        nonVoter: undefined,
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

describe.skipIf(!requireEngine("nats", "the NATS driver").available)("the NATS driver on nats-server", () => {
  layer(Layer.effect(Cluster, startThree), { timeout: "90 seconds", excludeTestServices: true })((it) => {
    for (const [name, group, options] of [
      ["a stream, without the system account", "stream/S", {}],
      ["a consumer, with terms from the system account", "consumer/S/worker", { system }],
      ["the meta group", "meta", { system }]
    ] as const) {
      it.layer(natsWorld(group, options))(`ConsensusGroups: ${name}`, (it) => {
        for (const { name: promise, run } of consensusGroupsContract) it.effect(promise, () => run)
      })
    }
  })

  layer(Layer.effect(Cluster, startThree), { timeout: "90 seconds", excludeTestServices: true })(
    "what the server answers",
    (it) => {
      const roles = Effect.gen(function* () {
        const { nodes, systemUser } = yield* Cluster
        const url = present(nodes[0]).url
        const nats = yield* connection(url)
        const leader = present((yield* ask(nats, infoSubject)).cluster?.leader)
        const follower = present(nodes.find(({ id }) => id !== leader && id !== "n1"))
        return { nats, leader, follower, system: yield* connection(url, systemUser) }
      })
      const stepDown = "$JS.API.STREAM.LEADER.STEPDOWN"

      it.effect("a stream and a consumer that are not there are 10059 and 10014", () =>
        Effect.gen(function* () {
          const { nats } = yield* roles
          const answers = [
            yield* ask(nats, "$JS.API.STREAM.INFO.NONE"),
            yield* ask(nats, `${stepDown}.NONE`),
            yield* ask(nats, "$JS.API.CONSUMER.INFO.S.none")
          ]
          assert.deepStrictEqual(
            answers.map(({ error }) => error?.err_code),
            [10_059, 10_059, 10_014]
          )
        })
      )

      it.effect(
        "a target that leads, one that nobody knows and a place without servers are 10005, in words",
        () =>
          Effect.gen(function* () {
            const { leader, nats } = yield* roles
            for (const [body, words] of [
              [preferred(leader), "is already leader"],
              [preferred("nobody"), "not known"],
              [{ placement: { tags: ["nowhere"] } }, "no replacement peer connected"]
            ] as const) {
              const { error } = yield* ask(nats, `${stepDown}.S`, body)
              assert.strictEqual(error?.err_code, 10_005)
              assert.include(error?.description, words)
            }
          })
      )

      it.effect("the meta group's step-down gets no answer without the system account", () =>
        Effect.gen(function* () {
          const { nats } = yield* roles
          const answer = Effect.tryPromise(() =>
            nats.request("$JS.API.META.LEADER.STEPDOWN", "", { timeout: 1000 })
          )
          assert.isTrue(yield* Effect.isFailure(answer))
        })
      )

      it.effect(
        "a target that has been silent for 3 s is a success, and another one leads: the driver refuses",
        () =>
          Effect.gen(function* () {
            const { follower, leader, nats } = yield* roles
            const { nodes } = yield* Cluster
            const beside = yield* driverAt(present(nodes.find(({ id }) => id === leader)).url, timing)
            freeze(present(follower.pid))
            yield* until(ask(nats, infoSubject), ({ cluster }) =>
              present(cluster?.replicas).some(({ active, name }) => name === follower.id && active > 3.2e9)
            )
            const refused = beside.transferLeadership("stream/S", follower.id)
            assert.strictEqual(yield* reasonOf(refused), "NotEligible")
            assert.isTrue((yield* ask(nats, `${stepDown}.S`, preferred(follower.id))).success)
            const view = yield* driverAt(present(nodes[0]).url, timing)
            const after = yield* until(view.status("stream/S"), ({ electing }) => !electing)
            assert.notStrictEqual(after.leader, follower.id)
            yield* follower.resume()
            yield* until(
              view.reachability("stream/S"),
              (replicas) => present(replicas.get(follower.id)).reachable
            )
          })
      )
    }
  )

  it.live("one call moves leadership, and one to a target that hangs at that moment does not say Moved", () =>
    Effect.gen(function* () {
      const { nodes } = yield* startThree
      const first = yield* driverAt(present(nodes[0]).url, timing)
      const { leader } = yield* until(first.status("stream/S"), ({ electing }) => !electing)
      const [one, two] = nodes.filter(({ id }) => id !== leader).map((node) => present(node))
      const sent: Array<string> = []
      const stepDowns = () => sent.filter((subject) => subject.includes("STEPDOWN")).length
      const onRequest = (subject: string) => void sent.push(subject)
      const leading = present(nodes.find(({ id }) => id === leader))

      const groups = yield* driverAt(leading.url, { ...timing, system }, { onRequest })
      const moved = yield* groups.transferLeadership("stream/S", present(one).id)
      assert.strictEqual(moved._tag, "Moved")
      assert.strictEqual(stepDowns(), 1)

      const hang = (subject: string) => {
        if (subject.includes("STEPDOWN")) freeze(present(present(two).pid))
      }
      const again = yield* driverAt(present(one).url, { ...timing, system }, { onRequest: hang })
      const outcome = yield* again.transferLeadership("stream/S", present(two).id)
      assert.include(["MovedElsewhere", "Unchanged"], outcome._tag)
      yield* present(two).resume()
    }).pipe(Effect.scoped)
  )

  it.live("a group without a quorum is being elected, and its step-down is refused", () =>
    Effect.gen(function* () {
      const { nodes } = yield* startThree
      const [one, two, three] = nodes
      const groups = yield* driverAt(present(one).url, timing)
      yield* Effect.all([present(two).kill(), present(three).kill()], { concurrency: 2 })
      const status = yield* until(groups.status("stream/S"), ({ leader }) => leader === undefined)
      assert.isTrue(status.electing)
      assert.strictEqual(status.voters.length, 3)
      const nats = yield* connection(present(one).url)
      const { error } = yield* ask(nats, "$JS.API.STREAM.LEADER.STEPDOWN.S", {
        placement: { preferred: "n2" }
      })
      assert.include(error, { code: 503, err_code: 10_008 })
      assert.strictEqual(yield* reasonOf(groups.transferLeadership("stream/S", "n2")), "NotLeader")
    }).pipe(Effect.scoped)
  )

  it.live("permissions: what the account may not ask is Unauthorized", () =>
    Effect.gen(function* () {
      const { nodes } = yield* startNatsCluster({
        extraConfiguration: `accounts {
          SYS { users: [{ user: sys, password: sys }] }
          APP { jetstream: enabled, users: [
            { user: app, password: app },
            { user: reader, password: r, permissions: { publish: { deny: ["$JS.API.STREAM.INFO.*"] } } }
          ] }
        }`
      })
      const url = present(nodes[0]).url
      const reader = yield* driverAt(url, {
        ...timing,
        auth: { username: "reader", password: Redacted.make("r") }
      })
      assert.strictEqual(yield* reasonOf(reader.status("stream/S")), "Unauthorized")
      const stranger = yield* driverAt(url, {
        ...timing,
        auth: { username: "reader", password: Redacted.make("wrong") }
      })
      assert.strictEqual(yield* reasonOf(stranger.list), "Unauthorized")
    }).pipe(Effect.scoped)
  )

  it.live("TLS: works with the right authority and client certificate, and is Unavailable without", () =>
    Effect.gen(function* () {
      const { certificate, files, key } = yield* selfSigned
      const { nodes } = yield* startNatsCluster({
        extraConfiguration: `tls { cert_file: "${files.certificate}", key_file: "${files.key}", ca_file: "${files.certificate}", verify: true }`
      })
      const tls = { ca: certificate, cert: certificate, key: Redacted.make(key) }
      const at = (options: Partial<Options>) =>
        Effect.forEach(nodes, ({ url }) => driverAt(url, { ...timing, system, ...options }))

      const [strict] = yield* at({})
      assert.strictEqual(yield* reasonOf(present(strict).status("meta")), "Unavailable")
      const [anonymous] = yield* at({ tls: { ca: certificate } })
      assert.strictEqual(yield* reasonOf(present(anonymous).status("meta")), "Unavailable")

      const drivers = yield* at({ tls })
      const { leader } = yield* until(present(drivers[0]).status("meta"), ({ electing }) => !electing)
      const index = nodes.findIndex(({ id }) => id === leader)
      const target = present(nodes[(index + 1) % nodes.length]).id
      const outcome = yield* present(drivers[index]).transferLeadership("meta", target)
      assert.strictEqual(outcome._tag, "Moved")
    }).pipe(Effect.scoped)
  )
})

const preferred = (name: string) => ({ placement: { preferred: name } })

const infoSubject = "$JS.API.STREAM.INFO.S"

const reasonOf = <A>(call: Effect.Effect<A, ConsensusError>) =>
  Effect.map(Effect.flip(call), ({ reason }) => reason._tag)

/** Reads until the value is as it should be, for 20 s at most; failing to read is not it. */
const until = <A, E>(read: Effect.Effect<A, E>, holds: (value: A) => boolean) =>
  read.pipe(
    Effect.filterOrFail(holds, () => "not yet"),
    Effect.retry({ schedule: Schedule.spaced("100 millis"), times: 200 })
  )
