import { assert, describe, it } from "@effect/vitest"

import { step } from "../../../src/dev/core/embeddedGroup.ts"
import type { GroupEffect } from "../../../src/dev/core/GroupEffect.ts"
import {
  type GroupMessage,
  type GroupState,
  majority,
  nextOwnTerm,
  startGroup,
  termOwner
} from "../../../src/dev/core/GroupState.ts"
import { GroupWorld, simulatedSettings } from "./GroupWorld.ts"

const five = ["a", "b", "c", "d", "e"]
const bootstrap = { _tag: "Bootstrap", leader: "e", graceMillis: 1000 } as const

const voter = (self: string, change: Partial<GroupState> = {}): GroupState => ({
  ...startGroup(simulatedSettings(five, self), bootstrap, 0),
  ...change
})
const receive = (state: GroupState, message: GroupMessage, nowMillis = 5000) =>
  step(state, { _tag: "Receive", message, nowMillis, draw: 0 })

/** Whether b votes for a. */
const ask = (change: Partial<GroupState>, index: number) => {
  const follower = voter("b", { leaderSeenMillis: 4000, ...change })
  const held = { term: 5, index }
  const [, [effect]] = receive(follower, {
    _tag: "VoteRequest",
    from: "a",
    to: "b",
    term: 6,
    held,
    pre: false,
    transfer: false
  })
  return effect?._tag === "Send" && effect.message._tag === "VoteReply" && effect.message.granted
}

const append = { _tag: "Append", to: "b", value: "v", committed: 0, held: { term: 5, index: 9 } } as const
/** Why the message changed nothing. */
const reasonOf = (message: GroupMessage, state = voter("b")) => {
  const [after, effects] = receive(state, message)
  assert.strictEqual(after, state)
  return effects.find((effect) => effect._tag === "Ignored")?.reason
}

/** Who was told to campaign. */
const told = (effects: ReadonlyArray<GroupEffect>) =>
  effects.flatMap((effect) =>
    effect._tag === "Send" && effect.message._tag === "TimeoutNow" ? [effect.message.to] : []
  )

/** a tells e what it holds. */
const holds = (index: number) =>
  ({ _tag: "AppendReply", from: "a", to: "e", term: 5, held: { term: 5, index } }) as const

describe("terms", () => {
  it("each belong to one voter, in turn", () => {
    assert.deepStrictEqual(
      [1, 2, 5, 6].map((term) => termOwner(five, term)),
      ["a", "b", "e", "a"]
    )
    assert.deepStrictEqual(
      [0, 1, 2, 3, 7].map((term) => nextOwnTerm(five, "b", term)),
      [2, 2, 7, 7, 12]
    )
  })

  it("need a majority of the voters", () => {
    assert.deepStrictEqual([1, 2, 3, 4, 5].map(majority), [1, 2, 2, 3, 3])
  })
})

