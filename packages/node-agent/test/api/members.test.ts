import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

import { withAgent } from "./withAgent.ts"

const path = "/v1/members/n9/force-leave"

describe("declaring a member left", () => {
  it.live("is not there without SWIM, and what would be right is said", () =>
    withAgent((send) =>
      Effect.gen(function* () {
        const answer = yield* send(path, { method: "POST" })
        assert.deepStrictEqual([answer.status, answer.type], [404, "application/problem+json"])
        assert.match(JSON.stringify(answer.body), /take the node out there, on all others/)
      })
    )
  )

  it.live("by a web page is refused", () =>
    withAgent((send) =>
      Effect.gen(function* () {
        const answer = yield* send(path, { method: "POST", headers: { origin: "http://127.0.0.1:7480" } })
        assert.strictEqual(answer.status, 403)
        assert.deepInclude(answer.body, { type: "urn:coterie:mutation-refused" })
      })
    )
  )

  it.live("by a name that is none is a mistake", () =>
    withAgent((send) =>
      Effect.gen(function* () {
        const answer = yield* send("/v1/members/two%20words/force-leave", { method: "POST" })
        assert.strictEqual(answer.status, 400)
      })
    )
  )
})
