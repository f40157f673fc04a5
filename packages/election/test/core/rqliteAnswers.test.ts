import { assert, it } from "@effect/vitest"
import * as fc from "fast-check"

import { obeysTarget, readFailure, timesNodes, transferFailure } from "../../src/core/rqliteAnswers.ts"

it("only 200 with an empty body is a transfer that ended well", () => {
  assert.isUndefined(transferFailure({ status: 200, body: "" }))
  assert.isUndefined(transferFailure({ status: 200, body: "\n" }))
  fc.assert(
    fc.property(fc.integer({ min: 100, max: 599 }), fc.string(), (status, body) => {
      const isDone = transferFailure({ status, body }) === undefined
      assert.strictEqual(isDone, status === 200 && body.trim() === "")
    })
  )
})

it("only 200 is a reading, and every other answer is described in one short line", () => {
  fc.assert(
    fc.property(fc.integer({ min: 100, max: 599 }), fc.string({ maxLength: 2000 }), (status, body) => {
      const failure = readFailure("/status", { status, body })
      assert.strictEqual(failure === undefined, status === 200)
      if (failure === undefined) return
      assert.isBelow(failure.detail.length, 220)
      assert.notMatch(failure.detail, /[\p{Cc}]/u)
    })
  )
})

it("targets are obeyed from 8.41 on, and by versions that cannot be read", () => {
  for (const version of ["v8.41.0", "8.43.4", "v9.0.0", "v10.2.7", "unknown", "", undefined]) {
    assert.isTrue(obeysTarget(version), version)
  }
  for (const version of ["v8.40.3", "v8.8.0", "7.21.4", "v5.0.0"])
    assert.isFalse(obeysTarget(version), version)
})

it("round trips of /nodes mean something from 10.2.7 on", () => {
  for (const version of ["v10.2.7", "10.2.10", "v10.3.0", "v11.0.0"])
    assert.isTrue(timesNodes(version), version)
  for (const version of ["v10.2.6", "v10.1.9", "v8.43.4", "dev", undefined]) {
    assert.isFalse(timesNodes(version), version)
  }
})
