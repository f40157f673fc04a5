import type { Socket } from "node:net"

import { assert, describe, it } from "@effect/vitest"
import { nkeys } from "@nats-io/transport-node"
import { Duration, Effect, Metric, Redacted } from "effect"

import type { ConsensusError } from "../../src/ConsensusGroups.ts"
import { counted } from "../support/counted.ts"
import { driverAt, type Options } from "../support/natsDrivers.ts"
import {
  clusterOf,
  type FakeReply,
  type NatsFake,
  type NatsFakeOptions,
  silence,
  startNatsFake
} from "../support/natsFake.ts"
import { present } from "../support/present.ts"

const infoSubject = "$JS.API.STREAM.INFO.S"
const stepDownSubject = "$JS.API.STREAM.LEADER.STEPDOWN.S"
const raftSubject = "$SYS.REQ.SERVER.IDn1.RAFTZ"
const healthy = clusterOf("n1", { n2: {}, n3: {} })
const system = { username: "sys", password: Redacted.make("s3cret") }

/** A server `n1` that leads the stream `S`, two servers that follow, and the driver beside the first one. */
const beside = Effect.fnUntraced(function* (
  options: NatsFakeOptions = {},
  driverOptions: Partial<Options> = {}
) {
  const { fake } = yield* startNatsFake(options)
  const followers = yield* Effect.forEach(["n2", "n3"], (name) => startNatsFake({ ...options, name }))
  fake.advertised = followers.map(({ fake: { address } }) => address)
  fake.replies.set(infoSubject, { cluster: healthy })
  return {
    fake,
    two: present(followers[0]),
    three: present(followers[1]),
    groups: yield* driverAt(`nats://${fake.address}`, driverOptions)
  }
})

const reasonOf = <A>(call: Effect.Effect<A, ConsensusError>) =>
  Effect.map(Effect.flip(call), ({ reason }) => reason)

/** A part of a credentials file. */
const part = (label: string, text: string) =>
  `-----BEGIN ${label}-----\n${text}\n------END ${label}------\n\n`

/** What `n1`, which is `p1`, says about the stream's Raft group. */
const raftState = (term: number, leader: string) => ({
  data: { APP: { "S-R3F-x": { id: "p1", leader, term, peers: { p2: { name: "n2" } } } } }
})

/** The step-down succeeds, and this leads afterwards. */
const moving = (fake: NatsFake, cluster: object) => () => {
  fake.replies.set(infoSubject, { cluster })
  return { success: true }
}

describe.concurrent("what the NATS driver sends", () => {
  it.live("a transfer looks, pings the target, looks again, and names its target once", () =>
    Effect.gen(function* () {
      const { fake, groups } = yield* beside()
      const sent: Array<string> = []
      fake.replies.set(stepDownSubject, (payload) => {
        sent.push(payload)
        return moving(fake, clusterOf("n2", { n1: {}, n3: {} }))()
      })
      const outcome = yield* groups.transferLeadership("stream/S", "n2")
      assert.deepStrictEqual(outcome, { _tag: "Moved", leader: "n2", term: undefined })
      assert.deepStrictEqual(sent, ['{"placement":{"preferred":"n2"}}'])
    }).pipe(Effect.scoped)
  )

  it.live("servers are asked who they are without credentials, and only those of the group get some", () =>
    Effect.gen(function* () {
      const auth = { username: "app", password: Redacted.make("pw") }
      const { fake, groups, three, two } = yield* beside({ users: { app: "pw" } }, { auth })
      yield* groups.probe("stream/S", "n2")
      assert.deepStrictEqual(
        [fake, two.fake, three.fake].map(({ connects }) => connects.map(({ user }) => user)),
        [["app"], ["app"], []]
      )
    }).pipe(Effect.scoped)
  )

  it.live("a token, and the JWT of a credentials file with a signature of the server's nonce", () =>
    Effect.gen(function* () {
      const { fake } = yield* startNatsFake()
      fake.replies.set(infoSubject, { cluster: healthy })
      const url = `nats://${fake.address}`
      const token = yield* driverAt(url, { auth: { token: Redacted.make("t0ken") } })
      yield* token.status("stream/S")
      const seed = new TextDecoder().decode(nkeys.createUser().getSeed())
      const credentials = part("NATS USER JWT", "a.b.c") + part("USER NKEY SEED", seed)
      const signed = yield* driverAt(url, { auth: { credentials: Redacted.make(credentials) } })
      yield* signed.status("stream/S")
      const [first, second] = fake.connects
      assert.strictEqual(first?.auth_token, "t0ken")
      assert.strictEqual(second?.jwt, "a.b.c")
      assert.isAbove(second?.sig?.length ?? 0, 64)
      const broken = yield* driverAt(url, { auth: { credentials: Redacted.make("nonsense") } })
      const { message } = yield* Effect.flip(broken.status("stream/S"))
      assert.notInclude(message, "nonsense")
    }).pipe(Effect.scoped)
  )

  it.live("probes share one connection, and are counted", () =>
    Effect.gen(function* () {
      const { groups, two } = yield* beside()
      for (let round = 0; round < 5; round++) {
        assert.isAbove(Duration.toMillis(yield* groups.probe("stream/S", "n2")), 0)
      }
      assert.strictEqual(two.fake.connects.length, 1)
      assert.strictEqual(yield* counted("nats_requests_total", { kind: "Ping" }), 5)
    }).pipe(Effect.provideService(Metric.MetricRegistry, new Map()), Effect.scoped)
  )

  it.live("no name turns a request into another one", () =>
    Effect.gen(function* () {
      const { fake, groups } = yield* beside()
      fake.replies.set("$JS.API.STREAM.LIST", { total: 0, streams: [] })
      for (const name of [
        "stream/>",
        "stream/S.x",
        "stream/*",
        "stream/",
        "consumer/S",
        "consumer/S/a.b",
        "S"
      ]) {
        assert.strictEqual((yield* reasonOf(groups.status(name)))._tag, "UnknownGroup", name)
      }
      assert.deepStrictEqual([...new Set(fake.subjects)], ["$JS.API.STREAM.LIST"])
    }).pipe(Effect.scoped)
  )
})

