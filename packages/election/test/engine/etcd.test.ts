import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Layer, Metric, Redacted } from "effect"

import type { ConsensusError, ConsensusGroups } from "../../src/ConsensusGroups.ts"
import { consensusGroupsContract, GroupsWorld, type Misbehaviour } from "../../src/testing/index.ts"
import { counted } from "../support/counted.ts"
import { driverAt, type Options } from "../support/etcdDrivers.ts"
import { type EtcdFakeOptions, learner, startEtcdFake, voters } from "../support/etcdFake.ts"
import { present } from "../support/present.ts"
import { selfSigned } from "../support/selfSigned.ts"

const [one, two, three] = voters

/** A fake, and the driver beside its first member, which leads. */
const beside = Effect.fnUntraced(function* (options: EtcdFakeOptions = {}, driverOptions: Options = {}) {
  const started = yield* startEtcdFake(options)
  return { ...started, groups: yield* driverAt(started.fake.url(one), driverOptions) }
})

const reasonOf = <A>(call: Effect.Effect<A, ConsensusError>) =>
  Effect.map(Effect.flip(call), ({ reason }) => reason)

const transferPath = "/v3/maintenance/transfer-leadership"
const statusPath = "/v3/maintenance/status"
const listPath = "/v3/cluster/member/list"
const user = { username: "root", password: "s3cret" }
const auth = { username: user.username, password: Redacted.make(user.password) }

const says = (status: number, body: string): Misbehaviour => ({ _tag: "Answers", status, body })

const fakeWorld = (options: EtcdFakeOptions) =>
  Layer.effect(
    GroupsWorld,
    Effect.gen(function* () {
      const { fake, kill, revive } = yield* startEtcdFake(options)
      const drivers = new Map<string, ConsensusGroups["Service"]>()
      for (const id of [...voters, learner]) {
        drivers.set(id, yield* driverAt(fake.url(id), options.user === undefined ? {} : { auth }))
      }
      return GroupsWorld.of({
        group: "default",
        voters,
        nonVoter: learner,
        at: (replica) => present(drivers.get(replica)),
        hang: (replica) => Effect.sync(() => fake.hang(replica)),
        kill,
        revive
      })
    })
  )

for (const [name, options] of [
  ["3.4", { release: "3.4" }],
  ["3.5", { release: "3.5" }],
  ["3.5 with authentication", { user }]
] as const) {
  describe.concurrent(`ConsensusGroups over a fake of etcd ${name}`, () => {
    const world = fakeWorld(options)
    for (const { name: promise, run } of consensusGroupsContract) {
      it.live(promise, () => Effect.provide(run, world))
    }
  })
}

describe.concurrent("what the etcd driver sends", () => {
  it.live("a transfer goes to the local member once, with the id as text that nothing rounded", () =>
    Effect.gen(function* () {
      const { fake, groups } = yield* beside()
      assert.strictEqual((yield* groups.transferLeadership("default", two))._tag, "Moved")
      const sent = fake.asked(transferPath)
      assert.strictEqual(sent.length, 1)
      assert.include(sent[0], { node: one, method: "POST", body: `{"targetID":"${two}"}` })
    }).pipe(Effect.scoped)
  )

  it.live("the list of members is asked for without a quorum", () =>
    Effect.gen(function* () {
      const { fake, groups } = yield* beside()
      yield* groups.status("default")
      assert.deepStrictEqual(
        fake.asked(listPath).map(({ body, node }) => [node, body]),
        [[one, '{"linearizable":false}']]
      )
    }).pipe(Effect.scoped)
  )

  it.live("a probe is one request on a warm connection, to the member itself", () =>
    Effect.gen(function* () {
      const { fake, groups } = yield* beside()
      const probes = () => fake.asked(statusPath).filter(({ node }) => node === three).length
      yield* groups.probe("default", three)
      assert.strictEqual(probes(), 2, "the first one only opened the connection")
      yield* groups.probe("default", three)
      yield* groups.probe("default", three)
      assert.strictEqual(probes(), 4)
      assert.strictEqual(fake.asked(listPath).length, 1, "addresses are kept")
    }).pipe(Effect.scoped)
  )

  it.live("every request is counted by path, and shown to the observer", () =>
    Effect.gen(function* () {
      const { fake } = yield* startEtcdFake()
      const seen: Array<string> = []
      const groups = yield* driverAt(
        fake.url(one),
        {},
        { onRequest: (method, path) => void seen.push(`${method} ${path}`) }
      )
      yield* groups.transferLeadership("default", two)
      assert.strictEqual(seen.length, fake.requests.length)
      assert.strictEqual(yield* counted("etcd_requests_total", { path: transferPath }), 1)
    }).pipe(Effect.provideService(Metric.MetricRegistry, new Map()), Effect.scoped)
  )
})

