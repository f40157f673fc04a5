import { assert, describe, it } from "vitest"

import { type NodeContext, type SimulatedNode, World } from "../src/World.ts"

/** Notes what it is told, and at what time of its clock. */
class Recorder implements SimulatedNode<string> {
  readonly log: Array<string> = []
  readonly context: NodeContext<string>
  readonly startedAt: number

  constructor(context: NodeContext<string>, nowMillis: number) {
    this.context = context
    this.startedAt = nowMillis
  }

  receive(_nowMillis: number, from: string, message: string): void {
    this.log.push(`${message} from ${from}`)
  }

  timer(nowMillis: number, name: string): void {
    this.log.push(`${name} after ${Math.round(nowMillis - this.startedAt)}`)
  }
}

const worldOf = (clockSkew = 0) => {
  const world = new World({
    seed: 1,
    members: ["a", "b"],
    link: { delayMillisMin: 1, delayMillisMax: 1, loss: 0, duplication: 0 },
    clockSkew,
    start: (context: NodeContext<string>, now) => new Recorder(context, now)
  })
  world.start("a")
  world.start("b")
  return world
}

const nodeOf = (world: ReturnType<typeof worldOf>, id: string): Recorder => {
  const node = world.seats.find((seat) => seat.id === id)?.node
  if (node === undefined) throw new Error(`${id} does not run`)
  return node
}

describe("World", () => {
  it("a node's timers follow its own clock", () => {
    const world = worldOf(0.1)
    const [a] = world.seats
    const node = nodeOf(world, "a")
    node.context.after(1000, "timer")
    world.run(1000 / (a?.rate ?? 1) - 1)
    assert.deepStrictEqual(node.log, [])
    world.run(1000 / (a?.rate ?? 1) + 1)
    assert.deepStrictEqual(node.log, ["timer after 1000"])
  })

  it("a paused node handles what came in when it goes on, in order and not before", () => {
    const world = worldOf()
    const b = nodeOf(world, "b")
    world.pause("b", 100)
    world.pause("b", 10)
    nodeOf(world, "a").context.send("b", "one")
    b.context.after(5, "timer")
    world.run(99)
    assert.deepStrictEqual(b.log, [])
    world.run(101)
    assert.deepStrictEqual(b.log, ["one from a", "timer after 100"])
  })

  it("a crash ends timers, what was held up, and memory, but not the disk", () => {
    const world = worldOf()
    const first = nodeOf(world, "a")
    first.context.sync("key", 7, () => first.log.push("synced"))
    world.run(10)
    first.context.after(5, "timer")
    world.pause("a", 5)
    nodeOf(world, "b").context.send("a", "held")
    world.crash("a")
    nodeOf(world, "b").context.send("a", "lost")
    world.run(20)
    world.start("a")
    world.run(100)
    assert.deepStrictEqual(first.log, ["synced"])
    assert.deepStrictEqual(nodeOf(world, "a").log, [])
    assert.strictEqual(nodeOf(world, "a").context.disk.get("key"), 7)
  })

  it("a message to a node that is down reaches its next life if that has begun", () => {
    const world = worldOf()
    world.crash("a")
    nodeOf(world, "b").context.send("a", "late")
    world.start("a")
    world.run(10)
    assert.deepStrictEqual(nodeOf(world, "a").log, ["late from b"])
  })

  it("while a node waits for its disk it handles nothing, even when it is paused meanwhile", () => {
    const world = worldOf()
    world.syncMillisMax = 50
    const a = nodeOf(world, "a")
    a.context.sync("key", 1, () => a.log.push(`synced at ${Math.round(world.now)}`))
    world.pause("a", 60)
    nodeOf(world, "b").context.send("a", "one")
    world.run(59)
    assert.deepStrictEqual(a.log, [])
    world.run(61)
    assert.deepStrictEqual(a.log, ["synced at 60", "one from b"])
  })

  it("a crash during a write may lose it", () => {
    const outcomes = new Set<number | undefined>()
    const world = worldOf()
    for (let round = 1; round < 30; round++) {
      nodeOf(world, "a").context.sync("key", round, () => assert.fail("nobody is left to tell"))
      world.crash("a")
      world.run(world.now + 10)
      const [a] = world.seats
      outcomes.add(a?.disk.get("key") === round ? 1 : 0)
      world.start("a")
    }
    assert.deepStrictEqual([outcomes.has(0), outcomes.has(1)], [true, true])
  })

  it("a bystander has a place, and takes messages and faults, but is no member", () => {
    const world = new World({
      seed: 1,
      members: ["a"],
      bystanders: ["store"],
      link: { delayMillisMin: 1, delayMillisMax: 1, loss: 0, duplication: 0 },
      clockSkew: 0,
      start: (context: NodeContext<string>, now) => new Recorder(context, now)
    })
    world.start("a")
    world.start("store")
    const a = nodeOf(world, "a")
    assert.deepStrictEqual(a.context.members, ["a"])
    a.context.send("store", "one")
    world.run(10)
    world.network.cut("a", "store")
    a.context.send("store", "two")
    world.run(20)
    assert.deepStrictEqual(nodeOf(world, "store").log, ["one from a"])
  })

  it("a wall clock that jumps changes nothing that a node is given", () => {
    const world = worldOf()
    const a = nodeOf(world, "a")
    a.context.after(1000, "timer")
    world.jumpWallClock("a", 3_600_000)
    world.run(999)
    assert.deepStrictEqual(a.log, [])
    world.run(1001)
    assert.deepStrictEqual(a.log, ["timer after 1000"])
  })

  it("observers see every stretch of time once", () => {
    const world = worldOf()
    const stretches: Array<readonly [number, number]> = []
    world.observe((until) => stretches.push([world.now, until]))
    world.at(5, () => undefined)
    world.at(5, () => undefined)
    world.at(9, () => undefined)
    world.run(20)
    assert.deepStrictEqual(stretches, [
      [0, 5],
      [5, 9],
      [9, 20]
    ])
  })
})