describe.concurrent("what a transfer makes of JetStream's answers", () => {
  it.live("success and another winner is MovedElsewhere", () =>
    Effect.gen(function* () {
      const { fake, groups } = yield* beside()
      fake.replies.set(stepDownSubject, moving(fake, clusterOf("n3", { n1: {}, n2: {} })))
      assert.strictEqual((yield* groups.transferLeadership("stream/S", "n2"))._tag, "MovedElsewhere")
    }).pipe(Effect.scoped)
  )

  it.live("success and the old leader is Unchanged after the window", () =>
    Effect.gen(function* () {
      const { fake, groups } = yield* beside()
      fake.replies.set(stepDownSubject, { success: true })
      assert.deepStrictEqual(yield* groups.transferLeadership("stream/S", "n2"), {
        _tag: "Unchanged",
        leader: "n1"
      })
    }).pipe(Effect.scoped)
  )

  it.live("success and the old leader in a newer term is Unchanged at once", () =>
    Effect.gen(function* () {
      const { fake, groups } = yield* beside({}, { system, verifyWindow: Duration.minutes(1) })
      fake.replies.set(raftSubject, raftState(4, "p1"))
      fake.replies.set(stepDownSubject, () => {
        fake.replies.set(raftSubject, raftState(6, "p1"))
        return { success: true }
      })
      const outcome = yield* groups.transferLeadership("stream/S", "n2", { term: 4 })
      assert.deepStrictEqual(outcome, { _tag: "Unchanged", leader: "n1" })
    }).pipe(Effect.scoped)
  )

  it.live("success and nobody leading is Unknown after the window", () =>
    Effect.gen(function* () {
      const { fake, groups } = yield* beside()
      fake.replies.set(stepDownSubject, moving(fake, clusterOf(undefined, { n1: {}, n2: {}, n3: {} })))
      assert.deepStrictEqual(yield* groups.transferLeadership("stream/S", "n2"), { _tag: "Unknown" })
    }).pipe(Effect.scoped)
  )

  it.live("no answer is TimedOut, unless leadership is seen to have moved", () =>
    Effect.gen(function* () {
      const { fake, groups } = yield* beside()
      fake.replies.set(stepDownSubject, silence)
      assert.strictEqual((yield* reasonOf(groups.transferLeadership("stream/S", "n2")))._tag, "TimedOut")
      fake.replies.set(stepDownSubject, () => {
        moving(fake, clusterOf("n2", { n1: {}, n3: {} }))()
        return silence
      })
      assert.strictEqual((yield* groups.transferLeadership("stream/S", "n2"))._tag, "Moved")
    }).pipe(Effect.scoped)
  )

  const answers: ReadonlyArray<readonly [number, number, string, ConsensusError["reason"]["_tag"]]> = [
    [400, 10005, 'preferred server "n2" is already leader', "AlreadyLeader"],
    [400, 10005, 'preferred server "n2" not known', "UnknownTarget"],
    [400, 10005, "no replacement peer connected", "NotEligible"],
    [400, 10003, "bad request", "Unsupported"],
    [400, 10025, "invalid JSON: unexpected EOF", "ProtocolViolation"],
    [503, 10008, "JetStream system temporarily unavailable", "Unavailable"],
    [404, 10059, "stream not found", "UnknownGroup"],
    [503, 10010, "JetStream clustering support required", "Unsupported"],
    [500, 10041, "raft error", "Unavailable"],
    [503, 10039, "JetStream not enabled for account", "Unsupported"],
    [500, 1, "something new", "ProtocolViolation"]
  ]
  for (const [code, err_code, description, tag] of answers) {
    it.live(`${code}/${err_code} ${description} is ${tag}`, () =>
      Effect.gen(function* () {
        const { fake, groups } = yield* beside()
        fake.replies.set(stepDownSubject, { error: { code, err_code, description } })
        assert.strictEqual((yield* reasonOf(groups.transferLeadership("stream/S", "n2")))._tag, tag)
      }).pipe(Effect.scoped)
    )
  }

  it.live("an answer that is neither success nor error is a ProtocolViolation", () =>
    Effect.gen(function* () {
      const { fake, groups } = yield* beside()
      fake.replies.set(stepDownSubject, {})
      const reason = yield* reasonOf(groups.transferLeadership("stream/S", "n2"))
      assert.strictEqual(reason._tag, "ProtocolViolation")
    }).pipe(Effect.scoped)
  )

  for (const [name, health] of [
    ["behind its leader", { current: false }],
    ["offline", { offline: true }],
    ["silent for more than 3 s", { active: 3_100_000_000 }]
  ] as const) {
    it.live(`a target that is ${name} is NotEligible before anything is sent: JetStream would say yes`, () =>
      Effect.gen(function* () {
        const { fake, groups } = yield* beside()
        fake.replies.set(infoSubject, { cluster: clusterOf("n1", { n2: health, n3: {} }) })
        assert.strictEqual((yield* reasonOf(groups.transferLeadership("stream/S", "n2")))._tag, "NotEligible")
        assert.strictEqual(fake.asked(stepDownSubject), 0)
      }).pipe(Effect.scoped)
    )
  }

  it.live("before 2.11 a target is Unsupported and nothing is sent, and the capabilities say so", () =>
    Effect.gen(function* () {
      const { fake, groups } = yield* beside({ version: "2.10.27" })
      assert.strictEqual((yield* groups.status("stream/S")).leader, "n1")
      assert.isFalse(groups.capabilities.targeted)
      assert.strictEqual((yield* reasonOf(groups.transferLeadership("stream/S", "n2")))._tag, "Unsupported")
      assert.strictEqual(fake.asked(stepDownSubject), 0)
    }).pipe(Effect.scoped)
  )
})

