import { assert, describe, it } from "@effect/vitest"

import { configOf } from "../../src/core/leasedQuorumState.ts"
import {
  disagrees,
  electionConfig,
  hearConfig,
  type HeardConfigs,
  standingsOfStrangers
} from "../../src/core/otherConfigs.ts"
import { leasedTiming } from "./leasedWorld.ts"

const voters = ["a", "b", "c"]
const own = configOf(voters, leasedTiming)
const fresh: HeardConfigs = { own, voters, others: new Map() }
const hour = 3_600_000

const hear = (heard: HeardConfigs, from: string, config: string, nowMillis = 0) => {
  const [others, news] = hearConfig(heard, from, config, nowMillis)
  return { heard: { ...heard, others }, news }
}

/** What is told of a node that said this a while ago. */
const said = (config: string) => {
  const other = hear(fresh, "d", config, 1000).news?.other
  return other === undefined ? undefined : disagrees(other, own, 3500).detail
}

describe("the configuration of an election", () => {
  it("is the same for the same voters in any order, and named once or twice", () => {
    assert.strictEqual(electionConfig(["c", "a", "b", "a"], "quorum"), electionConfig(voters, "quorum"))
  })

  it("is another for other voters, another lease, another strategy", () => {
    const configs = [
      own,
      configOf(["a", "b"], leasedTiming),
      configOf(["a", "b", "d"], leasedTiming),
      configOf(["ab", "c"], leasedTiming),
      configOf(voters, { ...leasedTiming, leaseMillis: 5000 }),
      electionConfig(voters, "quorum")
    ]
    assert.strictEqual(new Set(configs).size, configs.length)
  })

  it("is FNV-1a of 64 bits", () => {
    // The test vectors of its authors.
    assert.strictEqual(electionConfig([], ""), "cbf29ce484222325 ")
    assert.strictEqual(electionConfig(["a"], ""), "af63dc4c8601ec8c ")
    assert.strictEqual(electionConfig(["foobar"], ""), "85944171f73967e8 ")
  })
})

describe("nodes with another configuration", () => {
  it("are news when they say so first, when they say something else, and when they agree", () => {
    const others = [configOf(["d"], leasedTiming), configOf(voters, { ...leasedTiming, leaseMillis: 1 })]
    let heard = fresh
    const told = [own, others[0], others[0], others[1], own, own].map((config, index) => {
      const { heard: next, news } = hear(heard, "d", config ?? "", index)
      heard = next
      return news === undefined ? "" : (news.other?.difference ?? "agrees")
    })
    assert.deepStrictEqual(told, ["", "otherVoters", "", "otherElection", "agrees", ""])
    assert.strictEqual(heard.others.size, 0)
  })

  it("say how they differ", () => {
    const hashes = [electionConfig(["d"], ""), electionConfig(voters, "")].map((text) => text.trim())
    assert.strictEqual(
      said(configOf(["d"], leasedTiming)),
      `has another list of voters (${hashes[0]}, not ${hashes[1]}), said so 2.5 s ago`
    )
    assert.strictEqual(
      said(electionConfig(voters, "quorum")),
      `its election is "quorum", not "leased 4000 ms", said so 2.5 s ago`
    )
  })

  it("are forgotten when they have not said so for an hour", () => {
    const { heard } = hear(fresh, "d", "other", 0)
    const shown = (nowMillis: number) => standingsOfStrangers(heard, voters, nowMillis).map(({ id }) => id)
    assert.deepStrictEqual(shown(hour - 1), ["d"])
    assert.deepStrictEqual(shown(hour), [])
    const later = hear(heard, "e", "other", hour).heard
    assert.deepStrictEqual([...later.others.keys()], ["e"])
  })

  it("are remembered up to 128 beside the voters, and the others are no news", () => {
    let heard = fresh
    for (let node = 0; node < 1000; node++) heard = hear(heard, `n${node}`, "other").heard
    assert.strictEqual(heard.others.size, 128)
    assert.isUndefined(hear(heard, "n999", "other").news)
    assert.strictEqual(hear(heard, "b", "other").news?.count, 129)
  })
})
