import { assert, describe, it } from "@effect/vitest"

import { SwimWorld } from "./swimWorld.ts"

const others = (ids: ReadonlyArray<string>, id: string) => ids.filter((other) => other !== id)

describe("a cluster", () => {
  it("forms through one seed, and says nothing false while nothing fails", () => {
    const world = new SwimWorld()
    world.startMany(16)
    world.run(120_000)
    assert.deepStrictEqual(world.told("Suspected", "Failed", "Left", "Restarted"), [])
    for (const { state } of world.nodes.values()) {
      assert.deepStrictEqual([state.awareness, state.counters.stalls], [0, 0])
    }
  })

  it("of 64 that all join at once agrees within seconds, and says nothing false", () => {
    const world = new SwimWorld()
    const ids = Array.from({ length: 64 }, (_, index) => `n${index + 1}`)
    for (const id of ids) world.start(id, {}, id === "n1" ? [] : ["n1:1"])
    const took = world.until(
      () => ids.every((id) => world.state(id).table.present === ids.length),
      8000,
      "all know all"
    )
    assert.isAtMost(took, 8000)
    world.run(10_000)
    assert.deepStrictEqual(world.told("Suspected", "Failed", "Left", "Restarted"), [], `seed ${world.seed}`)
  })

  it.each([2, 3, 5, 10, 32])("finds a death among %i and blames no survivor", (count) => {
    const world = new SwimWorld()
    const ids = world.startMany(count)
    world.run(5000)
    world.kill("n2")
    const left = others(ids, "n2")
    const took = world.until(
      () => left.every((id) => world.standing(id, "dead").includes("n2")),
      24_000 * 2,
      "all know that n2 is dead"
    )
    assert.isAbove(took, 3000)
    for (const id of left) {
      assert.deepStrictEqual(world.alive(id), left.toSorted())
      assert.strictEqual(world.state(id).counters.stalls, 0)
      if (count > 4) assert.strictEqual(world.state(id).awareness, 0, `local health of ${id}`)
    }
    assert.deepStrictEqual(
      world
        .told("Suspected", "Failed")
        .filter((line) => !line.includes("n2 Suspected") && !line.includes("n2 Failed")),
      []
    )
  })
})
