/** The rows of the state table that are about a running suspicion. */
import { assert, describe, it } from "@effect/vitest"

import type { MemberFact } from "../../../src/core/swim/memberRecord.ts"
import { alive, Bench, dead, suspect } from "./swimBench.ts"
import { recordOf } from "./swimWorld.ts"

/** A node among five members, of whom `x` is suspected by `y`: three confirmations are expected. */
const amongFive = (): Bench => {
  const bench = new Bench()
  for (const id of ["a", "b", "c"]) bench.hear(recordOf(id))
  bench.hear(alive(3))
  bench.hear(suspect(3))
  return bench
}

const deadlineOf = (bench: Bench): number => {
  const [trouble] = bench.state.table.suspicions
  return trouble?.suspicion?.deadlineMillis ?? Number.NaN
}

describe("suspicion in the state table", () => {
  it("suspect | suspect, new accuser: shorter, told on, no event", () => {
    const bench = amongFive()
    const before = deadlineOf(bench)
    const confirmation = suspect(3, "a")
    bench.hear(confirmation)
    assert.isBelow(deadlineOf(bench), before)
    assert.strictEqual(bench.state.queue.entries.get("x")?.item, confirmation)
    assert.deepStrictEqual(bench.changes, [])
  })

  it("suspect | suspect, accuser counted already, or enough of them: nothing", () => {
    const bench = amongFive()
    bench.hear(suspect(3, "y"), "z", 100)
    assert.isUndefined(bench.state.queue.entries.get("x"))
    for (const by of ["a", "b", "c"]) bench.hear(suspect(3, by), "z", 100)
    const before = deadlineOf(bench)
    bench.hear(suspect(3, "d"), "z", 100)
    assert.strictEqual(deadlineOf(bench), before)
    assert.isUndefined(bench.state.queue.entries.get("x"))
  })

  it("suspect | own timer fires: dead, by this node", () => {
    const bench = amongFive()
    bench.pass(deadlineOf(bench) - bench.nowMillis)
    assert.strictEqual(bench.view, "dead 1/3")
    assert.deepStrictEqual(bench.changes, ["Failed suspect>dead"])
  })

  it("suspect | confirmations that come late end it at once, and are no stall of this node", () => {
    const bench = amongFive()
    for (const by of ["a", "b", "c"]) bench.hear(suspect(3, by), "z", by === "a" ? 10_000 : 10)
    bench.pass(0)
    assert.strictEqual(bench.view, "dead 1/3")
    assert.strictEqual(bench.state.counters.stalls, 0)
  })

  it("suspect | the timer of an incarnation that was refuted never fires", () => {
    const bench = amongFive()
    const firstDeadline = deadlineOf(bench)
    bench.hear(alive(4))
    bench.hear(suspect(4))
    bench.pass(firstDeadline - bench.nowMillis + 1000)
    assert.strictEqual(bench.view, "suspect 1/4 timer")
  })

  it("a push/pull turns a death into a doubt of the same accuser, and confirms nothing", () => {
    const bench = amongFive()
    bench.hear(alive(4))
    const sync = (fact: MemberFact) =>
      bench.tell({
        _tag: "SyncEntries",
        exchange: undefined,
        from: "z",
        entries: [{ record: undefined, doubt: fact.kind === "alive" ? undefined : fact, ageMillis: 5000 }],
        differing: [],
        last: true
      })
    sync(dead(4, "w"))
    assert.strictEqual(bench.view, "suspect 1/4 timer")
    const [trouble] = bench.state.table.suspicions
    assert.strictEqual(trouble?.suspicion?.accuser, "w")
    const before = deadlineOf(bench)
    sync(suspect(4, "v"))
    assert.strictEqual(deadlineOf(bench), before)
  })
})
