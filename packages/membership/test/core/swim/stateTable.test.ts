/** Every row of the state machine (specification of membership, 4.2), one fact at a time against one node. */
import { assert, describe, it } from "@effect/vitest"

import type { MemberFact } from "../../../src/core/swim/memberRecord.ts"
import { alive, Bench, dead, left, suspect } from "./swimBench.ts"
import { recordOf } from "./swimWorld.ts"

interface Case {
  /** The row of the specification. */
  readonly row: string
  readonly given: ReadonlyArray<MemberFact>
  readonly hears: MemberFact
  readonly from?: string
  /** As `Bench.view`. */
  readonly view: string
  readonly spread?: true
  readonly changes?: ReadonlyArray<string>
  readonly echo?: ReadonlyArray<string>
}

const ghost = [suspect(3)]
const doubted = [alive(3), suspect(3)]
const lost = [alive(3), dead(3)]
const gone = [alive(3), left()]

const cases: ReadonlyArray<Case> = [
  {
    row: "unknown | alive",
    given: [],
    hears: alive(3),
    view: "alive 1/3",
    spread: true,
    changes: ["Joined ->alive"]
  },
  {
    row: "unknown | alive, filter rejects",
    given: [],
    hears: alive(3, 1, { metadata: { banned: "" } }),
    view: "unknown"
  },
  {
    row: "unknown | alive, version out of range",
    given: [],
    hears: alive(3, 1, { versions: { min: 2, current: 2, max: 3 } }),
    view: "unknown"
  },
  { row: "unknown | alive, bad address", given: [], hears: alive(3, 1, { address: "" }), view: "unknown" },
  { row: "unknown | suspect", given: [], hears: suspect(3), view: "hidden suspect 1/3", spread: true },
  { row: "unknown | dead", given: [], hears: dead(3), view: "hidden dead 1/3", spread: true },
  { row: "unknown | left", given: [], hears: left(), view: "hidden left 1/0", spread: true },
  {
    row: "ghost | alive, key above",
    given: ghost,
    hears: alive(4),
    view: "alive 1/4",
    spread: true,
    changes: ["Joined ->alive"]
  },
  {
    row: "ghost suspect | alive, key not above",
    given: ghost,
    hears: alive(3),
    view: "suspect 1/3 timer",
    spread: true,
    changes: ["Joined ->alive", "Suspected alive>suspect"],
    echo: ["x@x:1 suspect 1/3"]
  },
  {
    row: "ghost suspect | alive from an older incarnation",
    given: ghost,
    hears: alive(1),
    view: "suspect 1/3 timer",
    spread: true,
    changes: ["Joined ->alive", "Suspected alive>suspect"],
    echo: ["x@x:1 suspect 1/3"]
  },
  {
    row: "ghost dead | alive, key not above",
    given: [dead(3)],
    hears: alive(3),
    view: "hidden dead 1/3",
    spread: true,
    echo: ["x@x:1 dead 1/3"]
  },
  {
    row: "ghost dead with record | alive, key above",
    given: [dead(3), alive(3)],
    hears: alive(4),
    view: "alive 1/4",
    spread: true,
    changes: ["Joined ->alive"]
  },
  {
    row: "ghost | alive of an older generation",
    given: [dead(3, "y", 2)],
    hears: alive(9),
    view: "hidden dead 2/3",
    echo: ["x@x:1 dead 2/3"]
  },
  { row: "ghost | higher accusation", given: ghost, hears: dead(3), view: "hidden dead 1/3", spread: true },
  {
    row: "ghost | lower accusation",
    given: ghost,
    hears: suspect(2),
    view: "hidden suspect 1/3",
    echo: ["z@z:9 suspect 1/3"]
  },
  {
    row: "alive | alive above, same generation",
    given: [alive(3)],
    hears: alive(4),
    view: "alive 1/4",
    spread: true
  },
  {
    row: "alive | alive above, other address",
    given: [alive(3)],
    hears: alive(4, 1, { address: "new:1" }),
    view: "alive 1/4",
    spread: true,
    changes: ["Updated alive>alive"]
  },
  {
    row: "alive | alive, higher generation",
    given: [alive(3)],
    hears: alive(0, 2),
    view: "alive 2/0",
    spread: true,
    changes: ["Restarted alive>alive"]
  },
  {
    row: "alive | alive, higher generation that the filter rejects",
    given: [alive(3)],
    hears: alive(0, 2, { metadata: { banned: "" } }),
    view: "alive 1/3"
  },
  { row: "alive | alive not above", given: [alive(3)], hears: alive(2), view: "alive 1/3" },
  {
    row: "alive | alive of an older generation, from the subject",
    given: [alive(3, 2)],
    hears: alive(9),
    from: "x",
    view: "alive 2/3",
    echo: ["x@x:9 alive 2/3"]
  },
  {
    row: "alive | suspect at the incarnation",
    given: [alive(3)],
    hears: suspect(3),
    view: "suspect 1/3 timer",
    spread: true,
    changes: ["Suspected alive>suspect"]
  },
  {
    row: "alive | suspect at a higher incarnation",
    given: [alive(3)],
    hears: suspect(5),
    view: "suspect 1/5 timer",
    spread: true,
    changes: ["Suspected alive>suspect"]
  },
  {
    row: "alive | dead at the incarnation",
    given: [alive(3)],
    hears: dead(3),
    view: "dead 1/3",
    spread: true,
    changes: ["Failed alive>dead"]
  },
  {
    row: "alive | accusation with a lower key",
    given: [alive(3)],
    hears: suspect(2),
    view: "alive 1/3",
    echo: ["x@x:1 alive 1/3", "z@z:9 alive 1/3"]
  },
  {
    row: "suspect | accusation with a lower key",
    given: doubted,
    hears: dead(2),
    view: "suspect 1/3 timer",
    echo: ["x@x:1 suspect 1/3", "z@z:9 suspect 1/3"]
  },
  {
    row: "dead | accusation with a lower key",
    given: lost,
    hears: dead(2),
    view: "dead 1/3",
    echo: ["x@x:1 dead 1/3", "z@z:9 dead 1/3"]
  },
  {
    row: "alive | left, same generation",
    given: [alive(3)],
    hears: left(),
    view: "left 1/0",
    spread: true,
    changes: ["Left alive>left"]
  },
  {
    row: "alive | left, higher generation",
    given: [alive(3)],
    hears: left(2),
    view: "left 2/0",
    spread: true,
    changes: ["Left alive>left"]
  },
  {
    row: "suspect | left",
    given: doubted,
    hears: left(),
    view: "left 1/0",
    spread: true,
    changes: ["Left suspect>left"]
  },
  {
    row: "suspect | alive, higher incarnation",
    given: doubted,
    hears: alive(4),
    view: "alive 1/4",
    spread: true,
    changes: ["Recovered suspect>alive"]
  },
  {
    row: "suspect | alive, higher incarnation and other labels",
    given: doubted,
    hears: alive(4, 1, { metadata: { zone: "b" } }),
    view: "alive 1/4",
    spread: true,
    changes: ["Recovered suspect>alive", "Updated alive>alive"]
  },
  {
    row: "suspect | alive, higher generation",
    given: doubted,
    hears: alive(0, 2),
    view: "alive 2/0",
    spread: true,
    changes: ["Restarted suspect>alive"]
  },
  { row: "suspect | alive, same incarnation", given: doubted, hears: alive(3), view: "suspect 1/3 timer" },
  {
    row: "suspect | alive, same incarnation, from the subject",
    given: doubted,
    hears: alive(3),
    from: "x",
    view: "suspect 1/3 timer",
    echo: ["x@x:9 suspect 1/3"]
  },
  {
    row: "suspect | suspect, higher incarnation",
    given: doubted,
    hears: suspect(4),
    view: "suspect 1/4 timer",
    spread: true
  },
  {
    row: "suspect | dead",
    given: doubted,
    hears: dead(3),
    view: "dead 1/3",
    spread: true,
    changes: ["Failed suspect>dead"]
  },
  {
    row: "dead | alive, higher incarnation",
    given: lost,
    hears: alive(4),
    view: "alive 1/4",
    spread: true,
    changes: ["Recovered dead>alive"]
  },
  {
    row: "dead | alive, higher generation",
    given: lost,
    hears: alive(0, 2),
    view: "alive 2/0",
    spread: true,
    changes: ["Restarted dead>alive"]
  },
  { row: "dead | alive not above", given: lost, hears: alive(3), view: "dead 1/3", echo: ["x@x:1 dead 1/3"] },
  {
    row: "dead | suspect, higher incarnation",
    given: lost,
    hears: suspect(4),
    view: "suspect 1/4 timer",
    spread: true,
    changes: ["Recovered dead>alive", "Suspected alive>suspect"]
  },
  {
    row: "dead | suspect, higher generation, stays dead until the process announces itself",
    given: lost,
    hears: suspect(0, "y", 2),
    view: "dead suspect 2/0",
    spread: true
  },
  {
    row: "dead, then suspect of a newer process | its alive at the accused incarnation",
    given: [...lost, suspect(0, "y", 2)],
    hears: alive(0, 2),
    view: "suspect 2/0 timer",
    spread: true,
    changes: ["Restarted dead>alive", "Suspected alive>suspect"],
    echo: ["x@x:1 suspect 2/0"]
  },
  {
    row: "dead, then suspect of a newer process | its death",
    given: [...lost, suspect(0, "y", 2)],
    hears: dead(0, "y", 2),
    view: "dead 2/0",
    spread: true
  },
  {
    row: "dead, then suspect of a newer process | its goodbye",
    given: [...lost, suspect(0, "y", 2)],
    hears: left(2),
    view: "left 2/0",
    spread: true,
    changes: ["Left dead>left"]
  },
  {
    row: "dead, then suspect of a newer process | suspect of the dead one",
    given: [...lost, suspect(0, "y", 2)],
    hears: suspect(9),
    view: "dead suspect 2/0",
    echo: ["z@z:9 suspect 2/0"]
  },
  {
    row: "dead, then suspect of a newer process | its alive",
    given: [...lost, suspect(0, "y", 2)],
    hears: alive(1, 2),
    view: "alive 2/1",
    spread: true,
    changes: ["Restarted dead>alive"]
  },
  { row: "dead | dead, higher incarnation", given: lost, hears: dead(10), view: "dead 1/10", spread: true },
  {
    row: "dead@10 after dead@3 | alive@4 does not resurrect",
    given: [...lost, dead(10)],
    hears: alive(4),
    view: "dead 1/10",
    spread: true,
    echo: ["x@x:1 dead 1/10"]
  },
  {
    row: "dead | left, same generation",
    given: lost,
    hears: left(),
    view: "left 1/0",
    spread: true,
    changes: ["Left dead>left"]
  },
  { row: "left | alive, same generation", given: gone, hears: alive(9), view: "left 1/0" },
  {
    row: "left | alive, same generation, from the subject",
    given: gone,
    hears: alive(9),
    from: "x",
    view: "left 1/0",
    echo: ["x@x:9 left 1/0"]
  },
  { row: "left | dead, same generation", given: gone, hears: dead(9), view: "left 1/0" },
  {
    row: "left | alive, higher generation",
    given: gone,
    hears: alive(0, 2),
    view: "alive 2/0",
    spread: true,
    changes: ["Joined left>alive"]
  },
  {
    row: "left | suspect, higher generation",
    given: gone,
    hears: suspect(0, "y", 2),
    view: "left suspect 2/0",
    spread: true
  },
  {
    row: "left | dead, higher generation",
    given: gone,
    hears: dead(0, "y", 2),
    view: "left dead 2/0",
    spread: true
  },
  {
    row: "left, then suspect of a newer process | its alive at the accused incarnation",
    given: [...gone, suspect(0, "y", 2)],
    hears: alive(0, 2),
    view: "suspect 2/0 timer",
    spread: true,
    changes: ["Joined left>alive", "Suspected alive>suspect"],
    echo: ["x@x:1 suspect 2/0"]
  },
  {
    row: "left, then dead of a newer process | its goodbye",
    given: [...gone, dead(0, "y", 2)],
    hears: left(2),
    view: "left 2/0",
    spread: true
  },
  { row: "left | left, higher generation", given: gone, hears: left(2), view: "left 2/0", spread: true },
  {
    row: "left, then dead of a newer process | its refutation",
    given: [...gone, dead(0, "y", 2)],
    hears: alive(1, 2),
    view: "alive 2/1",
    spread: true,
    changes: ["Joined left>alive"]
  },
  {
    row: "ghost dead with record, then suspect of a newer process | its alive",
    given: [dead(3), alive(3), suspect(0, "y", 2)],
    hears: alive(1, 2),
    view: "alive 2/1",
    spread: true,
    changes: ["Joined ->alive"]
  },
  {
    row: "record lag | alive at the accused incarnation fills in address and labels",
    given: [alive(3), suspect(5)],
    hears: alive(5, 1, { address: "new:1" }),
    view: "suspect 1/5 timer",
    spread: true,
    changes: ["Updated suspect>suspect"]
  },
  {
    row: "record lag | alive of the accused newer process",
    given: [alive(3), suspect(0, "y", 2)],
    hears: alive(0, 2),
    view: "suspect 2/0 timer",
    spread: true,
    changes: ["Restarted suspect>alive", "Suspected alive>suspect"]
  },
  {
    row: "record lag | alive of the accused newer process, above the accusation",
    given: [alive(3), suspect(0, "y", 2)],
    hears: alive(1, 2),
    view: "alive 2/1",
    spread: true,
    changes: ["Restarted suspect>alive"]
  },
  {
    row: "record lag | alive of the newer process that died, above its death",
    given: [alive(3), dead(0, "y", 2)],
    hears: alive(1, 2),
    view: "alive 2/1",
    spread: true,
    changes: ["Restarted dead>alive"]
  }
]

