import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Metric, Redacted, Schedule } from "effect"

import type { ConsensusError } from "../../src/ConsensusGroups.ts"
import { type Misbehaviour, type RqliteFakeOptions, startRqliteFake } from "../../src/testing/index.ts"
import { counted } from "../support/counted.ts"
import { present } from "../support/present.ts"
import { driverAt, type Options } from "../support/rqliteDrivers.ts"

/** A fake, and the driver beside its first node, which leads. */
const beside = Effect.fnUntraced(function* (options: RqliteFakeOptions = {}, driverOptions: Options = {}) {
  const fake = yield* startRqliteFake(options)
  return { fake, groups: yield* driverAt(fake.url("1"), driverOptions) }
})

const reasonOf = <A>(call: Effect.Effect<A, ConsensusError>) =>
  Effect.map(Effect.flip(call), ({ reason }) => reason)

const html: Misbehaviour = { _tag: "Answers", status: 200, body: "<html><body>It works!</body></html>" }

describe.concurrent("what the driver sends", () => {
  it.live(
    "a transfer waits, names its target in JSON of known length, and its content type has no charset",
    () =>
      Effect.gen(function* () {
        const { fake, groups } = yield* beside()
        yield* groups.transferLeadership("default", "2")
        const [post, ...more] = (yield* fake.requests).filter(({ method }) => method === "POST")
        assert.strictEqual(more.length, 0)
        assert.include(post, { node: "1", path: "/leader", query: "wait", body: '{"id":"2"}' })
        assert.strictEqual(post?.headers["content-type"], "application/json")
        assert.strictEqual(post?.headers["content-length"], "10")
        assert.isUndefined(post?.headers["transfer-encoding"])
      }).pipe(Effect.scoped)
  )

  it.live("GET /nodes always says how long to wait, less than the driver itself does", () =>
    Effect.gen(function* () {
      const { fake, groups } = yield* beside({}, { nodesTimeout: Duration.seconds(5) })
      yield* groups.reachability("default")
      const [request] = yield* fake.requests
      assert.strictEqual(request?.query, "nonvoters&ver=2&timeout=4000ms")
    }).pipe(Effect.scoped)
  )

  it.live("a probe is one request on a warm connection, to the replica itself", () =>
    Effect.gen(function* () {
      const { fake, groups } = yield* beside()
      const probes = Effect.map(fake.requests, (all) => all.filter(({ path }) => path === "/readyz"))
      yield* groups.probe("default", "3")
      assert.strictEqual((yield* probes).length, 2, "the first one only opened the connection")
      yield* groups.probe("default", "3")
      yield* groups.probe("default", "3")
      assert.strictEqual((yield* probes).length, 4)
      assert.isTrue((yield* probes).every(({ node, query }) => node === "3" && query === "noleader"))
      const lookups = (yield* fake.requests).filter(({ path }) => path === "/nodes")
      assert.strictEqual(lookups.length, 1, "addresses are kept")
    }).pipe(Effect.scoped)
  )

  it.live("credentials go along, and nothing goes without them", () =>
    Effect.gen(function* () {
      const user = { username: "agent", password: "s3cret:ü" }
      const auth = { username: user.username, password: Redacted.make(user.password) }
      const { groups } = yield* beside({ user }, { auth })
      assert.strictEqual((yield* groups.transferLeadership("default", "2"))._tag, "Moved")
    }).pipe(Effect.scoped)
  )

  it.live("every request is counted by method and path, and shown to the observer", () =>
    Effect.gen(function* () {
      const fake = yield* startRqliteFake()
      const seen: Array<string> = []
      const onRequest = (method: string, path: string, origin: string) =>
        void seen.push(`${method} ${path} ${origin === fake.url("1") ? "local" : "remote"}`)
      const groups = yield* driverAt(fake.url("1"), {}, { onRequest })
      yield* groups.transferLeadership("default", "2")
      assert.deepStrictEqual(seen.slice(0, 6), [
        "GET /status local",
        "GET /nodes local",
        "GET /readyz remote",
        "GET /readyz remote",
        "GET /status local",
        "POST /leader local"
      ])
      assert.strictEqual(yield* counted("rqlite_requests_total", { method: "POST", path: "/leader" }), 1)
    }).pipe(Effect.provideService(Metric.MetricRegistry, new Map()), Effect.scoped)
  )
})

