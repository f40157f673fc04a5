import { assert, describe, it } from "@effect/vitest"

import { type Assumption, parseAssumption, type PlanNode, suppose } from "../../src/core/assumptions.ts"
import { farIds, farRtts, viewOf } from "../support/quorumViews.ts"

const nodes: ReadonlyArray<PlanNode> = [
  { name: "far", zone: "a" },
  { name: "n1", zone: "b" },
  { name: "n2", zone: "b" },
  { name: "n3", zone: "c" },
  { name: "n4", zone: "c" },
  { name: "db-east-1", zone: "east coast", replicas: ["8e9e05c52164694d"] },
  { name: "db-east-2" }
]

const read = (text: string): Assumption => {
  const parsed = parseAssumption(text, nodes)
  if (parsed._tag === "Unreadable") throw new Error(`${text}: ${JSON.stringify(parsed)}`)
  return parsed
}

describe("assumptions are read", () => {
  it.each([
    ["n3 down", { _tag: "Down", replicas: new Set(["n3"]) }],
    ["zone b down", { _tag: "Down", replicas: new Set(["n1", "n2"]) }],
    ["db-east-1 down", { _tag: "Down", replicas: new Set(["8e9e05c52164694d"]) }],
    [
      "  zone   b   +80ms ",
      { _tag: "Links", from: new Set(["n1", "n2"]), to: undefined, change: { _tag: "Add", millis: 80 } }
    ],
    [
      "zone east coast -1.5ms",
      {
        _tag: "Links",
        from: new Set(["8e9e05c52164694d"]),
        to: undefined,
        change: { _tag: "Add", millis: -1.5 }
      }
    ],
    [
      "n1-n2 120ms",
      { _tag: "Links", from: new Set(["n1"]), to: new Set(["n2"]), change: { _tag: "Set", millis: 120 } }
    ],
    [
      "n1 - n2 0.2s",
      { _tag: "Links", from: new Set(["n1"]), to: new Set(["n2"]), change: { _tag: "Set", millis: 200 } }
    ],
    [
      "db-east-1-db-east-2 down",
      {
        _tag: "Links",
        from: new Set(["8e9e05c52164694d"]),
        to: new Set(["db-east-2"]),
        change: { _tag: "Cut" }
      }
    ]
  ])("%s", (text, expected) => {
    assert.deepStrictEqual(read(text), expected as Assumption)
  })
})

describe("what is no assumption points at the part that is wrong", () => {
  it.each([
    ["", "", 0, "a subject and a change"],
    ["n3", "n3", 0, "a subject and a change"],
    ["n3 dead", "dead", 3, "down"],
    ["n3 80", "80", 3, "120ms"],
    ["n3 +700000ms", "+700000ms", 3, "600000"],
    ["n9 down", "n9", 0, "db-east-1, db-east-2, far, n1"],
    ["n1-n9 120ms", "n9", 3, "nodes:"],
    ["n9-n1 120ms", "n9", 0, "nodes:"],
    ["zone d +80ms", "d", 5, "a zone: a, b, c, east coast"],
    ["down down", "down", 0, "nodes:"]
  ])("%j", (text, part, at, expected) => {
    const parsed = parseAssumption(text, nodes)
    assert.strictEqual(parsed._tag, "Unreadable")
    if (parsed._tag !== "Unreadable") return
    assert.deepStrictEqual([parsed.part, parsed.at], [part, at])
    assert.include(parsed.expected, expected)
  })
})

describe("assumptions are laid over a view", () => {
  const view = viewOf(farIds, farRtts, "far")
  const millis = (text: string, a: string, b: string) =>
    suppose(view, read(text)).distances[farIds.indexOf(a)]?.[farIds.indexOf(b)]

  it("a zone's links to others change both ways, those within it do not", () => {
    assert.deepInclude(millis("zone b +80ms", "n1", "n3"), { loMillis: 100, hiMillis: 100 })
    assert.deepInclude(millis("zone b +80ms", "n3", "n1"), { loMillis: 100, hiMillis: 100 })
    assert.deepInclude(millis("zone b +80ms", "n1", "n2"), { hiMillis: 20 })
    assert.deepInclude(millis("zone b +80ms", "n3", "n4"), { hiMillis: 20 })
    assert.deepInclude(millis("zone b +80ms", "n1", "n1"), { hiMillis: 0 })
  })

  it("nothing gets shorter than 0, a given link is known, a cut one is down", () => {
    assert.deepInclude(millis("n1 -80ms", "n1", "n2"), { loMillis: 0, hiMillis: 0 })
    assert.deepInclude(millis("n1-n2 120ms", "n2", "n1"), { hiMillis: 120, basis: "measured" })
    assert.deepInclude(millis("n1-n2 120ms", "n1", "n3"), { hiMillis: 20 })
    assert.deepInclude(millis("n1-n2 down", "n2", "n1"), { up: false })
  })

  it("a node that is down is away; a node of no voter changes nothing", () => {
    const away = suppose(view, read("zone c down")).voters.filter(({ alive }) => !alive)
    assert.deepStrictEqual(
      away.map(({ id }) => id),
      ["n3", "n4"]
    )
    assert.deepStrictEqual(suppose(view, read("db-east-1 down")), view)
  })
})
