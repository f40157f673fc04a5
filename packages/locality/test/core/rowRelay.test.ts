import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"

import {
  emptyInbox,
  epochAfter,
  nextPart,
  type RelayAnswer,
  type RelayInbox,
  receive
} from "../../src/core/rowRelay.ts"

/** A report of which each part says which report it belongs to. */
const reportOf = (epoch: number, seq: number, total: number) => ({
  epoch,
  seq,
  total,
  part: (index: number) => ({ index, body: `${epoch}.${seq}.${index}` })
})

describe("rowRelay", () => {
  it("a report counts when all its parts are there; until then the one before it does", () => {
    const [one] = receive<string>(emptyInbox, { ...reportOf(1, 1, 1), part: { index: 0, body: "old" } })
    assert.deepStrictEqual(one.complete, ["old"])
    const [two, answer] = receive(one, { epoch: 1, seq: 2, total: 2, part: { index: 0, body: "new" } })
    assert.deepStrictEqual([two.complete, answer], [["old"], { epoch: 1, seq: 2, next: 1 }])
    const [three] = receive(two, { epoch: 1, seq: 2, total: 2, part: { index: 1, body: "er" } })
    assert.deepStrictEqual(three.complete, ["new", "er"])
  })
  it("an echo of an older report is answered with the newer one's name, and changes nothing", () => {
    const [now] = receive<string>(emptyInbox, { epoch: 5, seq: 1, total: 1, part: { index: 0, body: "now" } })
    const [after, answer] = receive(now, { epoch: 4, seq: 9, total: 1, part: { index: 0, body: "old" } })
    assert.strictEqual(after, now)
    assert.deepStrictEqual(answer, { epoch: 5, seq: 1, next: 1 })
  })
  it("a run that began with a clock set back goes above what its peers remember", () => {
    assert.strictEqual(epochAfter(4, { epoch: 9, seq: 1, next: 0 }), 10)
    assert.strictEqual(epochAfter(9, { epoch: 9, seq: 1, next: 0 }), 9)
    assert.strictEqual(epochAfter(4, { epoch: Number.MAX_SAFE_INTEGER, seq: 1, next: 0 }), 4)
  })
  it("property: over a link that loses, repeats and delays, the newest report arrives whole once the link is calm", () => {
    const fault = fc.constantFrom("fine", "lose", "lose answer", "repeat an old one")
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fault, fc.boolean()), { maxLength: 60 }),
        fc.integer({ min: 1, max: 5 }),
        (faults, total) => {
          let inbox: RelayInbox<string> = emptyInbox
          let answered: RelayAnswer | undefined
          let seq = 1
          const sent: Array<Parameters<typeof receive<string>>[1]> = []
          const beat = (kind: string) => {
            const report = reportOf(1, seq, total)
            const index = nextPart(report, answered)
            const message = {
              epoch: 1,
              seq,
              total,
              ...(index === undefined ? {} : { part: report.part(index) })
            }
            sent.push(message)
            if (kind === "lose") return
            const arriving =
              kind === "repeat an old one" ? (sent[Math.floor(sent.length / 2)] ?? message) : message
            const [after, answer] = receive(inbox, arriving)
            inbox = after
            if (kind !== "lose answer") answered = answer
            const versions = new Set(after.complete?.map((part) => part.split(".")[1]))
            assert.isAtMost(versions.size, 1, "a report is never mixed of two")
          }
          for (const [kind, publishes] of faults) {
            if (publishes) seq += 1
            beat(kind)
          }
          for (let calm = 0; calm <= total; calm++) beat("fine")
          assert.deepStrictEqual(
            inbox.complete,
            Array.from({ length: total }, (_, index) => `1.${seq}.${index}`)
          )
        }
      )
    )
  })
})