describe.concurrent("a step-down", () => {
  const old = { version: "2.10.27" }

  it.live("asks with an empty body, once, and says who leads then", () =>
    Effect.gen(function* () {
      const { fake, groups } = yield* beside(old)
      yield* groups.status("stream/S")
      assert.deepInclude(groups.capabilities, { targeted: false, untargeted: true })
      const sent: Array<string> = []
      fake.replies.set(stepDownSubject, (payload) => {
        sent.push(payload)
        return moving(fake, clusterOf("n3", { n1: {}, n2: {} }))()
      })
      const outcome = yield* present(groups.stepDown)("stream/S")
      assert.deepStrictEqual(outcome, { _tag: "MovedElsewhere", leader: "n3", term: undefined })
      assert.deepStrictEqual(sent, [""])
    }).pipe(Effect.scoped)
  )

  it.live("nothing is sent while no other replica is current and answers", () =>
    Effect.gen(function* () {
      const { fake, groups, two } = yield* beside(old)
      yield* groups.status("stream/S")
      fake.replies.set(infoSubject, { cluster: clusterOf("n1", { n2: {}, n3: { current: false } }) })
      yield* Effect.promise(two.close)
      const reason = yield* reasonOf(present(groups.stepDown)("stream/S"))
      assert.strictEqual(reason._tag, "Unavailable")
      assert.include(reason.message, "no other replica is current and answers")
      assert.strictEqual(fake.asked(stepDownSubject), 0)
    }).pipe(Effect.scoped)
  )

  it.live("a server that says nothing is waited for until the deadline", () =>
    Effect.gen(function* () {
      const { fake, groups } = yield* beside(old)
      yield* groups.status("stream/S")
      fake.replies.set(stepDownSubject, silence)
      const call = present(groups.stepDown)("stream/S", { deadline: Duration.millis(200) })
      assert.deepInclude(yield* reasonOf(call), { _tag: "TimedOut", afterMillis: 200 })
    }).pipe(Effect.scoped)
  )
})

