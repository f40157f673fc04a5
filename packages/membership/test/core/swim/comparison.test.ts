import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"

import { viewHash } from "../../../src/core/swim/comparison.ts"
import { takeItems } from "../../../src/core/swim/dissemination.ts"
import { instanceHash } from "../../../src/core/swim/messages.ts"
import { alive, Bench, dead, left, suspect } from "./swimBench.ts"
import { recordOf, SwimWorld } from "./swimWorld.ts"

const target = { id: "x", generation: 1, instanceHash: instanceHash(recordOf("x").instance) }

/** A node that knows `x` and has nothing left to tell. */
const quiet = (): Bench => {
  const bench = new Bench()
  bench.hear(alive(0))
  takeItems(bench.state.queue, Infinity, 1)
  return bench
}

/** One round of probing `x`, which answers with this view; whether a push/pull followed. */
const round = (bench: Bench, view: number): boolean => {
  bench.pass(1000)
  bench.state.round = undefined
  bench.state.due.probe = bench.nowMillis
  bench.tell({ _tag: "Tick" })
  const [ping] = bench.sent("Ping")
  assert(ping !== undefined)
  takeItems(bench.state.queue, Infinity, 1)
  bench.receive("x", { _tag: "Ack", seq: ping.message.seq, target, wantsRecord: false, view })
  const opened = bench.effects.find(({ _tag }) => _tag === "OpenSync")
  if (opened?._tag === "OpenSync") {
    bench.tell({ _tag: "SyncFailed", exchange: opened.exchange, refused: false, detail: "as told" })
  }
  return opened !== undefined
}

describe("hash of a view", () => {
  it("depends on who is in the cluster, not on the order of the news or on doubt", () => {
    const id = fc.integer({ min: 0, max: 9 }).map((index) => `m${index}`)
    fc.assert(
      fc.property(fc.uniqueArray(id), fc.func(fc.integer()), (ids, order) => {
        const [one, other] = [new Bench(), new Bench()]
        for (const member of ids) one.hear(recordOf(member), "z", 0)
        for (const member of ids.toSorted((a, b) => order(a) - order(b))) other.hear(recordOf(member), "z", 0)
        assert.strictEqual(viewHash(one.state), viewHash(other.state))
      })
    )
    const bench = quiet()
    const before = viewHash(bench.state)
    bench.hear(suspect(0))
    assert.strictEqual(viewHash(bench.state), before)
  })

  it("changes with a new incarnation, a death, a goodbye and a newcomer, and back", () => {
    const bench = new Bench()
    const without = viewHash(bench.state)
    const seen = new Set([without])
    const differs = (fact: Parameters<Bench["hear"]>[0]) => {
      bench.hear(fact)
      assert.isFalse(seen.has(viewHash(bench.state)))
      seen.add(viewHash(bench.state))
    }
    differs(alive(0))
    differs(alive(1))
    bench.hear(dead(1))
    assert.strictEqual(viewHash(bench.state), without)
    differs(alive(0, 2))
    bench.hear(left(2))
    assert.strictEqual(viewHash(bench.state), without)
  })
})

describe("comparison of views", () => {
  it("brings a push/pull after two answers in a row that differ", () => {
    const bench = quiet()
    assert.isFalse(round(bench, 1))
    assert.isFalse(round(bench, viewHash(bench.state)), "they agree again")
    assert.isFalse(round(bench, 1))
    assert.isTrue(round(bench, 1))
  })

  it("waits while there is news to tell", () => {
    const bench = quiet()
    const answers = () => {
      bench.state.round = undefined
      bench.state.due.probe = bench.nowMillis
      bench.tell({ _tag: "Tick" })
      const [ping] = bench.sent("Ping")
      assert(ping !== undefined)
      bench.receive("x", { _tag: "Ack", seq: ping.message.seq, target, wantsRecord: false, view: 1 })
      return bench.effects.some(({ _tag }) => _tag === "OpenSync")
    }
    bench.receive("z", { _tag: "Gossip" }, [alive(1)])
    assert.isFalse(answers() || answers() || answers())
    takeItems(bench.state.queue, Infinity, 1)
    assert.isFalse(answers())
    assert.isTrue(answers())
  })

  it.each([
    ["with all", () => 1],
    ["with some", (bench: Bench, count: number) => (count % 7 === 0 ? viewHash(bench.state) : 1)]
  ])("becomes as rare as the periodic ones where views differ for good %s", (_name, viewOf) => {
    const bench = quiet()
    const opened: Array<number> = []
    for (let count = 0; count < 300; count += 1) {
      bench.state.due.sync = Infinity
      if (round(bench, viewOf(bench, count))) opened.push(bench.nowMillis)
    }
    const gaps = opened.slice(1).map((at, index) => at - (opened[index] ?? 0))
    assert.isAtMost(opened.length, 3 + 300 / 27)
    assert.isAtLeast(Math.min(...gaps), 2250)
    assert.isAtLeast(Math.min(...gaps.slice(-5)), 27_000)
  })

  it("mends within seconds what gossip missed, long before the periodic push/pull", () => {
    const world = new SwimWorld({}, 7)
    const ids = world.startMany(8)
    world.run(60_000)
    // One node alone hears nothing of the newcomer: whatever would tell it is lost.
    const deaf = ids[3] ?? ""
    for (const id of ids) world.cut(id, deaf)
    world.start("new", {}, [world.node(ids[0] ?? "").state.self.address])
    world.cut("new", deaf)
    world.run(3000)
    world.heal()
    world.until(() => world.alive(deaf).includes("new"), 10_000, "the newcomer is known everywhere")
    assert.include(world.alive(deaf), "new")
  })
})