/** A fake, the driver beside its leader, and a hand-over to node 2. */
const transfer = (options: RqliteFakeOptions = {}, driverOptions: Options = {}) =>
  Effect.map(beside(options, driverOptions), (parts) => ({
    ...parts,
    move: parts.groups.transferLeadership("default", "2")
  }))

describe.concurrent("what a transfer makes of rqlite's answers", () => {
  it.live("200 and another winner is MovedElsewhere", () =>
    Effect.gen(function* () {
      const { fake, move } = yield* transfer()
      yield* fake.script({ _tag: "Elsewhere", leader: "3" })
      assert.deepStrictEqual(yield* move, { _tag: "MovedElsewhere", leader: "3", term: 3 })
    }).pipe(Effect.scoped)
  )

  it.live("200 and the old leader in a newer term is Unchanged, at once", () =>
    Effect.gen(function* () {
      const { fake, move } = yield* transfer({}, { verifyWindow: Duration.minutes(1) })
      yield* fake.script({ _tag: "Unchanged" })
      assert.deepStrictEqual(yield* move, { _tag: "Unchanged", leader: "1" })
    }).pipe(Effect.scoped)
  )

  it.live("200 and nothing at all is Unchanged after the window", () =>
    Effect.gen(function* () {
      const { fake, move } = yield* transfer()
      yield* fake.misbehave("/leader", { _tag: "Answers", status: 200, body: "" })
      assert.deepStrictEqual(yield* move, { _tag: "Unchanged", leader: "1" })
    }).pipe(Effect.scoped)
  )

  it.live("200 and nobody leading is Unknown after the window", () =>
    Effect.gen(function* () {
      const { fake, move } = yield* transfer()
      yield* fake.script({ _tag: "Leaderless" })
      assert.deepStrictEqual(yield* move, { _tag: "Unknown" })
    }).pipe(Effect.scoped)
  )

  it.live("the window is at least twice rqlite's election timeout", () =>
    Effect.gen(function* () {
      const { fake, move } = yield* transfer(
        { electionTimeout: "300 millis" },
        { verifyWindow: Duration.millis(1) }
      )
      yield* fake.misbehave("/leader", { _tag: "Answers", status: 200, body: "" })
      const [took] = yield* Effect.timed(move)
      assert.isAtLeast(Duration.toMillis(took), 600)
    }).pipe(Effect.scoped)
  )

  it.live("no answer is TimedOut, unless leadership is seen to have moved", () =>
    Effect.gen(function* () {
      const { fake, move } = yield* transfer()
      yield* fake.misbehave("/leader", { _tag: "Silent" })
      assert.strictEqual((yield* reasonOf(move))._tag, "TimedOut")
      yield* fake.misbehave("/leader", undefined)
      yield* fake.script({ _tag: "MovesSilently" })
      assert.deepStrictEqual(yield* move, { _tag: "Moved", leader: "2", term: 3 })
    }).pipe(Effect.scoped)
  )

  it.live("a timeout that rqlite reports is Moved all the same when the target is seen to lead", () =>
    Effect.gen(function* () {
      const { fake, move } = yield* transfer()
      yield* fake.script({ _tag: "MovesLate" })
      assert.deepStrictEqual(yield* move, { _tag: "Moved", leader: "2", term: 3 })
    }).pipe(Effect.scoped)
  )

  for (const status of [500, 200] as const) {
    it.live(`another transfer under way, told with ${status}, is TransferInProgress`, () =>
      Effect.gen(function* () {
        const { fake, move } = yield* transfer()
        yield* fake.script({ _tag: "InProgress", status })
        assert.strictEqual((yield* reasonOf(move))._tag, "TransferInProgress")
      }).pipe(Effect.scoped)
    )
  }

  for (const [version, why] of [
    ["v8.39.2", "has no such call"],
    ["v8.40.3", "ignores the target"]
  ] as const) {
    it.live(`${version} is Unsupported before anything is sent: it ${why}`, () =>
      Effect.gen(function* () {
        const { fake, move } = yield* transfer({ version })
        assert.strictEqual((yield* reasonOf(move))._tag, "Unsupported")
        assert.isFalse((yield* fake.requests).some(({ method }) => method === "POST"))
      }).pipe(Effect.scoped)
    )
  }

  it.live("a version that nobody knows and that has no such call is Unsupported", () =>
    Effect.gen(function* () {
      const { move } = yield* transfer({ version: "unknown" })
      assert.strictEqual((yield* reasonOf(move))._tag, "Unsupported")
    }).pipe(Effect.scoped)
  )

  const answers: ReadonlyArray<
    readonly [Misbehaviour & { readonly _tag: "Answers" }, ConsensusError["reason"]["_tag"]]
  > = [
    [{ _tag: "Answers", status: 400, body: "invalid JSON: EOF" }, "ProtocolViolation"],
    [{ _tag: "Answers", status: 401, body: "" }, "Unauthorized"],
    [{ _tag: "Answers", status: 401, body: "remote stepdown not authorized" }, "Unauthorized"],
    [{ _tag: "Answers", status: 403, body: "" }, "Unauthorized"],
    [{ _tag: "Answers", status: 405, body: "" }, "Unsupported"],
    [
      { _tag: "Answers", status: 301, body: "", headers: { location: "http://127.0.0.1:9/leader" } },
      "NotLeader"
    ],
    [{ _tag: "Answers", status: 500, body: "leader address: leader not found" }, "Unavailable"],
    [{ _tag: "Answers", status: 500, body: "stepdown: not leader" }, "NotLeader"],
    [{ _tag: "Answers", status: 500, body: "stepdown: node not found in cluster" }, "UnknownTarget"],
    [
      { _tag: "Answers", status: 500, body: "stepdown: cannot step down to the current Leader" },
      "AlreadyLeader"
    ],
    [
      { _tag: "Answers", status: 500, body: "stepdown: cannot transfer leadership to itself" },
      "AlreadyLeader"
    ],
    [{ _tag: "Answers", status: 500, body: "stepdown: leadership transfer timeout" }, "TimedOut"],
    [{ _tag: "Answers", status: 500, body: "stepdown: something new" }, "ProtocolViolation"],
    [{ _tag: "Answers", status: 503, body: "leader not found" }, "Unavailable"],
    [html, "ProtocolViolation"]
  ]
  for (const [answer, tag] of answers) {
    it.live(`${answer.status} "${answer.body.slice(0, 50)}" is ${tag}`, () =>
      Effect.gen(function* () {
        const { fake, move } = yield* transfer()
        yield* fake.misbehave("/leader", answer)
        assert.strictEqual((yield* reasonOf(move))._tag, tag)
      }).pipe(Effect.scoped)
    )
  }

  it.live("a hung target costs no transfer: the probe finds it", () =>
    Effect.gen(function* () {
      const { fake, groups, move } = yield* transfer()
      yield* groups.probe("default", "2")
      yield* fake.hang("2")
      assert.strictEqual((yield* reasonOf(move))._tag, "NotEligible")
      assert.isFalse((yield* fake.requests).some(({ method }) => method === "POST"))
    }).pipe(Effect.scoped)
  )

  it.live("leadership that changed while the target was probed stops the transfer", () =>
    Effect.gen(function* () {
      const fake = yield* startRqliteFake()
      const run = Effect.runSyncWith(yield* Effect.context())
      const electAfterProbe = (_method: string, path: string) => {
        if (path === "/readyz") run(fake.elect("3"))
      }
      const groups = yield* driverAt(fake.url("1"), {}, { onRequest: electAfterProbe })
      assert.deepInclude(yield* reasonOf(groups.transferLeadership("default", "2")), {
        _tag: "NotLeader",
        leader: "3"
      })
      assert.isFalse((yield* fake.requests).some(({ method }) => method === "POST"))
    }).pipe(Effect.scoped)
  )
})

