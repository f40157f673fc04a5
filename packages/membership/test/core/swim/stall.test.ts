import { assert, describe, it } from "@effect/vitest"

import { alive, Bench, suspect } from "./swimBench.ts"
import { recordOf } from "./swimWorld.ts"

/** A node that suspects x since just now, until the time that is returned; nothing else is due. */
const suspecting = () => {
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

/** Passes without a turn of the process. */
const standStill = (bench: Bench, millis: number): void => {
  bench.nowMillis += millis
}

describe("a stall of this process", () => {
  it("that goes on after it was noticed is made good whole", () => {
    const bench = suspecting()
    const before = deadlineOf(bench)
    standStill(bench, 150)
    bench.tell({ _tag: "Stalled", millis: 150 })
    standStill(bench, 60_000)
    bench.tell({ _tag: "Tick" })
    assert.strictEqual(bench.view, "suspect 1/3 timer")
    assert.strictEqual(deadlineOf(bench), before + 60_150)
    assert.strictEqual(bench.state.counters.stalls, 1)
  })

  it("that is told twice, and longer the second time, counts once and by its beginning", () => {
    const bench = suspecting()
    const before = deadlineOf(bench)
    standStill(bench, 200)
    bench.tell({ _tag: "Stalled", millis: 200 })
    standStill(bench, 3000)
    bench.tell({ _tag: "Stalled", millis: 3200 })
    bench.tell({ _tag: "Tick" })
    assert.strictEqual(deadlineOf(bench), before + 3200)
    bench.tell({ _tag: "Stalled", millis: 3200 })
    bench.tell({ _tag: "Tick" })
    assert.strictEqual(deadlineOf(bench), before + 3200)
    assert.strictEqual(bench.state.counters.stalls, 1)
  })

  it("takes from a suspicion that began meanwhile the time since its beginning and no more", () => {
    const bench = suspecting()
    standStill(bench, 1000)
    bench.tell({ _tag: "Stalled", millis: 1000 })
    bench.receive("z", { _tag: "Gossip" }, [alive(4), suspect(4)])
    const began = deadlineOf(bench)
    standStill(bench, 500)
    bench.tell({ _tag: "Tick" })
    assert.strictEqual(deadlineOf(bench), began + 500)
  })
})
