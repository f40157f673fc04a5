import { assert, it } from "@effect/vitest"
import * as fc from "fast-check"

import {
  isUncertain,
  lostContact,
  natsFailure,
  obeysTarget,
  unfitToLead
} from "../../src/core/natsAnswers.ts"

const well = { isCurrent: true, isOffline: false, silentMillis: 20 }

it("a target is obeyed from 2.11 on, and an unreadable version counts as new", () => {
  for (const version of ["2.11.0", "2.15.1", "v2.12.0-RC.1", "3.0.0", "nightly"]) {
    assert.isTrue(obeysTarget(version), version)
  }
  for (const version of ["2.10.27", "2.9.10", "1.4.1"]) assert.isFalse(obeysTarget(version), version)
})

it("a replica may lead when it is current, online and was heard from within 3 s", () => {
  assert.isUndefined(unfitToLead(well))
  assert.isUndefined(unfitToLead({ ...well, silentMillis: 3000 }))
  assert.isUndefined(unfitToLead({ ...well, silentMillis: undefined }))
  assert.include(unfitToLead({ ...well, silentMillis: 3001 }), "3001 ms")
  assert.include(unfitToLead({ ...well, isOffline: true }), "offline")
  assert.include(unfitToLead({ ...well, isCurrent: false }), "behind")
})

it("a replica that is behind is reachable all the same", () => {
  assert.isUndefined(lostContact({ ...well, isCurrent: false }))
})

it("an unknown error is Unavailable with 503, and else a ProtocolViolation; both leave the outcome open", () => {
  assert.strictEqual(natsFailure("x", { code: 503, err_code: 1 })._tag, "Unavailable")
  assert.strictEqual(natsFailure("x", { code: 503 })._tag, "Unavailable")
  assert.strictEqual(natsFailure("x", { code: 500, err_code: 1 })._tag, "ProtocolViolation")
  assert.isTrue(isUncertain({ _tag: "Unavailable", detail: "" }))
  assert.isTrue(isUncertain({ _tag: "ProtocolViolation", detail: "" }))
  assert.isFalse(isUncertain({ _tag: "NotEligible", detail: "" }))
})

it("an error is one short line, whatever the server says", () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer(), fc.string({ maxLength: 1000 }), (code, err_code, description) => {
      const { detail } = natsFailure("$JS.API.STREAM.INFO.S", { code, err_code, description })
      assert.match(detail, /^[^\p{Cc}]{1,300}$/u)
    })
  )
})
