import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"

import { GroupWorld, seededDraws } from "./GroupWorld.ts"

/** Acts on the world at random; `restarts` lets voters come back without a memory. */
const chaos = (world: GroupWorld, draw: () => number, restarts: boolean): void => {
  const any = (): string => world.voters[Math.floor(draw() * world.voters.length)] ?? "n1"
  const minority = Math.floor((world.voters.length - 1) / 2)
  for (let round = 0; round < 40; round += 1) {
    const action = draw()
    const [one, other] = [any(), any()]
    if (action < 0.35) world.leaders().forEach(({ settings }) => world.write(settings.self))
    else if (action < 0.5) world.leaders().forEach(({ settings }) => world.transfer(settings.self, other))
    else if (action < 0.6) world.cut.add(`${one}>${other}`)
    else if (action < 0.7) world.isolate(one)
    else if (action < 0.85) world.cut.clear()
    else if (restarts && !world.states.has(one)) world.restart(one)
    else if (restarts && world.livingVoters().length > world.voters.length - minority) world.crash(one)
    world.run(draw() * 1500)
  }
}

/** Ends all faults; the group must then agree on a leader and take a write. */
const healed = (world: GroupWorld): boolean => {
  world.cut.clear()
  world.faults = { loss: 0, repeat: 0, delayMillisMax: 130 }
  for (const id of world.voters) if (!world.states.has(id)) world.restart(id)
  world.runUntil(() => world.agreedLeader() !== undefined, 20_000, "all agree on a leader")
  world.run(2500)
  const leader = world.agreedLeader()
  assert.isDefined(leader, "the leader stays once the faults are over")
  const request = world.write(leader, "after")
  world.runUntil(() => world.outcomes.has(request), 1000, "a write is answered")
  assert.strictEqual(world.outcomes.get(request)?._tag, "Acknowledged")
  world.run(500)
  return [...world.states.values()].every(({ value }) => value === "after")
}

const faults = fc.record({
  loss: fc.double({ min: 0, max: 0.3, noNaN: true }),
  repeat: fc.double({ min: 0, max: 0.3, noNaN: true }),
  delayMillisMax: fc.integer({ min: 1, max: 800 })
})
const world = fc.record({ size: fc.integer({ min: 1, max: 5 }), seed: fc.integer(), faults })

describe("embedded group under faults", () => {
  it("has one leader per term, keeps every acknowledged write, and heals", () => {
    fc.assert(
      fc.property(world, ({ size, seed, faults: chosen }) => {
        const group = new GroupWorld(size, seed)
        group.faults = chosen
        chaos(group, seededDraws(seed + 1), false)
        assert.isTrue(healed(group))
      }),
      { numRuns: 150 }
    )
  })

  it("has one leader per term and heals although voters restart without a memory", () => {
    fc.assert(
      fc.property(world, ({ size, seed, faults: chosen }) => {
        const group = new GroupWorld(size, seed)
        group.faults = chosen
        chaos(group, seededDraws(seed + 1), true)
        assert.isTrue(healed(group))
      }),
      { numRuns: 150 }
    )
  })
})
