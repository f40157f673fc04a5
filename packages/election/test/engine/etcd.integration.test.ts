import { type EtcdCluster, httpAnswer, requireEngine, startEtcdCluster } from "@coterie/tools-engines"
import { assert, describe, it, layer } from "@effect/vitest"
import { Context, Duration, Effect, Layer, Redacted, Schedule } from "effect"

import type { ConsensusError, ConsensusGroups } from "../../src/ConsensusGroups.ts"
import { consensusGroupsContract, GroupsWorld } from "../../src/testing/index.ts"
import { driverAt, type Options } from "../support/etcdDrivers.ts"
import { post, startLearner } from "../support/etcdLearner.ts"
import { freeze } from "../support/freeze.ts"
import { present } from "../support/present.ts"

/** Deadlines of the default kind, but for hung members, which are waited for often. */
const timing = {
  statusTimeout: Duration.seconds(2),
  probeTimeout: Duration.seconds(1),
  transferTimeout: Duration.seconds(10),
  verifyWindow: Duration.seconds(15),
  verifyInterval: Duration.millis(50)
} satisfies Options

const transferPath = "/v3/maintenance/transfer-leadership"

const transferAt = (url: string, body: object) => Effect.promise(() => post(url, transferPath, body))

/** A member as the tests see it: by the id that etcd gave it. */
interface Member {
  readonly id: string
  readonly url: string
}

const membersOf = ({ nodes }: EtcdCluster) =>
  Effect.forEach(nodes, (node) =>
    Effect.map(
      Effect.promise(() => post(node.url, "/v3/maintenance/status", {})),
      ({ body }): Member & { readonly node: typeof node } => ({
        id: (body["header"] as { readonly member_id: string }).member_id,
        url: node.url,
        node
      })
    )
  )

class Cluster extends Context.Service<
  Cluster,
  {
    readonly members: Effect.Success<ReturnType<typeof membersOf>>
    readonly learner: Member
  }
>()("@coterie/election/test/engine/etcd.integration.test/Cluster") {}

const cluster = Layer.effect(
  Cluster,
  Effect.gen(function* () {
    const etcd = yield* startEtcdCluster()
    return { learner: yield* startLearner(etcd), members: yield* membersOf(etcd) }
  })
)

