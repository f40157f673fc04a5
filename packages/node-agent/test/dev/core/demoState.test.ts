import { assert, describe, it } from "@effect/vitest"

import {
  agreedLeader,
  type DemoEvent,
  whyNotPlaced,
  writerNode,
  writesLedBy
} from "../../../src/dev/core/demoState.ts"
import { after, allSee, decision, story, writes } from "./demoStory.ts"

describe("whether the leader is well placed", () => {
  it.for([
    ["nothing has happened", [], "a has not reported"],
    ["nobody decided", story.before, "the agent of e, who leads, has decided nothing yet"],
    ["the new leader has not looked", story.moved, "the agent of a, who leads, has decided nothing yet"],
    ["a node died", [...story.placed, { _tag: "Died", node: "b", lastWords: "" }], "b has not reported"],
    [
      "nodes disagree",
      [...story.placed, ...allSee("b", 5).slice(1)],
      "the nodes do not agree on a leader of the group"
    ],
    [
      "the agents disagree on their master",
      [...story.placed, ...allSee("a", 4, "b").slice(1)],
      "the agents have elected no master"
    ],
    ["the term moved on", [...story.placed, ...allSee("a", 7)], "a leads: stay: nobody is better"],
    [
      "a member is doubted",
      [
        ...story.placed,
        {
          _tag: "Seen",
          node: "b",
          status: { members: [{ id: "e", state: "suspect" }], master: "a", leader: "a", term: 4 }
        }
      ],
      "b sees e suspect"
    ]
  ] as ReadonlyArray<readonly [string, ReadonlyArray<DemoEvent>, string]>)(
    "not while %s",
    ([, events, reason]) => {
      assert.strictEqual(whyNotPlaced(after(events)), reason)
    }
  )

  it("is decided once it led enough writes to compare", () => {
    const few = story.placed.filter((event) => event._tag !== "Wrote")
    assert.strictEqual(whyNotPlaced(after(few)), "e led for too few writes to compare: 0")
    assert.strictEqual(
      whyNotPlaced(after([...few, ...writes("e", 3, 500, 0)])),
      "only 0 writes were measured with a as leader"
    )
    assert.isUndefined(whyNotPlaced(after(story.placed)))
  })
})

describe("what the demo remembers", () => {
  it("is one decision of a leader's agent until it says something else", () => {
    const stay: DemoEvent = { _tag: "Decided", decision: decision({}) }
    const go: DemoEvent = { _tag: "Decided", decision: decision({ sentence: "hand over" }) }
    const noted: DemoEvent = { _tag: "Decided", decision: decision({ node: "b", leads: false }) }
    const { decisions } = after([stay, stay, noted, go, go, stay])
    assert.deepStrictEqual(
      decisions.map(({ sentence }) => sentence),
      ["stay", "hand over", "stay"]
    )
  })

  it("does not count a write that failed, or during which leadership moved", () => {
    const state = after(story.moved)
    assert.deepStrictEqual(writesLedBy(state, "e"), [520, 521, 522, 523])
    assert.strictEqual(state.failedWrites, 1)
  })

  it("forgets what a dead node saw, and writes through the next near node", () => {
    const state = after([
      ...story.started,
      { _tag: "Died", node: "a", lastWords: "" },
      ...allSee("b", 4).slice(1)
    ])
    assert.strictEqual(agreedLeader(state), "b")
    assert.strictEqual(writerNode(state), "b")
    assert.strictEqual(
      writerNode(
        after([
          ...story.started,
          { _tag: "Died", node: "a", lastWords: "" },
          { _tag: "Died", node: "b", lastWords: "" }
        ])
      ),
      "e"
    )
  })
})