describe.concurrent("tokens", () => {
  it.live("are asked for once, at the local member, and sent to all", () =>
    Effect.gen(function* () {
      const { fake, groups } = yield* beside({ user }, { auth })
      assert.strictEqual((yield* groups.transferLeadership("default", two))._tag, "Moved")
      const asked = fake.asked("/v3/auth/authenticate")
      assert.strictEqual(asked.length, 1)
      assert.strictEqual(asked[0]?.node, one)
      assert.isTrue(
        fake.requests.every(({ path, token }) => (path === "/v3/auth/authenticate") === (token === undefined))
      )
    }).pipe(Effect.scoped)
  )

  it.live("that etcd forgot are renewed once, and the call is made again", () =>
    Effect.gen(function* () {
      const { fake, groups } = yield* beside({ user }, { auth })
      yield* groups.status("default")
      fake.tokens.clear()
      yield* Effect.all([groups.status("default"), groups.probe("default", two)], { concurrency: 2 })
      assert.strictEqual(fake.asked("/v3/auth/authenticate").length, 2)
    }).pipe(Effect.scoped)
  )

  it.live("that are refused again at once are Unauthorized, not asked for without end", () =>
    Effect.gen(function* () {
      const { fake, groups } = yield* beside({ user }, { auth })
      const refusal = JSON.stringify({ code: 16, message: "etcdserver: invalid auth token" })
      fake.misbehaviours.set(statusPath, { _tag: "Answers", status: 401, body: refusal })
      assert.strictEqual((yield* reasonOf(groups.status("default")))._tag, "Unauthorized")
      assert.isAtMost(fake.asked("/v3/auth/authenticate").length, 2)
    }).pipe(Effect.scoped)
  )

  it.live("are not needed while authentication is off, and got once it is on", () =>
    Effect.gen(function* () {
      const { fake, groups } = yield* beside({ user }, { auth })
      fake.authEnabled = false
      assert.strictEqual((yield* groups.status("default")).leader, one)
      fake.authEnabled = true
      assert.strictEqual((yield* groups.status("default")).leader, one)
    }).pipe(Effect.scoped)
  )

  it.live("a wrong password and a missing user are Unauthorized, and the password is in no message", () =>
    Effect.gen(function* () {
      const wrong = { username: "root", password: Redacted.make("hunter2") }
      const { fake, groups } = yield* beside({ user }, { auth: wrong })
      const error = yield* Effect.flip(groups.status("default"))
      assert.strictEqual(error.reason._tag, "Unauthorized")
      assert.notInclude(error.message, "hunter2")
      const nobody = yield* driverAt(fake.url(one))
      assert.strictEqual((yield* reasonOf(nobody.status("default")))._tag, "Unauthorized")
    }).pipe(Effect.scoped)
  )
})

