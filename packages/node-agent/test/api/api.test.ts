import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { FetchHttpClient, HttpClient, HttpClientRequest } from "effect/http"
import { HttpApiClient } from "effect/http-api"

import { AgentBlocks } from "../../src/AgentBlocks.ts"
import { AgentApi } from "../../src/api/AgentApi.ts"
import { version } from "../../src/version.ts"
import { withAgent } from "./withAgent.ts"

const probes = [
  "/health/live",
  "/livez",
  "/liveness",
  "/health/startup",
  "/startupz",
  "/health/ready",
  "/healthz",
  "/readyz",
  "/readiness",
  "/health/drain",
  "/leader",
  "/primary",
  "/read-write",
  "/leader?group=orders"
]

describe("probes", () => {
  it.live("answer GET, HEAD and OPTIONS with the same status", () =>
    withAgent((send) =>
      Effect.forEach(probes, (path) =>
        Effect.gen(function* () {
          for (const method of ["GET", "HEAD", "OPTIONS"])
            assert.strictEqual((yield* send(path, { method })).status, 200, `${method} ${path}`)
        })
      )
    )
  )

  it.live("say unready while draining, with the listener still open, and live all the time", () =>
    withAgent((send) =>
      Effect.gen(function* () {
        const began = yield* send("/health/drain", { method: "POST" })
        assert.strictEqual(began.status, 202)
        for (const path of ["/health/ready", "/healthz", "/readyz", "/readiness"])
          for (const method of ["GET", "HEAD", "OPTIONS"])
            assert.strictEqual((yield* send(path, { method })).status, 503, `${method} ${path}`)
        assert.deepInclude((yield* send("/health/ready")).body, { status: "draining" })
        assert.strictEqual((yield* send("/health/live")).status, 200)
        assert.deepInclude((yield* send("/health/drain")).body, { schema: "drain/v1", state: "drained" })
        assert.deepInclude((yield* send("/v1/status")).body, { status: "draining" })
        const cancelled = yield* send("/health/drain", { method: "DELETE" })
        assert.deepStrictEqual(
          [cancelled.status, cancelled.body],
          [200, { schema: "drain/v1", state: "serving" }]
        )
        assert.strictEqual((yield* send("/health/ready")).status, 200)
      })
    )
  )

  it.live("name no node, as they need no authorisation", () =>
    withAgent((send) =>
      Effect.gen(function* () {
        for (const path of ["/health/live", "/health/startup", "/health/ready"])
          assert.notInclude(JSON.stringify((yield* send(path)).body), "n1")
      })
    )
  )

  it.live("say who leads a group by status and header", () =>
    withAgent((send) =>
      Effect.gen(function* () {
        const led = yield* send("/leader?group=orders")
        assert.deepStrictEqual([led.status, led.headers.get("x-leader-id")], [200, "r1"])
        const followed = yield* send("/leader?group=users")
        assert.deepStrictEqual([followed.status, followed.headers.get("x-leader-id")], [503, "r2"])
        assert.deepInclude(followed.body, {
          schema: "leader/v1",
          group: "users",
          self: "r1",
          leader: "r2",
          isLeader: false
        })
      })
    )
  )
})

describe("a change of this node", () => {
  const refusals: Readonly<Record<string, Record<string, string>>> = {
    "from a web page": { origin: "http://127.0.0.1:7480" },
    "under a name that is not this machine's, as after DNS rebinding": { host: "evil.example" }
  }
  for (const [name, headers] of Object.entries(refusals))
    it.live(`${name} is refused`, () =>
      withAgent((_, url) =>
        Effect.gen(function* () {
          // fetch would not send a Host header of our own.
          const answer = yield* Effect.promise(() => rawRequest(url, "POST", headers))
          assert.match(answer, /^HTTP\/1.1 403 /)
          assert.include(answer, "urn:coterie:mutation-refused")
        })
      )
    )
})

const rawRequest = async (url: string, method: string, headers: Record<string, string>): Promise<string> => {
  const { connect } = await import("node:net")
  const { hostname, port } = new URL(url)
  const lines = Object.entries({ host: `${hostname}:${port}`, connection: "close", ...headers }).map(
    ([name, value]) => `${name}: ${value}`
  )
  return await new Promise((resolve, reject) => {
    let text = ""
    const socket = connect(Number(port), hostname, () =>
      socket.end(`${method} /health/drain HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`)
    )
    socket.on("data", (chunk) => (text += chunk.toString()))
    socket.on("error", reject)
    socket.on("close", () => resolve(text))
  })
}

