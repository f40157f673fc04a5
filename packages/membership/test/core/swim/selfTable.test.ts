/** Every row of the state table that is about the node itself. */
import { assert, describe, it } from "@effect/vitest"

import { generationMax, incarnationMax, type MemberStanding } from "../../../src/core/swim/memberKey.ts"
import type { MemberFact } from "../../../src/core/swim/memberRecord.ts"
import { alive, Bench, evidence } from "./swimBench.ts"
import { recordOf } from "./swimWorld.ts"

const aboutMe = (fact: Partial<MemberFact> & { readonly kind: MemberStanding }): MemberFact => {
  const { generation, id, incarnation, instance } = recordOf("me")
  const key = { id, generation, instance, incarnation }
  switch (fact.kind) {
    case "alive":
      return { ...recordOf("me"), ...fact, kind: "alive" }
    case "left":
      return { ...key, by: "me", ...fact, kind: "left" }
    case "suspect":
    case "dead":
      return { ...key, by: "z", evidence, ...fact, kind: fact.kind }
  }
}

const selfCases: ReadonlyArray<
  readonly [row: string, fact: MemberFact, self: string, reply: ReadonlyArray<string>, awareness: number]
> = [
  ["suspect at own incarnation", aboutMe({ kind: "suspect" }), "1/1", ["z@z:9 alive 1/1"], 1],
  [
    "dead at a much higher incarnation",
    aboutMe({ kind: "dead", incarnation: 70 }),
    "1/71",
    ["z@z:9 alive 1/71"],
    1
  ],
  [
    "dead at the last incarnation there is",
    aboutMe({ kind: "dead", incarnation: 2 ** 32 - 1 }),
    "2/0",
    ["z@z:9 alive 2/0"],
    1
  ],
  ["left about own generation", aboutMe({ kind: "left" }), "2/0", ["z@z:9 alive 2/0"], 0],
  [
    "dead of an older generation",
    aboutMe({ kind: "dead", generation: 0, incarnation: 9 }),
    "1/0",
    ["z@z:9 alive 1/0"],
    0
  ],
  [
    "alive of an older generation",
    aboutMe({ kind: "alive", generation: 0, incarnation: 9 }),
    "1/0",
    ["z@z:9 alive 1/0"],
    0
  ],
  [
    "alive of own process at a higher incarnation",
    aboutMe({ kind: "alive", incarnation: 4 }),
    "1/5",
    ["z@z:9 alive 1/5"],
    0
  ],
  ["alive as it is", aboutMe({ kind: "alive" }), "1/0", [], 0],
  [
    "dead of a later process: this one outlives it",
    aboutMe({ kind: "dead", generation: 6 }),
    "7/0",
    ["z@z:9 alive 7/0"],
    0
  ],
  [
    "alive of a later process at this address: it is the past",
    aboutMe({ kind: "alive", generation: 6 }),
    "7/0",
    ["z@z:9 alive 7/0"],
    0
  ],
  ["suspect of a later process: it may live", aboutMe({ kind: "suspect", generation: 6 }), "1/0", [], 0]
]

describe("self in the state table", () => {
  it.each(selfCases)("%s", (...[, fact, self, reply, awareness]) => {
    const bench = new Bench()
    bench.hear(fact)
    const { generation, incarnation } = bench.state.self
    assert.strictEqual(`${generation}/${incarnation}`, self)
    assert.deepStrictEqual(bench.sends, reply)
    assert.strictEqual(bench.state.awareness, awareness)
    const queued = bench.state.queue.entries.get("me")?.item
    assert.strictEqual(queued, self === "1/0" ? undefined : bench.state.self)
  })

  it("suspect below own incarnation is answered, and costs no health", () => {
    const bench = new Bench()
    bench.hear(aboutMe({ kind: "suspect", incarnation: 5 }))
    bench.hear(aboutMe({ kind: "suspect", incarnation: 5 }))
    assert.deepStrictEqual(bench.sends, ["z@z:9 alive 1/6"])
    assert.strictEqual(bench.state.awareness, 1)
  })

  it("nothing is refuted while leaving", () => {
    const bench = new Bench()
    bench.hear(alive(0))
    bench.tell({ _tag: "Leave" })
    bench.tell({
      _tag: "Received",
      from: "z",
      address: "z:9",
      sealed: true,
      message: { _tag: "Gossip" },
      gossip: [aboutMe({ kind: "dead" })]
    })
    assert.strictEqual(bench.state.self.incarnation, 0)
    assert.deepStrictEqual(bench.effects, [])
  })

  it("a flood about itself costs few generations, and none is announced before it is saved", () => {
    for (const kind of ["left", "dead"] as const) {
      const bench = new Bench()
      const saved: Array<number> = []
      const flood = () => {
        const { generation, instance } = bench.state.self
        const past = kind === "left" ? { instance } : { generation: generation + 1000 }
        bench.receive("z", { _tag: "Gossip" }, [aboutMe({ kind, generation, ...past })])
        for (const effect of bench.effects)
          if (effect._tag === "SaveGeneration") saved.push(effect.generation)
        assert.strictEqual(bench.state.self.generation, saved.at(-1))
      }
      for (let count = 0; count < 1000; count += 1) flood()
      assert.strictEqual(saved.length, 4)
      const announced = bench.state.self.generation
      bench.pass(1000)
      assert.isAbove(bench.state.self.generation, announced, "what waited is made good")
      assert.strictEqual(bench.state.queue.entries.get("me")?.item, bench.state.self)
      assert.strictEqual(bench.state.due.generation, Infinity)
    }
  })

  it("never steps beyond the greatest generation, and goes on as it is", () => {
    const bench = new Bench()
    bench.hear(aboutMe({ kind: "dead", generation: generationMax - 1 }))
    assert.strictEqual(bench.state.self.generation, generationMax)
    const { self } = bench.state
    bench.hear(aboutMe({ kind: "dead", generation: generationMax, instance: "f".repeat(32) }))
    bench.hear({ ...self, kind: "left", by: "z" })
    bench.hear(
      aboutMe({
        kind: "dead",
        generation: generationMax,
        instance: self.instance,
        incarnation: incarnationMax
      })
    )
    assert.strictEqual(bench.state.self, self)
    assert.strictEqual(bench.state.counters.protocolViolations, 3)
    bench.hear(aboutMe({ kind: "suspect", generation: generationMax, instance: self.instance }))
    assert.strictEqual(bench.state.self.incarnation, 1)
  })

  it("another process of the name that answers elsewhere is a conflict", () => {
    const bench = new Bench()
    bench.hear({ ...recordOf("me"), generation: 6, address: "rival:1" })
    const ping = bench.effects.find((effect) => effect._tag === "StreamPing")
    assert(ping?._tag === "StreamPing")
    assert.strictEqual(ping.address, "rival:1")
    bench.tell({ _tag: "StreamPinged", seq: ping.seq, answer: "ack" })
    assert.strictEqual(bench.state.phase, "superseded")
    assert.strictEqual(bench.state.self.incarnation, 0)
    assert.deepStrictEqual(
      bench.effects.map((effect) => (effect._tag === "Emit" ? effect.news._tag : effect._tag)),
      ["NameConflict", "Superseded"]
    )
  })
})