describe.concurrent("what a transfer makes of etcd's answers", () => {
  it.live("success and another winner is MovedElsewhere", () =>
    Effect.gen(function* () {
      const { fake, groups } = yield* beside()
      fake.transfers = { moveTo: three }
      assert.deepStrictEqual(yield* groups.transferLeadership("default", two), {
        _tag: "MovedElsewhere",
        leader: three,
        term: 3
      })
    }).pipe(Effect.scoped)
  )

  it.live("success and no change is Unchanged after the window", () =>
    Effect.gen(function* () {
      const { fake, groups } = yield* beside()
      fake.transfers = "ignore"
      assert.deepStrictEqual(yield* groups.transferLeadership("default", two), {
        _tag: "Unchanged",
        leader: one
      })
    }).pipe(Effect.scoped)
  )

  it.live("no answer is TimedOut, unless leadership is seen to have moved", () =>
    Effect.gen(function* () {
      const { fake, groups } = yield* beside()
      fake.transfers = "hang"
      assert.strictEqual((yield* reasonOf(groups.transferLeadership("default", two)))._tag, "TimedOut")
      fake.misbehaviours.set(transferPath, { _tag: "Silent" })
      const moving = Effect.all(
        [
          groups.transferLeadership("default", two),
          Effect.andThen(
            Effect.sleep("500 millis"),
            Effect.sync(() => fake.elect(two))
          )
        ],
        { concurrency: 2 }
      )
      assert.strictEqual((yield* moving)[0]._tag, "Moved")
    }).pipe(Effect.scoped)
  )

  const answers: ReadonlyArray<readonly [number, unknown, ConsensusError["reason"]["_tag"]]> = [
    [412, { error: "etcdserver: not leader", message: "etcdserver: not leader", code: 9 }, "NotLeader"],
    [400, { code: 9, message: "etcdserver: not leader" }, "NotLeader"],
    [412, { error: "x", message: "etcdserver: bad leader transferee", code: 9 }, "NotEligible"],
    [400, { code: 9, message: "etcdserver: bad leader transferee" }, "NotEligible"],
    [500, { code: 2, message: "etcdserver: request timed out, leader transfer took too long" }, "TimedOut"],
    [400, { code: 3, message: "invalid character 'z'" }, "ProtocolViolation"],
    [503, { code: 14, message: "etcdserver: no leader" }, "Unavailable"],
    [403, { code: 7, message: "etcdserver: permission denied" }, "Unauthorized"],
    [501, { code: 12, message: "unknown method" }, "Unsupported"],
    [404, "Not Found", "Unsupported"],
    [502, "<html>Bad Gateway</html>", "Unavailable"],
    [500, { code: 2, message: "raft proposal dropped" }, "ProtocolViolation"]
  ]
  for (const [status, body, tag] of answers) {
    const text = typeof body === "string" ? body : JSON.stringify(body)
    it.live(`${status} ${text.slice(0, 70)} is ${tag}`, () =>
      Effect.gen(function* () {
        const { fake, groups } = yield* beside()
        fake.misbehaviours.set(transferPath, { _tag: "Answers", status, body: text })
        assert.strictEqual((yield* reasonOf(groups.transferLeadership("default", two)))._tag, tag)
      }).pipe(Effect.scoped)
    )
  }

  it.live("a hung target costs no transfer: the probe finds it", () =>
    Effect.gen(function* () {
      const { fake, groups } = yield* beside()
      yield* groups.probe("default", two)
      fake.hang(two)
      assert.strictEqual((yield* reasonOf(groups.transferLeadership("default", two)))._tag, "NotEligible")
      assert.strictEqual(fake.asked(transferPath).length, 0)
    }).pipe(Effect.scoped)
  )

  it.live("leadership that changed while the target was probed stops the transfer", () =>
    Effect.gen(function* () {
      const { fake } = yield* startEtcdFake()
      const elect = (_method: string, path: string, origin: string) => {
        if (path === statusPath && origin === fake.url(two)) fake.elect(three)
      }
      const groups = yield* driverAt(fake.url(one), {}, { onRequest: elect })
      const reason = yield* reasonOf(groups.transferLeadership("default", two))
      assert.deepInclude(reason, { _tag: "NotLeader", leader: three })
      assert.strictEqual(fake.asked(transferPath).length, 0)
    }).pipe(Effect.scoped)
  )
})