const routes = (name: string, links: Readonly<Record<string, ReadonlyArray<string>>>) => ({
  server: { name, id: `ID${name}` },
  data: {
    routes: Object.entries(links).flatMap(([to, rtts]) => rtts.map((rtt) => ({ remote_id: `ID${to}`, rtt })))
  }
})
const millisOf = (rows: ReadonlyMap<string, ReadonlyMap<string, Duration.Duration>>) =>
  [...rows].map(([from, row]) => [from, [...row].map(([to, rtt]) => [to, Duration.toMillis(rtt)])])
const routesSubject = (name: string) => `$SYS.REQ.SERVER.ID${name}.ROUTEZ`

describe.concurrent("round trips of the servers", () => {
  it.live("each server's routes are a row: the least of several, by name, of the group's servers alone", () =>
    Effect.gen(function* () {
      const { fake, groups } = yield* beside({}, { system })
      fake.replies.set(raftSubject, raftState(3, "p1"))
      fake.replies.set(
        routesSubject("n1"),
        routes("n1", { n2: ["20.9ms", "20.4ms"], n3: ["1.5s"], n9: ["1ms"] })
      )
      fake.replies.set(routesSubject("n2"), routes("n2", { n1: ["20.5ms"], n3: [""] }))
      fake.replies.set(routesSubject("n9"), routes("n9", { n1: ["1ms"] }))
      assert.strictEqual(groups.capabilities.ownRtt, "matrix")
      // n3 says nothing, so its name is not known either.
      const rows = yield* present(groups.rttRows)("stream/S")
      assert.deepStrictEqual(millisOf(rows), [
        ["n1", [["n2", 20.4]]],
        ["n2", [["n1", 20.5]]]
      ])
      fake.replies.set(routesSubject("n1"), "{}")
      assert.strictEqual((yield* reasonOf(present(groups.rttRows)("stream/S")))._tag, "ProtocolViolation")
    }).pipe(Effect.scoped)
  )

  it.live("without the system account there are none", () =>
    Effect.gen(function* () {
      const { groups } = yield* beside()
      assert.strictEqual(groups.capabilities.ownRtt, "none")
      assert.strictEqual((yield* reasonOf(present(groups.rttRows)("stream/S")))._tag, "Unsupported")
    }).pipe(Effect.scoped)
  )
})