describe.concurrent("an engine that is not itself", () => {
  it.live("a store that is not open yet is Unavailable", () =>
    Effect.gen(function* () {
      const { fake, groups } = yield* beside()
      yield* fake.setOpen("1", false)
      assert.strictEqual((yield* reasonOf(groups.status("default")))._tag, "Unavailable")
      yield* fake.setOpen("2", false)
      assert.strictEqual((yield* reasonOf(groups.probe("default", "2")))._tag, "Unavailable")
    }).pipe(Effect.scoped)
  )

  it.live("a group without a leader is being elected, and both shapes of last_contact are read", () =>
    Effect.gen(function* () {
      const { fake, groups } = yield* beside()
      assert.include(yield* groups.status("default"), { leader: "1", electing: false })
      yield* fake.elect("2")
      assert.include(yield* groups.status("default"), { leader: "2", electing: false })
      yield* fake.elect(undefined)
      assert.include(yield* groups.status("default"), { leader: undefined, electing: true })
    }).pipe(Effect.scoped)
  )

  const cases: Readonly<Record<string, readonly [Misbehaviour, ConsensusError["reason"]["_tag"]]>> = {
    HTML: [html, "ProtocolViolation"],
    "an empty body": [{ _tag: "Answers", status: 200, body: "" }, "ProtocolViolation"],
    "JSON of another kind": [{ _tag: "Answers", status: 200, body: '{"store":[]}' }, "ProtocolViolation"],
    "deeply nested JSON": [{ _tag: "Answers", status: 200, body: "[".repeat(100_000) }, "ProtocolViolation"],
    "JSON that is deep and valid": [
      { _tag: "Answers", status: 200, body: `{"store":${"[".repeat(50_000)}${"]".repeat(50_000)}}` },
      "ProtocolViolation"
    ],
    "no HTTP at all": [{ _tag: "Gibberish" }, "ProtocolViolation"],
    "a body that never ends, fast": [{ _tag: "Floods" }, "ProtocolViolation"],
    "a body that never ends, slowly": [{ _tag: "Stalls" }, "TimedOut"],
    nothing: [{ _tag: "Silent" }, "TimedOut"],
    "a closed connection": [{ _tag: "HangsUp" }, "Unavailable"],
    "a redirect": [
      { _tag: "Answers", status: 302, body: "", headers: { location: "http://127.0.0.1:9/" } },
      "ProtocolViolation"
    ],
    "404": [{ _tag: "Answers", status: 404, body: "not here" }, "ProtocolViolation"],
    "401": [{ _tag: "Answers", status: 401, body: "" }, "Unauthorized"],
    "403": [{ _tag: "Answers", status: 403, body: "" }, "Unauthorized"],
    "500": [{ _tag: "Answers", status: 500, body: "store nodes: no" }, "Unavailable"],
    "503": [{ _tag: "Answers", status: 503, body: "store is not open" }, "Unavailable"]
  }
  for (const [name, [misbehaviour, tag]] of Object.entries(cases)) {
    it.live(`${name} is ${tag}, for status and nodes alike, and the next answer counts again`, () =>
      Effect.gen(function* () {
        const { fake, groups } = yield* beside()
        yield* fake.misbehave("/status", misbehaviour)
        yield* fake.misbehave("/nodes", misbehaviour)
        assert.strictEqual((yield* reasonOf(groups.status("default")))._tag, tag)
        assert.strictEqual((yield* reasonOf(groups.reachability("default")))._tag, tag)
        yield* fake.misbehave("/status", undefined)
        assert.strictEqual((yield* groups.status("default")).leader, "1")
      }).pipe(Effect.scoped)
    )
  }

  it.live("an error is one line, and never as long as the answer", () =>
    Effect.gen(function* () {
      const { fake, groups } = yield* beside()
      const body = `<h1>\n\u0007${"no ".repeat(10_000)}`
      for (const status of [200, 404]) {
        yield* fake.misbehave("/status", { _tag: "Answers", status, body })
        const { message } = yield* Effect.flip(groups.status("default"))
        assert.isBelow(message.length, 500)
        assert.notMatch(message, /\p{Cc}/u)
      }
    }).pipe(Effect.scoped)
  )

  it.live("a hung replica does not cost the probes of the others, even before any address is known", () =>
    Effect.gen(function* () {
      const { fake, groups } = yield* beside(
        {},
        { probeTimeout: Duration.millis(900), nodesTimeout: Duration.minutes(1) }
      )
      yield* fake.hang("2")
      const [took] = yield* Effect.timed(groups.probe("default", "3"))
      assert.isBelow(Duration.toMillis(took), 900)
      assert.strictEqual((yield* reasonOf(groups.probe("default", "2")))._tag, "Unavailable")
    }).pipe(Effect.scoped)
  )

  it.live("a replica that moved to another address is found again after one failed probe", () =>
    Effect.gen(function* () {
      const { fake, groups } = yield* beside()
      const other = yield* startRqliteFake()
      yield* groups.probe("default", "2")
      yield* fake.kill("2")
      const nodes = { nodes: [{ id: "2", api_addr: other.url("2"), reachable: true }] }
      yield* fake.misbehave("/nodes", { _tag: "Answers", status: 200, body: JSON.stringify(nodes) })
      assert.strictEqual((yield* reasonOf(groups.probe("default", "2")))._tag, "Unavailable")
      yield* groups.probe("default", "2")
      assert.isTrue((yield* other.requests).length > 0)
    }).pipe(Effect.scoped)
  )

  it.live("a replica that rqlite cannot ask has no address: Unavailable, with rqlite's reason", () =>
    Effect.gen(function* () {
      const { fake, groups } = yield* beside()
      yield* fake.kill("3")
      const reason = yield* reasonOf(groups.probe("default", "3"))
      assert.strictEqual(reason._tag, "Unavailable")
      assert.include(reason.message, "connection refused")
      yield* fake.revive("3")
      const again = Schedule.spaced("50 millis")
      yield* Effect.retry(groups.probe("default", "3"), { schedule: again, times: 100 })
    }).pipe(Effect.scoped)
  )
})

describe.concurrent("round trips of the nodes", () => {
  it.live("are the local node's own from 10.2.7 on, and Unsupported before", () =>
    Effect.gen(function* () {
      const modern = yield* startRqliteFake({ version: "v10.2.7" })
      const groups = yield* driverAt(modern.url("1"))
      assert.strictEqual(groups.capabilities.ownRtt, "none")
      yield* groups.status("default")
      assert.strictEqual(groups.capabilities.ownRtt, "row")
      yield* modern.kill("3")
      const rows = yield* present(groups.rttRows)("default")
      assert.deepStrictEqual([...rows.keys()], ["1"])
      const row = [...(rows.get("1") ?? [])].map(([id, rtt]) => [id, Duration.toMillis(rtt)])
      assert.deepStrictEqual(row, [
        ["2", 20],
        ["4", 20]
      ])
      const old = yield* startRqliteFake({ version: "v10.2.6" })
      const before = yield* driverAt(old.url("1"))
      yield* before.status("default")
      assert.strictEqual(before.capabilities.ownRtt, "none")
      const failure = yield* Effect.flip(present(before.rttRows)("default"))
      assert.strictEqual(failure.reason._tag, "Unsupported")
    }).pipe(Effect.scoped)
  )
})
