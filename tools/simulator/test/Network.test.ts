import { assert, describe, it } from "vitest"

import { Network } from "../src/Network.ts"
import { makeRandom } from "../src/Random.ts"

const link = { delayMillisMin: 1, delayMillisMax: 5, loss: 0, duplication: 0 }
const sent = (network: Network) => Array.from({ length: 2000 }, () => network.deliveries("a", "b"))

describe("Network", () => {
  it("delivers once, within the link's delays", () => {
    for (const delays of sent(new Network(makeRandom(1), link))) {
      assert.strictEqual(delays.length, 1)
      assert.isTrue(delays.every((delay) => delay >= 1 && delay < 5))
    }
  })

  it("cuts one direction until it is healed", () => {
    const network = new Network(makeRandom(1), link)
    network.cut("a", "b")
    assert.strictEqual(network.deliveries("a", "b").length, 0)
    assert.strictEqual(network.deliveries("b", "a").length, 1)
    network.heal("a", "b")
    assert.strictEqual(network.deliveries("a", "b").length, 1)
  })

  it("keeps a link cut while any of several cuts lasts", () => {
    const network = new Network(makeRandom(1), link)
    network.cut("a", "b")
    network.cut("a", "b")
    network.heal("a", "b")
    assert.strictEqual(network.deliveries("a", "b").length, 0)
    network.heal("a", "b")
    assert.strictEqual(network.deliveries("a", "b").length, 1)
  })

  it("loses and repeats messages as often as the link says", () => {
    const lossy = sent(new Network(makeRandom(1), { ...link, loss: 0.3 }))
    assert.closeTo(lossy.filter((delays) => delays.length === 0).length / lossy.length, 0.3, 0.04)
    const repeating = sent(new Network(makeRandom(1), { ...link, duplication: 0.2 }))
    assert.closeTo(repeating.filter((delays) => delays.length === 2).length / repeating.length, 0.2, 0.04)
  })

  it("reorders: a later message may overtake an earlier one", () => {
    const network = new Network(makeRandom(1), link)
    const arrivals = Array.from({ length: 50 }, (_, at) => at * 0.1 + (network.deliveries("a", "b")[0] ?? 0))
    assert.notDeepEqual(
      arrivals,
      arrivals.toSorted((a, b) => a - b)
    )
  })
})
