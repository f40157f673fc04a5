import { assert, describe, it } from "@effect/vitest"

import {
  hasQuorum,
  initial,
  isLeader,
  isStandby,
  liveSet,
  type QuorumElectionState,
  type QuorumEvent,
  quorumNeeded,
  type QuorumRules,
  step
} from "../../src/core/quorumElection.ts"
import { quorumSize } from "../../src/core/quorumSize.ts"

const rules = (
  self: string,
  members: ReadonlyArray<string>,
  overrides: Partial<QuorumRules> = {}
): QuorumRules => ({
  self,
  members,
  deadAfterMillis: 4_000,
  cooldownMillis: 120_000,
  mode: "exact",
  ...overrides
})

const play = (state: QuorumElectionState, ...events: ReadonlyArray<QuorumEvent>): QuorumElectionState =>
  events.reduce((current, event) => step(current, event)[0], state)

const start = (nowMillis = 0): QuorumEvent => ({ _tag: "Start", nowMillis })
const tick = (nowMillis: number): QuorumEvent => ({ _tag: "Tick", nowMillis })
const beat = (from: string, nowMillis = 0): QuorumEvent => ({ _tag: "Beat", from, nowMillis })
const reply = (from: string, nowMillis = 0): QuorumEvent => ({ _tag: "Reply", from, nowMillis })

describe("quorum election", () => {
  it("alone, elects itself with a quorum and term 1", () => {
    const state = play(initial(rules("a", [])), start())
    assert.strictEqual(state.leader, "a")
    assert.strictEqual(state.term, 1)
    assert.isTrue(hasQuorum(state, 0))
    assert.isTrue(isLeader(state, 0))
  })

  it("with 3 of 3 alive, b elects a", () => {
    const state = play(initial(rules("b", ["a", "b", "c"])), start(), reply("a"), reply("c"), tick(1))
    assert.strictEqual(state.leader, "a")
    assert.isFalse(isLeader(state, 1))
    assert.isTrue(hasQuorum(state, 1))
  })

  it("with 1 of 3 alive, there is no leader and no quorum", () => {
    const state = play(initial(rules("a", ["a", "b", "c"])), start(), tick(1_000))
    assert.isUndefined(state.leader)
    assert.isFalse(hasQuorum(state, 1_000))
  })

  it("a leaves and c is heard: b leads, in a later term", () => {
    const before = play(initial(rules("b", ["a", "b", "c"])), start(), reply("a"), tick(1))
    assert.strictEqual(before.leader, "a")
    const after = play(before, reply("c", 5_000), tick(5_000))
    assert.strictEqual(after.leader, "b")
    assert.isAbove(after.term, before.term)
  })

  it("an inbound beat marks its sender live", () => {
    const state = play(initial(rules("a", ["a", "b", "c"])), start(), beat("b"))
    assert.deepStrictEqual(liveSet(state, 0), ["a", "b"])
    assert.strictEqual(state.leader, "a")
  })

  it("members older than dead-after are given up, and with them the leader", () => {
    const state = play(initial(rules("b", ["a", "b", "c"])), start(), beat("a"), beat("c"), tick(4_001))
    assert.deepStrictEqual(liveSet(state, 4_001), ["b"])
    assert.isUndefined(state.leader)
  })

  const short = { deadAfterMillis: 80, cooldownMillis: 200 }
  /** b leads {a,b,c} after a was dead; b and c stay in touch. a is back from `returnsAt` on, until `until`. */
  const withReturn = (state: QuorumElectionState, returnsAt: number, until: number): QuorumElectionState => {
    let current = state
    for (let now = returnsAt; now <= until; now += 20) {
      current = play(current, reply("a", now), reply("c", now), tick(now))
    }
    return current
  }
  const ledByB = play(initial(rules("b", ["a", "b", "c"], short)), start(), reply("c"), tick(0))

  it("a smaller id that returns waits for the cooldown", () => {
    assert.strictEqual(ledByB.leader, "b")
    assert.strictEqual(withReturn(ledByB, 0, 120).leader, "b", "at +120 ms")
    assert.strictEqual(withReturn(ledByB, 0, 240).leader, "a", "at +240 ms")
  })

  it("a flap restarts the cooldown in full", () => {
    const flapped = play(withReturn(ledByB, 0, 180), reply("c", 240), tick(240), reply("c", 300), tick(300))
    assert.notInclude(liveSet(flapped, 300), "a")
    assert.strictEqual(withReturn(flapped, 300, 480).leader, "b", "180 ms after the second return")
    assert.strictEqual(withReturn(flapped, 300, 500).leader, "a", "200 ms after the second return")
  })

  it("after a quorum was lost, a cooldown of an hour does not hold back a", () => {
    const alone = play(
      initial(rules("b", ["a", "b", "c"], { cooldownMillis: 3_600_000 })),
      start(),
      reply("c"),
      tick(0),
      tick(5_000)
    )
    assert.isUndefined(alone.leader)
    assert.strictEqual(play(alone, beat("a", 5_001)).leader, "a")
  })

  it("carries no decision in what peers say of term and leader (Q8)", () => {
    const claim = { ...beat("c"), term: 99, leader: "c" }
    assert.deepStrictEqual(
      play(initial(rules("b", ["a", "b", "c"])), start(), claim),
      play(initial(rules("b", ["a", "b", "c"])), start(), beat("c"))
    )
  })

  it("a leader without a quorum leads until its next decision in exact mode, and not in strict mode", () => {
    for (const mode of ["exact", "strict"] as const) {
      const state = play(initial(rules("a", ["a", "b", "c"], { mode })), start(), beat("b"))
      assert.isTrue(isLeader(state, 3_999), mode)
      assert.isFalse(hasQuorum(state, 4_000), mode)
      assert.strictEqual(isLeader(state, 4_000), mode === "exact", mode)
    }
  })

  it("says that it stands back from a resignation until the cooldown is over", () => {
    const led = play(initial(rules("a", ["a", "b"])), start(), beat("b"))
    const resigned = play(led, { _tag: "Resign", nowMillis: 10 })
    assert.isFalse(isStandby(led))
    assert.isTrue(isStandby(resigned))
    assert.isTrue(isStandby(play(resigned, tick(120_009))))
    assert.isFalse(isStandby(play(resigned, tick(120_010))))
  })
})

describe("quorum size", () => {
  it("is a majority of the members, self included, and one for none", () => {
    const table = { 0: 1, 1: 1, 2: 2, 3: 2, 4: 3, 5: 3, 7: 4 }
    for (const [members, size] of Object.entries(table)) {
      assert.strictEqual(quorumSize(Number(members)), size, `${members} members`)
    }
    assert.strictEqual(quorumNeeded(initial(rules("a", ["a", "b", "c"]))), 2)
  })
})