describe("embedded group", () => {
  it("starts led by the bootstrap leader, and every voter agrees", () => {
    const world = new GroupWorld(5, 1, "n5")
    world.run(500)
    assert.strictEqual(world.agreedLeader(), "n5")
    assert.strictEqual(world.state("n1").term, 5)
  })

  it("answers a write once a majority holds it, not before", () => {
    const world = new GroupWorld(5, 2, "n5")
    world.run(500)
    for (const id of ["n1", "n2", "n3"]) world.isolate(id)
    const request = world.write("n5", "hello")
    world.run(500)
    assert.isFalse(world.outcomes.has(request), "two of five hold it")
    world.cut.clear()
    world.runUntil(() => world.outcomes.has(request), 500, "the write is answered")
    assert.strictEqual(world.outcomes.get(request)?._tag, "Acknowledged")
    world.run(300)
    for (const id of world.voters) assert.strictEqual(world.state(id).value, "hello")
  })

  it("refuses a write at a follower and above the bound of waiting writes", () => {
    const world = new GroupWorld(3, 3)
    assert.propertyVal(world.outcomes.get(world.write("n2")), "reason", "NotLeader")
    world.isolate("n1")
    for (let count = 0; count < 16; count += 1) world.write("n1")
    assert.propertyVal(world.outcomes.get(world.write("n1")), "reason", "Overloaded")
  })

  it("elects another leader after the leader died, and takes the old one back as a follower", () => {
    const world = new GroupWorld(5, 4, "n5")
    world.run(500)
    world.crash("n5")
    world.runUntil(() => world.agreedLeader() !== undefined, 5000, "the others elect a leader")
    const leader = world.agreedLeader()
    assert.notStrictEqual(leader, "n5")
    world.restart("n5")
    world.runUntil(() => world.agreedLeader() === leader, 1000, "n5 follows")
    world.run(5000)
    assert.strictEqual(world.agreedLeader(), leader)
  })

  it("elects nobody without a majority, and the leader steps down when it hears none", () => {
    const world = new GroupWorld(5, 5, "n5")
    world.run(500)
    for (const id of ["n1", "n2", "n3"]) world.crash(id)
    world.run(5000)
    assert.lengthOf(world.leaders(), 0)
    assert.isUndefined(world.state("n5").leader)
  })

  it("keeps its leader when a voter that was cut off comes back", () => {
    const world = new GroupWorld(5, 6, "n5")
    world.isolate("n2")
    world.run(10_000)
    world.cut.clear()
    world.run(5000)
    assert.strictEqual(world.agreedLeader(), "n5")
    assert.strictEqual(world.state("n5").term, 5)
  })

  it("hands leadership to the target of a transfer in a few round trips", () => {
    const world = new GroupWorld(5, 7, "n5")
    world.run(500)
    world.transfer("n5", "n2")
    world.runUntil(() => world.agreedLeader() === "n2", 400, "n2 leads")
    assert.strictEqual(world.state("n1").term, 7)
  })

  it("refuses writes and a second transfer while one runs, and goes on leading when the target never answers", () => {
    const world = new GroupWorld(5, 8, "n5")
    world.run(500)
    world.isolate("n2")
    world.write("n5")
    world.transfer("n5", "n2")
    assert.propertyVal(world.outcomes.get(world.write("n5")), "reason", "TransferInProgress")
    assert.propertyVal(world.outcomes.get(world.transfer("n5", "n1")), "reason", "TransferInProgress")
    world.run(2100)
    const request = world.write("n5")
    world.runUntil(() => world.outcomes.has(request), 500, "writes are taken again")
    assert.strictEqual(world.agreedLeader() ?? world.leaders()[0]?.settings.self, "n5")
  })

  it("refuses a transfer by a follower, to itself, and to a stranger", () => {
    const world = new GroupWorld(3, 9)
    const reasonOf = (id: string, target: string) => world.outcomes.get(world.transfer(id, target))
    assert.propertyVal(reasonOf("n2", "n3"), "reason", "NotLeader")
    assert.propertyVal(reasonOf("n1", "n1"), "reason", "AlreadyLeader")
    assert.propertyVal(reasonOf("n1", "n9"), "reason", "UnknownTarget")
  })

  it("gives a learner the value, but neither counts it nor lets it lead", () => {
    const world = new GroupWorld(3, 11)
    world.run(500)
    for (const id of ["n2", "n3"]) world.isolate(id)
    const request = world.write("n1", "hello")
    world.run(500)
    assert.strictEqual(world.state("observer").value, "hello")
    assert.isFalse(world.outcomes.has(request), "only one voter holds it")
    assert.propertyVal(world.outcomes.get(world.transfer("n1", "observer")), "reason", "NoVote")
    world.crash("n1")
    world.run(10_000)
    assert.lengthOf(world.leaders(), 0, "of three voters one is dead and two are cut off")
  })

  it("tells waiting writers when their leader is deposed", () => {
    const world = new GroupWorld(3, 10)
    world.run(500)
    world.isolate("n1")
    const request = world.write("n1")
    world.run(6000)
    assert.propertyVal(world.outcomes.get(request), "reason", "LeadershipLost")
    assert.include(["n2", "n3"], world.leaders()[0]?.settings.self)
  })

  it("does not count a version of an earlier term, whatever its index", () => {
    const leader = voter("e")
    const old = { term: 4, index: 99 }
    const replies = ["a", "b", "c"].map((from): GroupMessage => ({
      _tag: "AppendReply",
      from,
      to: "e",
      term: 5,
      held: old
    }))
    const after = replies.reduce((state, message) => receive(state, message)[0], leader)
    assert.strictEqual(after.committed, 0)
  })

  it("tells the target of a transfer to campaign once it holds everything, not before", () => {
    const moment = { nowMillis: 5000, draw: 0 }
    const [written] = step(voter("e"), { _tag: "Write", request: 1, value: "v", ...moment })
    const [handing, first] = step(written, { _tag: "Transfer", request: 2, target: "a", ...moment })
    assert.deepStrictEqual(told(first), [])
    const [behind, second] = receive(handing, holds(1))
    assert.deepStrictEqual(told(second), [])
    const [, third] = receive(behind, holds(2))
    assert.deepStrictEqual(told(third), ["a"])
  })

  it("does not vote while it hears its leader, nor for a candidate that knows less", () => {
    assert.isTrue(ask({}, 1))
    assert.isFalse(ask({ leaderSeenMillis: 4500 }, 1), "the leader was heard 500 ms ago")
    assert.isFalse(ask({ held: { term: 5, index: 2 } }, 1), "the candidate lacks a version")
    assert.isFalse(ask({ holdUntilMillis: 6000 }, 1), "the voter came back without its memory")
  })

  it("votes in a term that it has only heard of, until it knows who leads it", () => {
    assert.isTrue(ask({ term: 6, leader: undefined }, 1))
    assert.isFalse(ask({ term: 6, leader: "a" }, 1), "a leads already, and asked before that")
    assert.isFalse(ask({ term: 7, leader: undefined }, 1), "the term is over")
  })

  it("gives up a term that the leader led before it lost its memory", () => {
    const [led] = receive(voter("e"), holds(1))
    assert.strictEqual(led.role._tag, "Leader")
    const [after] = receive(voter("e"), holds(9))
    assert.strictEqual(after.role._tag, "Follower")
    assert.isUndefined(after.leader)
  })

  it("takes the leader's value for a version that was written twice, and none that was overtaken", () => {
    const follower = voter("b", { held: { term: 5, index: 9 }, value: "forgotten" })
    const valueAfter = (index: number) =>
      receive(follower, { ...append, from: "e", term: 5, held: { term: 5, index } })[0].value
    assert.deepStrictEqual([8, 9, 10].map(valueAfter), ["forgotten", "v", "v"])
  })
})

describe("messages that change nothing are named", () => {
  it("for another voter", () => {
    assert.strictEqual(reasonOf({ ...append, to: "c", from: "e", term: 5 }), "notForUs")
  })
  it("from a stranger", () => {
    assert.strictEqual(reasonOf({ ...append, from: "z", term: 5 }), "unknownSender")
  })
  it("from a voter that may not lead the term", () => {
    assert.strictEqual(reasonOf({ ...append, from: "a", term: 5 }), "wrongTermOwner")
  })
  it("from a deposed leader, which is told the term", () => {
    const state = voter("b", { term: 6, leader: "a" })
    assert.strictEqual(reasonOf({ ...append, from: "e", term: 5 }, state), "staleTerm")
    const [, [reply]] = receive(state, { ...append, from: "e", term: 5 })
    assert.deepInclude(reply?._tag === "Send" ? reply.message : {}, { _tag: "AppendReply", to: "e", term: 6 })
  })
  it("asking a voter without a memory to take over", () => {
    const state = voter("b", { holdUntilMillis: 6000 })
    assert.strictEqual(reasonOf({ _tag: "TimeoutNow", from: "e", to: "b", term: 5 }, state), "holdingBack")
  })
})
