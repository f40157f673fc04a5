import { assert, describe, it } from "@effect/vitest"
import { expect } from "vitest"

import { demoReport } from "../../src/dev/core/demoReport.ts"
import { whyNotPlaced } from "../../src/dev/core/demoState.ts"
import { keyHelp } from "../../src/dev/core/keys.ts"
import { narrate } from "../../src/dev/narrate.ts"
import { renderReport } from "../../src/dev/renderReport.ts"
import { renderView } from "../../src/dev/renderView.ts"
import { after, story } from "./core/demoStory.ts"

const golden = (name: string): string => `./testdata/${name}`

describe("the view", () => {
  it.for(["started", "before", "moved", "placed"] as const)("of a demo that is %s", async (stage) => {
    const text = renderView(after(story[stage]), 12_345, keyHelp(undefined, ["a", "b", "e"]))
    await expect(text).toMatchFileSnapshot(golden(`view-${stage}.txt`))
  })

  it("of a demo whose leader was killed", async () => {
    const [, b, e] = ["a", "b", "e"].map((node) => ({
      _tag: "Seen" as const,
      node,
      status: { members: [{ id: "a", state: "dead" }], master: "b", term: 5 }
    }))
    if (b === undefined || e === undefined) return assert.fail("two nodes see the death")
    const state = after([
      ...story.placed,
      { _tag: "Died", node: "a", lastWords: "out of memory" },
      b,
      e,
      { _tag: "Spawned", node: "e" }
    ])
    await expect(renderView(state, 20_000, keyHelp("Kill", ["a", "b", "e"]))).toMatchFileSnapshot(
      golden("view-killed.txt")
    )
  })
})

describe("the report", () => {
  it("of a leader that moved, as JSON and as text", async () => {
    const state = after(story.placed)
    const report = demoReport(state, 12_345, whyNotPlaced(state))
    await expect(`${JSON.stringify(report, undefined, 2)}\n`).toMatchFileSnapshot(
      golden("report-placed.json")
    )
    await expect(`${renderReport(report)}\n`).toMatchFileSnapshot(golden("report-placed.txt"))
  })

  it("of a demo that never got anywhere says why", async () => {
    const state = after([])
    const report = demoReport(state, 45_000, whyNotPlaced(state))
    assert.isFalse(report.ok)
    await expect(`${renderReport(report)}\n`).toMatchFileSnapshot(golden("report-failed.txt"))
  })
})

describe("the narration", () => {
  it("has a line for each change that a person follows, and none without a change", async () => {
    const stages = ["started", "before", "moved", "placed"] as const
    const states = [story.empty, ...stages.map((stage) => after(story[stage]))]
    const lines = states.slice(1).flatMap((state, index) => narrate(states[index] ?? story.empty, state))
    await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot(golden("narration.txt"))
    for (const state of states) assert.deepStrictEqual(narrate(state, state), [])
  })
})