describe.concurrent("members of all kinds", () => {
  it.live("one that was added and has not started votes, is unreachable, and is no target", () =>
    Effect.gen(function* () {
      const { fake, groups } = yield* beside()
      fake.unstarted.push("77")
      const { voters: voting } = yield* groups.status("default")
      assert.deepInclude(voting, { id: "77", address: "new.invalid:2380" })
      const replica = present((yield* groups.reachability("default")).get("77"))
      assert.isFalse(replica.reachable)
      assert.include(replica.detail, "has not started")
      assert.strictEqual((yield* reasonOf(groups.transferLeadership("default", "77")))._tag, "NotEligible")
      assert.strictEqual(fake.asked(transferPath).length, 0)
    }).pipe(Effect.scoped)
  )

  it.live("one that advertises another member's URL is not measured there", () =>
    Effect.gen(function* () {
      const { fake, groups } = yield* beside()
      fake.advertised.set(two, [fake.url(one)])
      const reason = yield* reasonOf(groups.probe("default", two))
      assert.strictEqual(reason._tag, "ProtocolViolation")
      assert.include(reason.message, "--advertise-client-urls")
      assert.isFalse((yield* groups.reachability("default")).get(two)?.reachable)
    }).pipe(Effect.scoped)
  )

  it.live("one that moved is found again after one failed probe, and a new one at once", () =>
    Effect.gen(function* () {
      const { fake, groups, kill } = yield* beside()
      const other = yield* startEtcdFake()
      yield* groups.probe("default", two)
      yield* kill(two)
      fake.advertised.set(two, [other.fake.url(two)])
      assert.strictEqual((yield* reasonOf(groups.probe("default", two)))._tag, "Unavailable")
      yield* groups.probe("default", two)
      fake.unstarted.push("78")
      assert.strictEqual((yield* reasonOf(groups.probe("default", "78")))._tag, "Unavailable")
    }).pipe(Effect.scoped)
  )

  it.live("a group without a leader is being elected", () =>
    Effect.gen(function* () {
      const { fake, groups } = yield* beside()
      fake.elect(undefined)
      assert.include(yield* groups.status("default"), { leader: undefined, electing: true, term: 3 })
    }).pipe(Effect.scoped)
  )
})

describe.concurrent("an etcd that is not itself", () => {
  const html: Misbehaviour = { _tag: "Answers", status: 200, body: "<html><body>It works!</body></html>" }
  const cases: Readonly<Record<string, readonly [Misbehaviour, ConsensusError["reason"]["_tag"]]>> = {
    HTML: [html, "ProtocolViolation"],
    "an empty body": [says(200, ""), "ProtocolViolation"],
    "JSON of another kind": [says(200, '{"header":[],"members":3}'), "ProtocolViolation"],
    "ids that are numbers": [
      says(200, '{"header":{"member_id":1050133464904287879},"members":[{"ID":1}]}'),
      "ProtocolViolation"
    ],
    "deeply nested JSON": [says(200, "[".repeat(100_000)), "ProtocolViolation"],
    "no HTTP at all": [{ _tag: "Gibberish" }, "ProtocolViolation"],
    "a body that never ends, fast": [{ _tag: "Floods" }, "ProtocolViolation"],
    "a body that never ends, slowly": [{ _tag: "Stalls" }, "TimedOut"],
    nothing: [{ _tag: "Silent" }, "TimedOut"],
    "a closed connection": [{ _tag: "HangsUp" }, "Unavailable"],
    "a redirect": [
      { _tag: "Answers", status: 302, body: "", headers: { location: "http://127.0.0.1:9/" } },
      "ProtocolViolation"
    ],
    "404": [says(404, "Not Found"), "Unsupported"],
    "401": [says(401, ""), "Unauthorized"],
    "503": [says(503, ""), "Unavailable"]
  }
  for (const [name, [misbehaviour, tag]] of Object.entries(cases)) {
    for (const path of [statusPath, listPath]) {
      it.live(`${name} from ${path} is ${tag}, and the next answer counts again`, () =>
        Effect.gen(function* () {
          const { fake, groups } = yield* beside()
          fake.misbehaviours.set(path, misbehaviour)
          assert.strictEqual((yield* reasonOf(groups.status("default")))._tag, tag)
          fake.misbehaviours.clear()
          assert.strictEqual((yield* groups.status("default")).leader, one)
        }).pipe(Effect.scoped)
      )
    }
  }

  it.live("a token that is no text for a header is a ProtocolViolation", () =>
    Effect.gen(function* () {
      const { fake, groups } = yield* beside({ user }, { auth })
      fake.misbehaviours.set("/v3/auth/authenticate", says(200, JSON.stringify({ token: "a\r\nx: y" })))
      assert.strictEqual((yield* reasonOf(groups.status("default")))._tag, "ProtocolViolation")
    }).pipe(Effect.scoped)
  )

  it.live("an error is one line, and never as long as the answer", () =>
    Effect.gen(function* () {
      const { fake, groups } = yield* beside()
      const body = `<h1>\n\u0007${"no ".repeat(10_000)}`
      for (const status of [200, 404]) {
        fake.misbehaviours.set(statusPath, says(status, body))
        const { message } = yield* Effect.flip(groups.status("default"))
        assert.isBelow(message.length, 600)
        assert.notMatch(message, /\p{Cc}/u)
      }
    }).pipe(Effect.scoped)
  )

  it.live("a hung member does not cost the probes of the others", () =>
    Effect.gen(function* () {
      const { fake, groups } = yield* beside()
      fake.hang(two)
      const [took] = yield* Effect.timed(groups.probe("default", three))
      assert.isBelow(Duration.toMillis(took), 900)
      assert.strictEqual((yield* reasonOf(groups.probe("default", two)))._tag, "TimedOut")
    }).pipe(Effect.scoped)
  )
})