describe("state", () => {
  it.live("of members has zone, labels, address and leader", () =>
    withAgent((send) =>
      Effect.gen(function* () {
        const { body } = yield* send("/v1/members")
        const { asOf, members, ...head } = body as {
          asOf: string
          members: ReadonlyArray<Record<string, unknown>>
        }
        assert.deepInclude(head, { schema: "members/v1", node: "n1" })
        assert.match(asOf, /Z$/)
        const { address, sinceMs, ...member } = members[0] ?? {}
        assert.match(String(address), /^http:\/\/127\.0\.0\.1:\d+$/)
        assert.isAtLeast(Number(sinceMs), 0)
        assert.deepStrictEqual(member, {
          id: "n1",
          self: true,
          state: "alive",
          leader: true,
          zone: "eu-1a",
          tags: { disk: "nvme" },
          version,
          reach: "reachable"
        })
      })
    )
  )

  it.live("at a glance counts members, groups and what is wrong", () =>
    withAgent((send) =>
      Effect.gen(function* () {
        const { body } = yield* send("/v1/status")
        assert.deepInclude(body, {
          schema: "status/v1",
          status: "ok",
          cluster: "test",
          node: "n1",
          problems: []
        })
        assert.deepInclude(body, {
          membership: { mode: "heartbeat", alive: 1, suspect: 0, dead: 0, left: 0 },
          backend: { engine: "memory", groups: 2, ledHere: 1, leaderless: 0, unreadable: 0 }
        })
      })
    )
  )

  it.live("leaves out the parts that are off", () =>
    withAgent(
      (send) =>
        Effect.gen(function* () {
          const { body } = yield* send("/v1/status")
          assert.doesNotHaveAnyKeys(body, ["election", "backend", "locality", "rebalancer"])
          const groups = yield* send("/v1/groups")
          assert.deepInclude(groups.body, { schema: "groups/v1", groups: [] })
          assert.notProperty(groups.body, "engine")
          assert.deepInclude((yield* send("/v1/decisions")).body, { decisions: [] })
          for (const path of ["/leader", "/leader?group=orders"]) {
            const answer = yield* send(path)
            assert.deepStrictEqual([answer.status, answer.type], [404, "application/problem+json"], path)
          }
        }),
      { election: { strategy: "none" } },
      false
    )
  )

  it.live("of groups has the voters, the measured round trips and the decision", () =>
    withAgent((send) =>
      Effect.gen(function* () {
        const { locality } = yield* AgentBlocks
        assert.isDefined(locality)
        yield* locality.evaluateNow
        const { body } = yield* send("/v1/groups")
        const [orders, users] = (body as { groups: ReadonlyArray<Record<string, unknown>> }).groups
        assert.deepInclude(orders, { group: "orders", self: "r1", leader: "r1", electing: false })
        assert.sameDeepMembers(orders?.["voters"] as Array<unknown>, [
          { id: "r1", address: "r1.memory:0" },
          { id: "r2", address: "r2.memory:0", rttMs: 250 },
          { id: "r3", address: "r3.memory:0", rttMs: 250 }
        ])
        assert.nestedPropertyVal(orders, "decision.action.reason._tag", "insufficientData")
        assert.nestedPropertyVal(users, "decision.action.reason._tag", "notLeader")
        const decisions = (yield* send("/v1/decisions?limit=1")).body as { decisions: ReadonlyArray<unknown> }
        assert.lengthOf(decisions.decisions, 1)
      })
    )
  )

  it.live("streams decisions: those that were made, then each as it is made, without repeating one", () =>
    withAgent((_, url) =>
      Effect.gen(function* () {
        const { locality } = yield* AgentBlocks
        assert.isDefined(locality)
        yield* locality.evaluateNow
        const agent = yield* HttpApiClient.make(AgentApi, {
          transformClient: HttpClient.mapRequest(HttpClientRequest.prependUrl(url))
        })
        const decisions = yield* agent.state.followDecisions({ query: { limit: 2 } })
        const seen = yield* decisions.pipe(
          Stream.zipWithIndex,
          Stream.tap(([, index]) => (index === 1 ? locality.evaluateNow : Effect.void)),
          Stream.map(([{ group }]) => group),
          Stream.take(4),
          Stream.runCollect,
          Effect.timeout("5 seconds")
        )
        assert.deepStrictEqual(seen, ["orders", "users", "orders", "users"])
      }).pipe(Effect.provide(FetchHttpClient.layer))
    )
  )
})

describe("everything else", () => {
  it.live("is described at /openapi.json", () =>
    withAgent((send) =>
      Effect.gen(function* () {
        const { body } = yield* send("/openapi.json")
        assert.sameMembers(Object.keys((body as { paths: Record<string, unknown> }).paths), [
          "/health/live",
          "/health/startup",
          "/health/ready",
          "/health/drain",
          "/leader",
          "/v1/status",
          "/v1/members",
          "/v1/members/{id}/force-leave",
          "/v1/groups",
          "/v1/decisions",
          "/v1/decisions/stream",
          "/v1/explain/leader",
          "/v1/leader/transfer",
          "/v1/groups/{group}/transfer",
          "/v1/explain/group",
          "/v1/rtt",
          "/v1/locality/plan",
          "/v1/events",
          "/v1/events/recent",
          "/v1/keyring",
          "/v1/keyring/install",
          "/v1/keyring/use",
          "/v1/keyring/remove"
        ])
      })
    )
  )

  it.live("is a problem: an unknown path, a wrong parameter", () =>
    withAgent((send) =>
      Effect.gen(function* () {
        for (const method of ["GET", "POST", "DELETE"]) {
          const { body, status, type } = yield* send("/nothing", { method })
          assert.deepStrictEqual([status, type], [404, "application/problem+json"])
          assert.deepInclude(body, { title: "Not Found" })
        }
        const wrong = yield* send("/v1/decisions?limit=0")
        assert.deepStrictEqual([wrong.status, wrong.type], [400, "application/problem+json"])
        assert.deepInclude(wrong.body, {
          errors: [{ path: ["query", "limit"], message: "Expected a value between 1 and 1000" }]
        })
      })
    )
  )

  it.live("is counted at /metrics, with our prefix", () =>
    withAgent((send) =>
      Effect.gen(function* () {
        const { body, type } = yield* send("/metrics")
        assert.match(type, /^text\/plain; version=0\.0\.4/)
        for (const name of [
          "coterie_up 1",
          "coterie_info{",
          "coterie_start_time_seconds",
          "coterie_heartbeat_loop_iterations_total",
          "coterie_locality_loop_up"
        ])
          assert.include(String(body), name)
      })
    )
  )

  it.live("with headers that are too large is cut by the server", () =>
    withAgent((_, url) =>
      Effect.map(
        Effect.promise(() => rawRequest(url, "GET", { "x-long": "x".repeat(20_000) })),
        (answer) => assert.match(answer, /^HTTP\/1.1 431 /)
      )
    )
  )
})