const etcdWorld = Layer.effect(
  GroupsWorld,
  Effect.gen(function* () {
    const { learner, members } = yield* Cluster
    const drivers = new Map<string, ConsensusGroups["Service"]>()
    for (const { id, url } of members) drivers.set(id, yield* driverAt(url, timing))
    const node = (id: string) => present(members.find((member) => member.id === id)).node
    const dead = new Set<string>()
    const [one, two, three] = members.map(({ id }) => id)
    return GroupsWorld.of({
      group: "default",
      voters: [present(one), present(two), present(three)],
      nonVoter: learner.id,
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

const reasonOf = <A>(call: Effect.Effect<A, ConsensusError>) =>
  Effect.map(Effect.flip(call), ({ reason }) => reason._tag)

/** A cluster of three, its leader first, as soon as they agree on it. */
const startThree = Effect.fnUntraced(function* (driverOptions: Options = timing) {
  const etcd = yield* startEtcdCluster()
  const members = yield* membersOf(etcd)
  const leader = yield* Effect.retry(leaderOf(members), {
    schedule: Schedule.spaced("50 millis"),
    times: 400
  })
  const [one, two] = members.filter(({ id }) => id !== leader.id)
  return { leader, one: present(one), two: present(two), groups: yield* driverAt(leader.url, driverOptions) }
})

const leaderOf = Effect.fnUntraced(function* <A extends Member>(members: ReadonlyArray<A>) {
  const views = yield* Effect.forEach(members, ({ url }) =>
    Effect.promise(() => post(url, "/v3/maintenance/status", {}))
  )
  const [first, ...others] = views.map(({ body }) => body["leader"])
  const leader = members.find(({ id }) => id === first)
  return leader === undefined || others.some((other) => other !== first)
    ? yield* Effect.fail("no leader yet")
    : leader
})

describe.skipIf(!requireEngine("etcd", "the etcd driver").available)("the etcd driver on etcd", () => {
  layer(etcdWorld.pipe(Layer.provideMerge(cluster)), { timeout: "90 seconds", excludeTestServices: true })(
    "ConsensusGroups",
    (it) => {
      for (const { name, run } of consensusGroupsContract) it.effect(name, () => run)
    }
  )

  layer(cluster, { timeout: "90 seconds", excludeTestServices: true })("what the server answers", (it) => {
    const roles = Effect.gen(function* () {
      const { learner, members } = yield* Cluster
      const leader = yield* leaderOf(members)
      return { learner, leader, follower: present(members.find(({ id }) => id !== leader.id)) }
    })

    it.effect("a transfer at a follower is code 9, not leader", () =>
      Effect.gen(function* () {
        const { follower } = yield* roles
        const { body } = yield* transferAt(follower.url, { targetID: follower.id })
        assert.include(body, { code: 9, message: "etcdserver: not leader" })
      })
    )

    it.effect("an unknown target, a learner and none at all are code 9, bad leader transferee", () =>
      Effect.gen(function* () {
        const { leader, learner } = yield* roles
        for (const body of [{ targetID: "1" }, { targetID: learner.id }, {}]) {
          const answer = yield* transferAt(leader.url, body)
          assert.include(answer.body, { code: 9, message: "etcdserver: bad leader transferee" })
        }
      })
    )

    it.effect("the leader as target is a success that does nothing", () =>
      Effect.gen(function* () {
        const { leader } = yield* roles
        const { body, status } = yield* transferAt(leader.url, { targetID: leader.id })
        assert.deepStrictEqual([status, body], [200, {}])
        assert.strictEqual((yield* roles).leader.id, leader.id)
      })
    )

    it.effect("a malformed id is code 3", () =>
      Effect.gen(function* () {
        const { leader } = yield* roles
        assert.include((yield* transferAt(leader.url, { targetID: "zz" })).body, { code: 3 })
      })
    )

    it.effect("a GET is 405", () =>
      Effect.gen(function* () {
        const { leader } = yield* roles
        const { status } = yield* Effect.promise(() => httpAnswer(leader.url + transferPath))
        assert.strictEqual(status, 405)
      })
    )

    it.effect(
      "a list of members that need not be linearizable is no error in a release that knows no other",
      () =>
        Effect.gen(function* () {
          const { leader } = yield* roles
          const { status } = yield* Effect.promise(() =>
            post(leader.url, "/v3/cluster/member/list", { linearizable: false })
          )
          assert.strictEqual(status, 200)
        })
    )
  })

  it.live("one call moves leadership, and a hung target stops it before anything is sent", () =>
    Effect.gen(function* () {
      const { leader, one, two } = yield* startThree()
      const sent: Array<string> = []
      const groups = yield* driverAt(leader.url, timing, {
        onRequest: (_method, path) => void sent.push(path)
      })

      freeze(present(one.node.pid))
      assert.strictEqual(yield* reasonOf(groups.transferLeadership("default", one.id)), "NotEligible")
      assert.notInclude(sent, transferPath)
      yield* one.node.resume()

      assert.strictEqual((yield* groups.transferLeadership("default", two.id))._tag, "Moved")
      assert.strictEqual(sent.filter((path) => path === transferPath).length, 1)
    }).pipe(Effect.scoped)
  )

  it.live("a transfer whose target hangs after it was probed never ends at etcd, and ends here", () =>
    Effect.gen(function* () {
      const { leader, one } = yield* startThree()
      const hang = (_method: string, path: string) => {
        if (path === transferPath) freeze(present(one.node.pid))
      }
      const groups = yield* driverAt(
        leader.url,
        { ...timing, transferTimeout: Duration.seconds(4), verifyWindow: Duration.seconds(2) },
        { onRequest: hang }
      )
      assert.strictEqual(yield* reasonOf(groups.transferLeadership("default", one.id)), "TimedOut")
      // The old leader goes on, for as long as the target sleeps: once awake it still finds the request to take over.
      assert.strictEqual((yield* groups.status("default")).leader, leader.id)
      yield* one.node.resume()
    }).pipe(Effect.scoped)
  )

  it.live(
    "credentials: a token is got and used, renewed when etcd forgot it, and a wrong password is Unauthorized",
    () =>
      Effect.gen(function* () {
        const { leader, one, two } = yield* startThree()
        yield* Effect.promise(async () => {
          await post(leader.url, "/v3/auth/user/add", { name: "root", password: "s3cret:ü" })
          await post(leader.url, "/v3/auth/user/grant", { user: "root", role: "root" })
          await post(leader.url, "/v3/auth/enable", {})
        })
        const as = (username: string, password: string) =>
          driverAt(leader.url, { ...timing, auth: { username, password: Redacted.make(password) } })

        const stranger = yield* as("root", "wrong")
        assert.strictEqual(yield* reasonOf(stranger.status("default")), "Unauthorized")
        const groups = yield* as("root", "s3cret:ü")
        assert.strictEqual((yield* groups.transferLeadership("default", one.id))._tag, "Moved")

        // Members keep their tokens in memory.
        const beside = yield* driverAt(two.url, {
          ...timing,
          auth: { username: "root", password: Redacted.make("s3cret:ü") }
        })
        yield* beside.status("default")
        yield* two.node.restart()
        assert.strictEqual((yield* beside.status("default")).leader, one.id)
      }).pipe(Effect.scoped)
  )
})
