import { assert, it } from "@effect/vitest"
import * as fc from "fast-check"

import { etcdFailure, isUncertain } from "../../src/core/etcdAnswers.ts"

const tagOf = (status: number, body: unknown) =>
  etcdFailure("/v3/x", { status, body: typeof body === "string" ? body : JSON.stringify(body) })?._tag

it("200 is a success whatever its body, which is for the decoder", () => {
  assert.isUndefined(tagOf(200, "{}"))
  assert.isUndefined(tagOf(200, "<html>"))
})

it("the body tells, not the HTTP status: releases differ in it", () => {
  for (const status of [400, 412]) {
    assert.strictEqual(tagOf(status, { code: 9, message: "etcdserver: not leader" }), "NotLeader")
    assert.strictEqual(
      tagOf(status, { code: 9, message: "etcdserver: bad leader transferee" }),
      "BadTransferee"
    )
    assert.strictEqual(
      tagOf(status, { code: 9, message: "etcdserver: authentication is not enabled" }),
      "AuthDisabled"
    )
  }
})

it("a missing, unknown or outdated token asks for a new one, a wrong password does not", () => {
  assert.strictEqual(tagOf(400, { code: 3, message: "etcdserver: user name is empty" }), "TokenRefused")
  assert.strictEqual(tagOf(401, { code: 16, message: "etcdserver: invalid auth token" }), "TokenRefused")
  assert.strictEqual(
    tagOf(400, { code: 3, message: "etcdserver: revision of auth store is old" }),
    "TokenRefused"
  )
  assert.strictEqual(
    tagOf(400, { code: 3, message: "etcdserver: authentication failed, invalid user ID or password" }),
    "Unauthorized"
  )
})

it("a code without a known message still tells", () => {
  assert.strictEqual(tagOf(503, { code: 14, message: "etcdserver: leader changed" }), "Unavailable")
  assert.strictEqual(tagOf(403, { code: 7 }), "Unauthorized")
  assert.strictEqual(tagOf(500, { code: 2, message: "raft proposal dropped" }), "ProtocolViolation")
})

it("an answer without a code is judged by its status", () => {
  assert.strictEqual(tagOf(404, "Not Found"), "Unsupported")
  assert.strictEqual(tagOf(401, ""), "Unauthorized")
  assert.strictEqual(tagOf(502, "<html>"), "Unavailable")
  assert.strictEqual(tagOf(418, '{"code":"nine"}'), "ProtocolViolation")
})

it("only failures that come before anything is done are certain", () => {
  const uncertain = ["TransferTimeout", "ProtocolViolation", "Unavailable"] as const
  for (const _tag of uncertain) assert.isTrue(isUncertain({ _tag, detail: "" }))
  for (const _tag of ["NotLeader", "BadTransferee", "TokenRefused", "Unauthorized", "Unsupported"] as const) {
    assert.isFalse(isUncertain({ _tag, detail: "" }))
  }
})

it("no answer throws, and a failure is one short line", () => {
  fc.assert(
    fc.property(fc.integer({ min: 201, max: 599 }), fc.oneof(fc.string(), fc.json()), (status, body) => {
      const failure = etcdFailure("/v3/x", { status, body })
      assert.match(failure?.detail ?? "", /^[^\p{Cc}]{1,300}$/u)
    })
  )
})