describe.concurrent("readings", () => {
  it.live("without the system account there is no term and no meta group", () =>
    Effect.gen(function* () {
      const { fake, groups } = yield* beside()
      fake.replies.set("$JS.API.STREAM.LIST", { total: 0, streams: [] })
      assert.include(yield* groups.status("stream/S"), { self: "n1", term: undefined, electing: false })
      assert.isFalse(groups.capabilities.term)
      assert.strictEqual((yield* reasonOf(groups.status("meta")))._tag, "UnknownGroup")
    }).pipe(Effect.scoped)
  )

  it.live("a leader and a term that do not belong together are a group between leaders", () =>
    Effect.gen(function* () {
      const { fake, groups } = yield* beside({}, { system })
      fake.replies.set(raftSubject, raftState(9, "p2"))
      assert.include(yield* groups.status("stream/S"), { leader: "n1", term: 9, electing: true })
      fake.replies.set(raftSubject, raftState(9, "p1"))
      assert.include(yield* groups.status("stream/S"), { leader: "n1", term: 9, electing: false })
    }).pipe(Effect.scoped)
  )

  it.live("a server that has no RAFTZ, or not the group, has no term", () =>
    Effect.gen(function* () {
      const { fake, groups } = yield* beside({}, { system })
      assert.include(yield* groups.status("stream/S"), { leader: "n1", term: undefined, electing: false })
      fake.replies.set(raftSubject, { data: {} })
      assert.include(yield* groups.status("stream/S"), { leader: "n1", term: undefined, electing: false })
      assert.strictEqual((yield* reasonOf(groups.status("meta")))._tag, "Unsupported")
    }).pipe(Effect.scoped)
  )

  it.live("a group without a leader is being elected, and all of it votes", () =>
    Effect.gen(function* () {
      const { fake, groups } = yield* beside()
      fake.replies.set(infoSubject, { cluster: clusterOf(undefined, { n3: {}, n1: {}, n2: {} }) })
      const { electing, leader, voters } = yield* groups.status("stream/S")
      assert.deepStrictEqual([electing, leader], [true, undefined])
      assert.deepStrictEqual(
        voters.map(({ id }) => id),
        ["n1", "n2", "n3"]
      )
    }).pipe(Effect.scoped)
  )

  it.live("a replica that its leader lost is unreachable, though it answers us", () =>
    Effect.gen(function* () {
      const { fake, groups } = yield* beside()
      fake.replies.set(infoSubject, { cluster: clusterOf("n1", { n2: { offline: true }, n3: {} }) })
      const replicas = yield* groups.reachability("stream/S")
      assert.deepStrictEqual(
        [...replicas].map(([id, { reachable }]) => [id, reachable]),
        [
          ["n1", true],
          ["n2", false],
          ["n3", true]
        ]
      )
      assert.include(replicas.get("n2")?.detail, "offline")
    }).pipe(Effect.scoped)
  )

  it.live("a server at another address is found again after one failed probe", () =>
    Effect.gen(function* () {
      const { fake, groups, two } = yield* beside()
      yield* groups.probe("stream/S", "n2")
      yield* Effect.promise(two.close)
      const moved = yield* startNatsFake({ name: "n2" })
      fake.advertised = [...fake.advertised, moved.fake.address]
      for (const socket of fake.sockets) socket.write(fake.info({}))
      assert.strictEqual((yield* reasonOf(groups.probe("stream/S", "n2")))._tag, "Unavailable")
      yield* groups.probe("stream/S", "n2")
    }).pipe(Effect.scoped)
  )

  it.live("a server that nobody advertises is Unavailable, and found where the options say", () =>
    Effect.gen(function* () {
      const { fake, groups, two } = yield* beside()
      fake.advertised = []
      assert.strictEqual((yield* reasonOf(groups.probe("stream/S", "n2")))._tag, "Unavailable")
      const told = yield* driverAt(`nats://${fake.address}`, { servers: [`nats://${two.fake.address}`] })
      yield* told.probe("stream/S", "n2")
    }).pipe(Effect.scoped)
  )
})

