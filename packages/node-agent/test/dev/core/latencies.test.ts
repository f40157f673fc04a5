import { assert, describe, it } from "@effect/vitest"

import { demoTiming } from "../../../src/dev/core/demoTiming.ts"
import { defaultLatencies, farthestNode, parseLink, withLink } from "../../../src/dev/core/latencies.ts"

const nodes = ["a", "b", "c"]

describe("default latencies", () => {
  it("put the last node 256 ms from the rest, which are near one another", () => {
    assert.deepStrictEqual(defaultLatencies(nodes), {
      a: { a: 0, b: 10, c: 256 },
      b: { a: 10, b: 0, c: 256 },
      c: { a: 256, b: 256, c: 0 }
    })
  })
})

describe("--latency", () => {
  it.for([
    ["a-b=80ms", 80],
    ["b-a=80.5ms", 80.5],
    ["a-c=0.2s", 200],
    [" a-b=0ms ", 0],
    ["a-b=1s", 1000]
  ] as const)("%s is a link", ([text, rttMillis]) => {
    const link = parseLink(text, nodes)
    assert.isObject(link)
    assert.propertyVal(link, "rttMillis", rttMillis)
  })

  it.for([
    ["", "expected two nodes and a round trip, such as a-b=80ms or a-b=0.2s"],
    ["a-b=80", "expected two nodes and a round trip, such as a-b=80ms or a-b=0.2s"],
    ["a-b=-5ms", "expected two nodes and a round trip, such as a-b=80ms or a-b=0.2s"],
    ["a-b-c=5ms", "expected two nodes and a round trip, such as a-b=80ms or a-b=0.2s"],
    ["a=80ms", "expected two nodes and a round trip, such as a-b=80ms or a-b=0.2s"],
    ["a-x=80ms", "there is no node x; the nodes are a, b, c"],
    ["b-b=80ms", "b has no link to itself; name two different nodes"],
    ["a-b=5s", "a round trip is at most 1000ms"]
  ] as const)("%s is refused: %s", ([text, problem]) => {
    assert.strictEqual(parseLink(text, nodes), problem)
  })

  it("changes one link, both ways", () => {
    const changed = withLink(defaultLatencies(nodes), { ends: ["c", "a"], rttMillis: 5 })
    assert.strictEqual(changed["a"]?.["c"], 5)
    assert.strictEqual(changed["c"]?.["a"], 5)
    assert.strictEqual(changed["c"]?.["b"], 256)
  })
})

describe("the farthest node", () => {
  it("is the one whose nearest neighbour is farthest away", () => {
    assert.strictEqual(farthestNode(defaultLatencies(nodes)), "c")
    const near = withLink(defaultLatencies(nodes), { ends: ["a", "c"], rttMillis: 5 })
    assert.strictEqual(farthestNode(near), "b", "b is 10 ms from a, a and c are 5 ms apart")
  })
})

describe("the demo's timing", () => {
  it("leaves every answer more than the longest round trip", () => {
    for (const rttMillis of [0, 256, 1000]) {
      const timing = demoTiming(withLink(defaultLatencies(nodes), { ends: ["a", "c"], rttMillis }))
      assert.isAbove(
        timing.memberHeartbeatMillis / 2,
        rttMillis,
        "a bid for votes waits for half a heartbeat"
      )
      assert.isAtLeast(timing.answerTimeoutMillis, 2 * rttMillis)
      assert.isAtLeast(timing.electionTimeoutMillis, 3 * rttMillis)
      assert.isAtLeast(timing.deadAfterMillis, 2 * timing.memberHeartbeatMillis)
    }
  })
})