describe.concurrent("TLS", () => {
  it.live("works with the right authority and client certificate, and is Unavailable without", () =>
    Effect.gen(function* () {
      const { certificate, key } = yield* selfSigned
      const { fake } = yield* startEtcdFake({ tls: { certificate, key } })
      const tls = { ca: certificate, cert: certificate, key: Redacted.make(key) }

      const strict = yield* driverAt(fake.url(one))
      assert.strictEqual((yield* reasonOf(strict.status("default")))._tag, "Unavailable")
      const anonymous = yield* driverAt(fake.url(one), { tls: { ca: certificate } })
      assert.strictEqual((yield* reasonOf(anonymous.status("default")))._tag, "Unavailable")
      const groups = yield* driverAt(fake.url(one), { tls })
      assert.strictEqual((yield* groups.transferLeadership("default", two))._tag, "Moved")
    }).pipe(Effect.scoped)
  )

  it.live("credentials do not go to a member that advertises plain HTTP", () =>
    Effect.gen(function* () {
      const { certificate, key } = yield* selfSigned
      const { fake } = yield* startEtcdFake({ tls: { certificate, key }, user })
      const plain = yield* startEtcdFake()
      fake.advertised.set(two, [plain.fake.url(two)])
      const tls = { ca: certificate, cert: certificate, key: Redacted.make(key) }
      const groups = yield* driverAt(fake.url(one), { tls, auth })
      assert.strictEqual((yield* reasonOf(groups.probe("default", two)))._tag, "ProtocolViolation")
      assert.strictEqual(plain.fake.requests.length, 0)
    }).pipe(Effect.scoped)
  )
})

describe.concurrent("round trips of the members", () => {
  const metric = "etcd_network_peer_round_trip_time_seconds"
  const records = (id: string, count: number, sum: number) =>
    `${metric}_sum{To="${BigInt(id).toString(16)}"} ${sum}\n${metric}_count{To="${BigInt(id).toString(16)}"} ${count}\n`

  it.live("come from what each member's metrics gained since the last reading, learners' too", () =>
    Effect.gen(function* () {
      const { fake, groups } = yield* beside()
      assert.strictEqual(groups.capabilities.ownRtt, "matrix")
      const rows = present(groups.rttRows)("default")
      fake.metrics.set(one, records(two, 4, 1) + records(three, 4, 1))
      fake.metrics.set(learner, records(one, 4, 1))
      assert.deepStrictEqual(
        [...(yield* rows)].map(([, row]) => row.size),
        [0, 0, 0, 0]
      )
      fake.metrics.set(one, records(two, 6, 1.04) + records(three, 5, 1.256))
      fake.metrics.set(learner, records(one, 8, 1.04))
      const later = yield* rows
      const millis = (from: string, to: string) => {
        const rtt = later.get(from)?.get(to)
        return rtt === undefined ? undefined : Math.round(Duration.toMillis(rtt))
      }
      assert.deepStrictEqual(
        [millis(one, two), millis(one, three), millis(learner, one), millis(two, one)],
        [20, 256, 10, undefined]
      )
    }).pipe(Effect.scoped)
  )

  it.live("a member that is gone has no row; with all of them silent the call fails", () =>
    Effect.gen(function* () {
      const { fake, groups, kill } = yield* beside()
      yield* kill(two)
      const rows = yield* present(groups.rttRows)("default")
      assert.deepStrictEqual([...rows.keys()].toSorted(), [one, three, learner].toSorted())
      fake.misbehaviours.set("/metrics", says(403, "forbidden"))
      const reason = yield* reasonOf(present(groups.rttRows)("default"))
      assert.strictEqual(reason._tag, "Unavailable")
    }).pipe(Effect.scoped)
  )
})
