import { assert, describe, it } from "@effect/vitest"

import { pollUntil, PollTimeout } from "../src/index.ts"

const rejection = (promise: Promise<void>): Promise<unknown> =>
  promise.then(
    () => assert.fail("it should reject"),
    (cause: unknown) => cause
  )

const refuse = () => Promise.reject(new Error("connection refused"))

describe("pollUntil", () => {
  it("looks until there is no reason left", async () => {
    const reasons = ["a", "b", undefined]
    await pollUntil(() => reasons.shift(), { timeoutMillis: 5000, intervalMillis: 1 })
    assert.strictEqual(reasons.length, 0)
  })

  it("takes a throw for not yet, and gives up with the last reason", async () => {
    const cause = await rejection(pollUntil(refuse, { timeoutMillis: 20, intervalMillis: 1 }))
    assert.instanceOf(cause, PollTimeout)
    assert.strictEqual(cause.reason, "connection refused")
  })

  it("ends at the signal", async () => {
    const options = { timeoutMillis: 60_000, intervalMillis: 1, signal: AbortSignal.timeout(10) }
    const cause = await rejection(pollUntil(() => "never", options))
    assert.notInstanceOf(cause, PollTimeout)
  })
})