describe.concurrent("a NATS server that is not itself", () => {
  const greetings: Readonly<
    Record<string, readonly [((socket: Socket) => void) | undefined, ConsensusError["reason"]["_tag"]]>
  > = {
    "another protocol": [(socket) => socket.write("SSH-2.0-gibberish\r\n"), "ProtocolViolation"],
    "an INFO that is no JSON": [(socket) => socket.write("INFO {nope}\r\n"), "ProtocolViolation"],
    "an INFO without a name": [(socket) => socket.write('INFO {"server_id":"X"}\r\n'), "ProtocolViolation"],
    "a line that never ends": [
      (socket) => {
        const write = () => {
          while (!socket.destroyed && socket.write(" ".repeat(65_536)));
        }
        socket.on("drain", write)
        write()
      },
      "ProtocolViolation"
    ],
    "an end": [(socket) => socket.end(), "Unavailable"],
    nothing: [undefined, "TimedOut"]
  }
  for (const [name, [say, tag]] of Object.entries(greetings)) {
    it.live(`${name} for a greeting is ${tag}, and leaves no connection behind`, () =>
      Effect.gen(function* () {
        const { fake } = yield* startNatsFake({ greeting: { say } })
        const groups = yield* driverAt(`nats://${fake.address}`)
        assert.strictEqual((yield* reasonOf(groups.status("stream/S")))._tag, tag)
        for (let look = 0; look < 200 && fake.sockets.size > 0; look++) yield* Effect.sleep("10 millis")
        assert.strictEqual(fake.sockets.size, 0)
      }).pipe(Effect.scoped)
    )
  }

  it.live("wrong credentials are Unauthorized, and in no message", () =>
    Effect.gen(function* () {
      const auth = { username: "app", password: Redacted.make("hunter2") }
      const { groups } = yield* beside({ users: { app: "pw" } }, { auth })
      const error = yield* Effect.flip(groups.status("stream/S"))
      assert.strictEqual(error.reason._tag, "Unauthorized")
      assert.notInclude(error.message, "hunter2")
    }).pipe(Effect.scoped)
  )

  it.live("JetStream that is off is Unavailable", () =>
    Effect.gen(function* () {
      const { fake, groups } = yield* beside()
      fake.replies.delete(infoSubject)
      const reason = yield* reasonOf(groups.status("stream/S"))
      assert.strictEqual(reason._tag, "Unavailable")
      assert.include(reason.message, "is JetStream on")
    }).pipe(Effect.scoped)
  )

  const replies: Readonly<Record<string, readonly [FakeReply, ConsensusError["reason"]["_tag"]]>> = {
    "no JSON": ["<html>", "ProtocolViolation"],
    nothing: [silence, "TimedOut"],
    "an empty text": ["", "ProtocolViolation"],
    "JSON of another kind": [{ cluster: [] }, "ProtocolViolation"],
    "deeply nested JSON": ["[".repeat(100_000), "ProtocolViolation"],
    "more than is read": [{ cluster: healthy, padding: "x".repeat(2_000_000) }, "ProtocolViolation"],
    "too many replicas": [
      { cluster: { leader: "n1", replicas: Array.from({ length: 2000 }, (_, id) => ({ name: `x${id}` })) } },
      "ProtocolViolation"
    ],
    "a server that is alone": [{ config: {} }, "Unsupported"]
  }
  for (const [name, [reply, tag]] of Object.entries(replies)) {
    it.live(`${name} is ${tag}, and the next answer counts again`, () =>
      Effect.gen(function* () {
        const { fake, groups } = yield* beside()
        fake.replies.set(infoSubject, reply)
        const error = yield* Effect.flip(groups.status("stream/S"))
        assert.strictEqual(error.reason._tag, tag)
        assert.isBelow(error.message.length, 600)
        fake.replies.set(infoSubject, { cluster: healthy })
        assert.strictEqual((yield* groups.status("stream/S")).leader, "n1")
      }).pipe(Effect.scoped)
    )
  }

  it.live(
    "a group that says nothing does not cost the answers of another, and then a new connection is used",
    () =>
      Effect.gen(function* () {
        const { fake, groups } = yield* beside({}, { statusTimeout: Duration.millis(500) })
        yield* groups.status("stream/S")
        fake.replies.set("$JS.API.STREAM.INFO.MUTE", silence)
        fake.replies.set(
          infoSubject,
          () => new Promise<object>((resolve) => setTimeout(() => resolve({ cluster: healthy }), 300))
        )
        const mute = Effect.flip(groups.status("stream/MUTE"))
        const late = Effect.andThen(Effect.sleep("300 millis"), groups.status("stream/S"))
        const [error, { leader }] = yield* Effect.all([mute, late], { concurrency: 2 })
        assert.deepStrictEqual([error.reason._tag, leader], ["TimedOut", "n1"])
        yield* groups.status("stream/S")
        assert.strictEqual(fake.connects.length, 2)
        for (let look = 0; look < 200 && fake.sockets.size > 1; look++) yield* Effect.sleep("10 millis")
        assert.strictEqual(fake.sockets.size, 1)
      }).pipe(Effect.scoped)
  )

  it.live("a connection that ends in the middle of a request is Unavailable, and the next one is new", () =>
    Effect.gen(function* () {
      const { fake, groups } = yield* beside({}, { statusTimeout: Duration.minutes(1) })
      fake.replies.set(infoSubject, () => {
        for (const socket of fake.sockets) socket.destroy()
        return silence
      })
      assert.strictEqual((yield* reasonOf(groups.status("stream/S")))._tag, "Unavailable")
      fake.replies.set(infoSubject, { cluster: healthy })
      assert.strictEqual((yield* groups.status("stream/S")).leader, "n1")
    }).pipe(Effect.scoped)
  )
})