describe("state table", () => {
  it.each(cases)("$row", ({ changes, echo, from, given, hears, spread, view }) => {
    const bench = new Bench()
    for (const fact of given) bench.hear(fact)
    bench.hear(hears, from)
    assert.strictEqual(bench.view, view)
    assert.deepStrictEqual(bench.changes, changes ?? [])
    assert.deepStrictEqual(bench.sends, echo ?? [])
    assert.strictEqual(bench.state.queue.entries.get("x")?.item, spread === true ? hears : undefined)
  })

  it("counts what it rejects, and two announcements of one incarnation", () => {
    const bench = new Bench()
    bench.hear(alive(3, 1, { metadata: { banned: "" } }))
    bench.hear(alive(3))
    bench.hear(alive(3))
    assert.strictEqual(bench.state.counters.protocolViolations, 0)
    bench.hear(alive(3, 1, { address: "other:1" }))
    assert.strictEqual(bench.state.counters.protocolViolations, 1)
    assert.strictEqual(bench.state.counters.membersRejected, 1)
  })

  it("echoes about one member at most once a second, counted from the last echo about it", () => {
    const bench = new Bench()
    bench.hear(alive(3))
    bench.hear(recordOf("w", { incarnation: 3 }))
    const echoesAt = (millis: number, id: string) => {
      bench.nowMillis += millis
      bench.receive("z", { _tag: "Gossip" }, [{ ...suspect(1), id }])
      return bench.sends.length
    }
    const echoed = [echoesAt(2000, "w"), echoesAt(900, "x"), echoesAt(101, "x"), echoesAt(898, "x")]
    assert.deepStrictEqual(echoed, [2, 2, 0, 0])
    assert.strictEqual(echoesAt(1, "x"), 2)
    assert.strictEqual(bench.state.counters.echoesSuppressed, 2)
  })
})
