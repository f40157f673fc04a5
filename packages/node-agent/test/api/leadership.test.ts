import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

import { type Answer, withAgent } from "./withAgent.ts"

type Send = (path: string, init?: RequestInit) => Effect.Effect<Answer>

const post = (send: Send, path: string, body: unknown, headers: Record<string, string> = {}) =>
  send(path, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body)
  })

describe("a hand-over of the agents' leadership", () => {
  const refused: Readonly<Record<string, readonly [unknown, number, object]>> = {
    "to the leader": [{ to: "n1" }, 409, { type: "urn:coterie:transfer-conflict", reason: "alreadyLeads" }],
    "to a stranger": [{ to: "n9" }, 412, { type: "urn:coterie:target-unfit", reason: "unknownMember" }],
    "to nobody": [{}, 400, { title: "Bad Request" }],
    "to a name without end": [{ to: "x".repeat(1000) }, 400, { title: "Bad Request" }]
  }
  for (const [name, [body, status, problem]] of Object.entries(refused))
    it.live(`${name} is refused with ${status}`, () =>
      withAgent((send) =>
        Effect.gen(function* () {
          const answer = yield* post(send, "/v1/leader/transfer", body)
          assert.deepStrictEqual([answer.status, answer.type], [status, "application/problem+json"])
          assert.deepInclude(answer.body, problem)
        })
      )
    )

  it.live("by a web page is refused", () =>
    withAgent((send) =>
      Effect.gen(function* () {
        for (const path of ["/v1/leader/transfer", "/v1/groups/orders/transfer"]) {
          const answer = yield* post(send, path, { to: "r2" }, { origin: "http://127.0.0.1:7480" })
          assert.strictEqual(answer.status, 403, path)
          assert.deepInclude(answer.body, { type: "urn:coterie:mutation-refused" })
        }
      })
    )
  )

  it.live("with a body that has no end is cut off", () =>
    withAgent((send) =>
      Effect.gen(function* () {
        const answer = yield* post(send, "/v1/leader/transfer", { to: "x".repeat(100_000) })
        assert.isAtLeast(answer.status, 400)
        assert.strictEqual((yield* send("/health/live")).status, 200)
      })
    )
  )

  it.live("is not supported by the strategy quorum", () =>
    withAgent(
      (send) =>
        Effect.gen(function* () {
          const answer = yield* post(send, "/v1/leader/transfer", { to: "n2" })
          assert.strictEqual(answer.status, 409)
          assert.deepInclude(answer.body, { reason: "unsupported" })
        }),
      { election: { strategy: "quorum" } }
    )
  )

  it.live("is not there without an election, and neither is an explanation", () =>
    withAgent(
      (send) =>
        Effect.gen(function* () {
          assert.strictEqual((yield* post(send, "/v1/leader/transfer", { to: "n1" })).status, 404)
          assert.strictEqual((yield* send("/v1/explain/leader")).status, 404)
        }),
      { election: { strategy: "none" } }
    )
  )
})

describe("an explanation of the agents' leader", () => {
  it.live("names the rule and the members", () =>
    withAgent((send) =>
      Effect.gen(function* () {
        const { body, status } = yield* send("/v1/explain/leader")
        assert.strictEqual(status, 200)
        const { explanation, ...head } = body as { readonly explanation: Record<string, unknown> }
        assert.deepInclude(head, { schema: "explain-leader/v1", node: "n1", servedBy: "n1" })
        assert.deepInclude(explanation, { strategy: "leasedQuorum", leader: "n1", rule: "onlyCandidate" })
        assert.isAbove(Number(explanation["leaseLeftMillis"]), 0)
      })
    )
  )
})

describe("a hand-over of a group", () => {
  it.live("whose leader is beside this agent says who leads after it", () =>
    withAgent((send) =>
      Effect.gen(function* () {
        const { body, status } = yield* post(send, "/v1/groups/orders/transfer", { to: "r2" })
        assert.strictEqual(status, 202)
        assert.deepInclude(body, {
          schema: "group-transfer/v1",
          node: "n1",
          group: "orders",
          to: "r2",
          outcome: "moved",
          leader: "r2"
        })
        const again = yield* post(send, "/v1/groups/orders/transfer", { to: "r3" })
        assert.strictEqual(again.status, 409, "r2 leads now")
      })
    )
  )

  const refused: Readonly<Record<string, readonly [string, string, number, string | undefined]>> = {
    "that another node leads": ["users", "r1", 409, "notLeader"],
    "to its leader": ["orders", "r1", 409, "alreadyLeads"],
    "to a stranger": ["orders", "r9", 412, "unknownMember"],
    "that does not exist": ["nosuch", "r2", 404, undefined]
  }
  for (const [name, [group, to, status, reason]] of Object.entries(refused))
    it.live(`${name} is refused with ${status}`, () =>
      withAgent((send) =>
        Effect.gen(function* () {
          const answer = yield* post(send, `/v1/groups/${group}/transfer`, { to })
          assert.deepStrictEqual(
            [answer.status, (answer.body as { reason?: string }).reason],
            [status, reason],
            JSON.stringify(answer.body)
          )
        })
      )
    )

  it.live("without an engine is not there", () =>
    withAgent(
      (send) =>
        Effect.map(post(send, "/v1/groups/orders/transfer", { to: "r2" }), ({ status }) =>
          assert.strictEqual(status, 404)
        ),
      {},
      false
    )
  )
})
