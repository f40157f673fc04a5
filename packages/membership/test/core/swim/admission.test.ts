/** Joins that are tried again, broken off, or follow a goodbye. */
import { assert, describe, it } from "@effect/vitest"

import { generationMax } from "../../../src/core/swim/memberKey.ts"
import type { MemberRecord } from "../../../src/core/swim/memberRecord.ts"
import type { SyncEntry } from "../../../src/core/swim/messages.ts"
import { suspicionMinMillis } from "../../../src/core/swim/suspicion.ts"
import { alive, Bench, dead, suspect } from "./swimBench.ts"
import { recordOf } from "./swimWorld.ts"

const join = (bench: Bench): void => bench.tell({ _tag: "Join", seeds: ["s:1"] })

/** The seed answers the last exchange that was opened. */
const answer = (bench: Bench, ...records: ReadonlyArray<MemberRecord>): void => {
  const entries: ReadonlyArray<SyncEntry> = [recordOf("s"), ...records].map((record) => ({
    record,
    doubt: undefined,
    ageMillis: 0
  }))
  const exchange = bench.state.exchangeCount
  bench.tell({ _tag: "SyncEntries", exchange, from: "s", entries, differing: [], last: true })
}

const departed = (bench: Bench): void => {
  bench.tell({ _tag: "Leave" })
  while (bench.state.phase !== "left") bench.pass(100)
}

describe("a join", () => {
  it("asks the holder of the name every time, also right after the last one failed for it", () => {
    const bench = new Bench()
    const holder = recordOf("me", { process: 9, address: "holder:1" })
    for (const attempt of [1, 2, 3]) {
      join(bench)
      answer(bench, holder)
      const ping = bench.effects.find(({ _tag }) => _tag === "StreamPing")
      assert(ping?._tag === "StreamPing", `attempt ${attempt}`)
      bench.nowMillis += 10
      bench.tell({ _tag: "StreamPinged", seq: ping.seq, answer: "ack" })
      assert.deepStrictEqual(bench.news, ["JoinFailed"], `attempt ${attempt}`)
      assert.strictEqual(bench.state.phase, "superseded")
      bench.nowMillis += 5000
    }
  })

  it("that failed for the name ends with all its exchanges", () => {
    const bench = new Bench()
    bench.tell({ _tag: "Join", seeds: ["t:1", "s:1"] })
    answer(bench, recordOf("me", { process: 9, address: "holder:1" }))
    const ping = bench.effects.find(({ _tag }) => _tag === "StreamPing")
    assert(ping?._tag === "StreamPing")
    bench.tell({ _tag: "StreamPinged", seq: ping.seq, answer: "ack" })
    const late = { exchange: 1, from: "t", entries: [], differing: [], last: true }
    bench.tell({ _tag: "SyncEntries", ...late })
    assert.deepStrictEqual(bench.effects, [])
    assert.strictEqual(bench.state.counters.inboundIgnored, 1)
  })

  it.each([0, 10_000])(
    "that a goodbye breaks off fails, and an answer %i ms later does nothing",
    (millis) => {
      const bench = new Bench()
      join(bench)
      bench.tell({ _tag: "Leave" })
      assert.deepStrictEqual(bench.news, ["JoinFailed"])
      bench.pass(millis)
      answer(bench)
      assert.deepStrictEqual(bench.effects, [])
      bench.pass(10_000)
      assert.strictEqual(bench.state.phase, "left")
    }
  )

  it("while leaving fails at once", () => {
    const bench = new Bench()
    bench.hear(alive(0))
    bench.tell({ _tag: "Leave" })
    join(bench)
    assert.deepStrictEqual(bench.news, ["JoinFailed"])
    assert.strictEqual(bench.state.exchanges.size, 0)
  })

  it("after a goodbye starts suspicions again: nobody is given up for the time between", () => {
    const bench = new Bench()
    for (const id of ["a", "b", "c"]) bench.hear(recordOf(id))
    bench.hear(alive(0))
    bench.hear(suspect(0), "y")
    bench.tell({ _tag: "Leave" })
    bench.pass(7000)
    assert.strictEqual(bench.state.phase, "left")
    bench.nowMillis += 3_600_000
    join(bench)
    assert.strictEqual(bench.view, "suspect 1/0 timer")
    bench.pass(suspicionMinMillis(bench.state.options, 5) - 1)
    assert.strictEqual(bench.view, "suspect 1/0 timer")
    bench.pass(60_000)
    assert.strictEqual(bench.view, "dead 1/0")
  })

  it("after a goodbye keeps nothing that ran before it: no pings for others", () => {
    const bench = new Bench()
    const target = { id: "x", generation: 1, instanceHash: 1 }
    const request = {
      _tag: "PingReq",
      seq: 1,
      target,
      address: "x:1",
      incarnation: 0,
      budgetMillis: 2000
    } as const
    bench.receive("p", request)
    departed(bench)
    assert.strictEqual(bench.state.relays.size, 1)
    join(bench)
    assert.strictEqual(bench.state.relays.size, 0)
  })

  it("after a goodbye is refused where there is no later generation", () => {
    const bench = new Bench()
    bench.hear({ ...dead(0, "y", generationMax - 1), id: "me", instance: recordOf("me").instance })
    departed(bench)
    join(bench)
    const [effect] = bench.effects
    assert(effect?._tag === "Emit" && effect.news._tag === "JoinFailed")
    assert.strictEqual(effect.news.detail, "no generation is left above this one: use another id")
    assert.strictEqual(bench.state.phase, "left")
    assert.strictEqual(bench.state.self.generation, generationMax)
  })
})
