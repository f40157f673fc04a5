import { assert, describe, it } from "@effect/vitest"

import { suspicionMinMillis } from "../../../src/core/swim/suspicion.ts"
import { SwimWorld } from "./swimWorld.ts"

const without = (ids: ReadonlyArray<string>, ...gone: ReadonlyArray<string>) =>
  ids.filter((id) => !gone.includes(id))

/** Every node of `ids` sees all of `ids` alive. */
const agree = (world: SwimWorld, ids: ReadonlyArray<string>) =>
  ids.every((id) => ids.every((other) => world.alive(id).includes(other)))

const reasons = (world: SwimWorld, id: string) =>
  world
    .node(id)
    .news.filter(({ _tag }) => _tag !== "MemberChanged")
    .map(({ _tag }) => _tag)

describe("faults", () => {
  it("a paused member is suspected, refutes at its next incarnation, and is never given up", () => {
    const world = new SwimWorld()
    const ids = world.startMany(10)
    for (let turn = 0; turn < 20 && world.told("Suspected").length === 0; turn += 1) {
      world.run(1000)
      world.pause("n2", 3500)
      world.run(3500)
    }
    world.until(() => agree(world, ids), 4000, "n2 is alive again everywhere")
    assert.deepStrictEqual(world.told("Failed"), [])
    assert.isAbove(world.state("n2").self.incarnation, 0)
    assert.include(world.told("Recovered").join("\n"), "n2 Recovered (refuted the suspicion)")
  })

  it("a packet lost now and then gives nobody up", () => {
    const world = new SwimWorld()
    const ids = world.startMany(16)
    world.weather = { loss: 0.05, delayMillis: [1, 60], duplicate: 0.05 }
    world.run(120_000)
    assert.deepStrictEqual(world.told("Failed", "Left", "Restarted"), [], `seed ${world.seed}`)
    world.weather = { loss: 0, delayMillis: [1, 5], duplicate: 0 }
    world.until(() => agree(world, ids), 30_000, "all agree")
  })

  it("one direction between two members is cut: helpers answer, nobody is suspected", () => {
    const world = new SwimWorld({ streamPings: false })
    world.startMany(4)
    world.cut("n1", "n2")
    world.run(120_000)
    assert.deepStrictEqual(world.told("Suspected", "Failed"), [], `seed ${world.seed}`)
    for (const id of ["n1", "n2"]) assert.strictEqual(world.state(id).awareness, 0)
    assert.isAbove(world.state("n1").counters.indirectProbes, 0)
  })

  it("packets are blocked and streams are not: the pair is named, and nobody is suspected", () => {
    const world = new SwimWorld()
    world.startMany(2)
    world.packetsWork = false
    world.run(59_000)
    assert.deepStrictEqual(world.told("Suspected"), [])
    assert.deepStrictEqual(
      reasons(world, "n1").filter((tag) => tag === "UdpBlocked"),
      ["UdpBlocked"]
    )
  })

  it.each([2, 8])("%i members on each side of a partition find each other again unattended", (half) => {
    const world = new SwimWorld()
    const ids = world.startMany(2 * half)
    world.part(ids.slice(0, half), ids.slice(half))
    const isSplit = () => ids.every((id) => world.alive(id).length === half)
    world.until(isSplit, 70_000, "both sides have given the other up")
    world.run(60_000)
    world.heal()
    assert.isAtMost(
      world.until(() => agree(world, ids), 65_000, "all are together again"),
      65_000
    )
  })

  it("a node that hears nobody doubts itself, and tells of each member at most once", () => {
    const world = new SwimWorld()
    const ids = world.startMany(16)
    const stopped = without(ids, "n1")
    for (const id of stopped) world.pause(id, 60_000)
    world.forgetNews()
    world.run(60_000)
    assert.include(reasons(world, "n1"), "Isolated")
    assert.strictEqual(world.state("n1").awareness, world.options.awarenessMax - 1)
    world.until(() => agree(world, ids), 60_000, "all are together again")
    const failed = world
      .changes("n1")
      .filter(({ change }) => change === "Failed")
      .map(({ id }) => id)
    assert.strictEqual(new Set(failed).size, failed.length)
    world.run(10_000)
    assert.include(reasons(world, "n1"), "Reconnected")
    assert.deepStrictEqual(
      stopped.flatMap((id) => world.changes(id).filter(({ change }) => change === "Failed")),
      []
    )
  })

  it("verdicts of a node that seems cut off wait one more minimum, then come", () => {
    const told = [true, false].map((isolation) => {
      const world = new SwimWorld({ isolation }, 7)
      const ids = world.startMany(8)
      for (const id of without(ids, "n1")) world.kill(id)
      const start = world.nowMillis
      world.until(() => world.standing("n1", "dead").length > 0, 120_000, "the first is given up")
      return world.nowMillis - start
    })
    const min = suspicionMinMillis(new SwimWorld().options, 8)
    assert.approximately((told[0] ?? 0) - (told[1] ?? 0), min, 100)
  })

  it.each([500, 1000, 2000])("standing still for %i ms makes a node accuse nobody", (millis) => {
    const world = new SwimWorld()
    world.startMany(10)
    world.forgetNews()
    for (let turn = 0; turn < 24; turn += 1) {
      world.pause("n1", millis)
      world.run(millis + 2000 + 137 * turn)
    }
    assert.deepStrictEqual(
      world.told("Suspected", "Failed").filter((line) => line.includes("by n1:")),
      []
    )
    assert.isAbove(world.state("n1").counters.stalls, 3)
    assert.include(reasons(world, "n1"), "Stalled")
    assert.deepStrictEqual(world.told("Failed"), [])
  })

  it("after standing still for longer than a suspicion, a node asks before it judges", () => {
    const world = new SwimWorld()
    const ids = world.startMany(6)
    world.forgetNews()
    world.pause("n1", 60_000)
    world.run(60_000)
    assert.strictEqual(world.told("Failed").length, 5)
    world.until(() => agree(world, ids), 2000, "n1 is back")
    assert.deepStrictEqual(
      world.told("Failed").filter((line) => line.includes(" n1: ")),
      []
    )
    assert.isAbove(world.state("n1").exchangeCount, 1)
  })
})

