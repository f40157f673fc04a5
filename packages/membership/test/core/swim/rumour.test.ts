/** Processes that only rumour names, and what is shown of their members meanwhile. */
import { assert, describe, it } from "@effect/vitest"

import { alive, Bench, dead, left, suspect } from "./swimBench.ts"
import { recordOf } from "./swimWorld.ts"

describe("a member that is shown dead, and of which a newer process is rumoured", () => {
  it("is reaped when there are too many of them", () => {
    const bench = new Bench({ tombstonesMax: 1 })
    for (const fact of [alive(3), dead(3), suspect(0, "y", 2)]) bench.hear(fact)
    bench.hear(recordOf("w"))
    bench.hear({ ...dead(0), id: "w", instance: recordOf("w").instance })
    assert.deepStrictEqual(bench.changes, ["Failed alive>dead", "Reaped dead>-"])
    assert.strictEqual(bench.view, "unknown")
    assert.strictEqual(bench.state.table.dead, 1)
  })

  it("may be declared left", () => {
    const bench = new Bench()
    for (const fact of [alive(3), dead(3), suspect(0, "y", 2)]) bench.hear(fact)
    bench.tell({ _tag: "ForceLeave", id: "x" })
    assert.strictEqual(bench.view, "left 2/0")
    assert.deepStrictEqual(bench.changes, ["Left dead>left"])
    bench.hear(left(2))
    assert.deepStrictEqual(bench.changes, [])
  })
})

describe("a rumoured process", () => {
  it("is dead when a push/pull says so: nobody waits for its refutation", () => {
    const bench = new Bench()
    const doubt = dead(3)
    assert(doubt.kind === "dead")
    bench.hear(suspect(3))
    bench.tell({
      _tag: "SyncEntries",
      exchange: undefined,
      from: "z",
      entries: [{ record: undefined, doubt, ageMillis: 0 }],
      differing: [],
      last: true
    })
    assert.strictEqual(bench.view, "hidden dead 1/3")
  })
})