describe("coming and going", () => {
  it("a goodbye is known everywhere at once and is no failure", () => {
    const world = new SwimWorld()
    const ids = world.startMany(16)
    world.tell("n3", { _tag: "Leave" })
    const stay = without(ids, "n3")
    const took = world.until(
      () => stay.every((id) => world.standing(id, "left").includes("n3")),
      2000,
      "all know that n3 left"
    )
    assert.isAtMost(took, 1000)
    world.until(() => reasons(world, "n3").includes("Departed"), 7000, "n3 has departed")
    world.run(60_000)
    assert.deepStrictEqual(world.told("Suspected", "Failed"), [])
  })

  it("a node alone departs at once", () => {
    const world = new SwimWorld()
    world.start("n1")
    world.tell("n1", { _tag: "Leave" })
    world.until(() => reasons(world, "n1").includes("Departed"), 200, "n1 has departed")
    assert.strictEqual(world.state("n1").phase, "left")
  })

  it("who left comes back in the same process as a later generation", () => {
    const world = new SwimWorld()
    const ids = world.startMany(5)
    world.tell("n3", { _tag: "Leave" })
    world.until(() => reasons(world, "n3").includes("Departed"), 7000, "n3 has departed")
    world.tell("n3", { _tag: "Join", seeds: ["n1:1"] })
    world.until(() => agree(world, ids), 3000, "n3 is back")
    assert.strictEqual(world.state("n3").self.generation, 2)
    const back = world.changes("n1").at(-1)
    assert.deepStrictEqual([back?.change, back?.previous], ["Joined", "left"])
    world.kill("n5")
    world.until(() => world.standing("n3", "dead").includes("n5"), 60_000, "n3 takes part again")
    assert.isAbove(world.state("n3").counters.probesFailed, 0)
  })

  it("a dead member that is declared left is not tried again, and returns with a later generation", () => {
    const world = new SwimWorld()
    const ids = world.startMany(5)
    world.pause("n3", 40_000)
    world.until(() => world.standing("n1", "dead").length === 1, 30_000, "n3 is given up")
    world.tell("n1", { _tag: "ForceLeave", id: "n3" })
    world.until(
      () => without(ids, "n3").every((id) => world.standing(id, "left").includes("n3")),
      3000,
      "all hold n3 as left"
    )
    world.until(() => agree(world, ids), 60_000, "n3 is back")
    assert.strictEqual(world.state("n3").self.generation, 2)
  })

  const restarts = [
    ["a later generation", { generation: 2 }, 2, 1000],
    ["the same generation", { generation: 1, process: 0xffffffff }, 2, 1000],
    ["an earlier generation, the clock went back", { generation: 0 }, 2, 1000],
    ["an earlier generation at another address", { generation: 0, address: "elsewhere:1" }, 2, 4000]
  ] as const
  it.each(restarts)("a restart with %s is one change and no failure", (_name, more, generation, limit) => {
    const world = new SwimWorld()
    const ids = world.startMany(6)
    world.forgetNews()
    world.kill("n2")
    world.run(100)
    world.start("n2", more)
    world.until(
      () =>
        agree(world, ids) &&
        ids.every((id) => world.state(id).table.present === 6) &&
        world.state("n2").phase === "member",
      limit,
      "n2 is back"
    )
    world.run(limit)
    assert.strictEqual(world.state("n2").self.generation, generation)
    for (const id of without(ids, "n2")) {
      assert.deepStrictEqual(
        world
          .changes(id)
          .map(({ change }) => change)
          .filter((change) => change !== "Suspected"),
        ["Restarted"],
        id
      )
    }
  })

  it("everybody restarts at once with generations that are known as dead: all alive in 5 s", () => {
    const world = new SwimWorld()
    const ids = world.startMany(10)
    const gone = without(ids, "n1")
    for (const id of gone) world.kill(id)
    world.until(() => world.standing("n1", "dead").length === gone.length, 240_000, "n1 is alone")
    for (const id of gone) world.start(id, { generation: 1 }, ["n1:1"])
    assert.isAtMost(
      world.until(() => agree(world, ids), 5000, "all are alive"),
      5000
    )
  })

  it("a second process may not take a name that answers", () => {
    const world = new SwimWorld()
    const ids = world.startMany(4)
    world.start("impostor", { id: "n2", address: "impostor:1", generation: 5 })
    world.until(() => reasons(world, "impostor").includes("JoinFailed"), 3000, "the join has failed")
    const failed = world.node("impostor").news.find(({ _tag }) => _tag === "JoinFailed")
    assert.strictEqual(failed?._tag === "JoinFailed" ? failed.reason : "", "name_conflict")
    world.run(5000)
    assert.strictEqual(world.state("impostor").phase, "superseded")
    assert.isTrue(agree(world, ids))
    assert.deepStrictEqual(world.told("Restarted", "Suspected"), [])
  })

  it("two processes of one name on two sides of a partition: the greater keeps it, the other stops", () => {
    const world = new SwimWorld()
    const ids = world.startMany(4)
    world.part(["n1", "n2"], ["n3", "n4", "rival"])
    world.until(() => world.standing("n3", "dead").length === 2, 60_000, "n1 and n2 are given up")
    world.start("rival", { id: "n2", address: "rival:1", generation: 5 }, ["n3:1"])
    world.run(5000)
    world.heal()
    world.until(() => world.state("n2").phase === "superseded", 70_000, "the lesser n2 stops")
    assert.includeMembers([...reasons(world, "n2")], ["NameConflict", "Superseded"])
    world.kill("n2")
    const stay = without(ids, "n2")
    world.until(() => stay.every((id) => world.alive(id).length === 4), 70_000, "all see one n2")
    assert.strictEqual(
      world.state("rival").self.incarnation,
      world.state("n1").table.records.find((record) => record?.id === "n2")?.incarnation
    )
  })

  it("no seed answers: the node is a cluster of one and tries its seeds again", () => {
    const world = new SwimWorld()
    world.start("n1", {}, ["n2:1"])
    world.until(() => reasons(world, "n1").includes("JoinFailed"), 15_000, "the join has failed")
    world.start("n2", {}, ["n1:1"])
    world.kill("n2")
    world.start("n2", {}, [])
    world.until(() => agree(world, ["n1", "n2"]), 70_000, "n1 finds n2")
    assert.strictEqual(world.state("n1").phase, "member")
  })

  it("a change of address and labels is an update", () => {
    const world = new SwimWorld()
    const ids = world.startMany(5)
    world.forgetNews()
    world.tell("n2", { _tag: "UpdateSelf", change: { address: "moved:1", metadata: { zone: "b" } } })
    world.until(() => world.told("Updated").length === 4, 3000, "all know the new address")
    world.run(20_000)
    assert.isTrue(agree(world, ids))
    assert.deepStrictEqual(world.told("Suspected", "Restarted"), [])
  })

  it("an event of the application reaches every other member once", () => {
    const world = new SwimWorld()
    const ids = world.startMany(12)
    world.weather = { loss: 0.1, delayMillis: [1, 40], duplicate: 0.2 }
    world.tell("n4", { _tag: "Broadcast", name: "deploy", payload: new Uint8Array([1, 2, 3]) })
    world.run(5000)
    assert.deepStrictEqual(
      ids.map((id) => reasons(world, id).filter((tag) => tag === "UserEventReceived").length),
      ids.map((id) => (id === "n4" ? 0 : 1)),
      `seed ${world.seed}`
    )
  })
})
