/** Every check says nothing about what is right, and something about the rule that it is there for when that is broken. */
import type { MemberChanged } from "@coterie/membership/core/swim/changes"
import type { MemberFact, MemberRecord } from "@coterie/membership/core/swim/memberRecord"
import { putRecord, putTrouble } from "@coterie/membership/core/swim/memberTable"
import { assert, describe, it } from "vitest"

import { disagreement } from "../../src/membership/agreement.ts"
import {
  Announcements,
  countsAreRight,
  EventPaths,
  isBelow,
  keyNeverFalls,
  packetFits,
  queueIsBounded
} from "../../src/membership/invariants.ts"
import { runMembership } from "../../src/membership/run.ts"
import { type Scenario, scenarios } from "../../src/membership/scenarios.ts"
import type { Member, Observer } from "../../src/membership/SwimWorld.ts"
import { cutForEver } from "./cutForEver.ts"

const alive = (incarnation = 0, more: Partial<MemberRecord> = {}): MemberRecord => ({
  kind: "alive",
  id: "n2",
  generation: 1,
  instance: "a".repeat(32),
  incarnation,
  address: "n2:1",
  metadata: {},
  versions: { min: 1, current: 1, max: 1 },
  capabilities: 1,
  ...more
})

const evidence = { cause: "silence", helpers: 3, nacks: 3, stream: true, confirmations: 0 } as const

const accused = (kind: "suspect" | "dead", incarnation = 0, generation = 1): MemberFact => ({
  kind,
  id: "n2",
  generation,
  instance: "a".repeat(32),
  incarnation,
  by: "n3",
  evidence
})

const left = (generation = 1): MemberFact => ({
  kind: "left",
  id: "n2",
  generation,
  instance: "a".repeat(32),
  incarnation: 0,
  by: "n2"
})

const change = (
  change: MemberChanged["change"],
  [previous, current]: readonly [MemberChanged["previous"], MemberChanged["current"]],
  fact: MemberFact
): MemberChanged => ({
  _tag: "MemberChanged",
  change,
  id: "n2",
  previous,
  current,
  fact,
  record: undefined,
  atMillis: 0
})

const idle = scenarios.find(({ name }) => name === "idle")

describe("keys", () => {
  it("rise by generation, instance, goodbye, incarnation and standing, in this order", () => {
    const rising = [
      alive(0),
      accused("suspect"),
      accused("dead"),
      alive(1),
      accused("dead", 9),
      left(),
      alive(0, { instance: "b".repeat(32) }),
      alive(0, { generation: 2 })
    ]
    for (const [index, key] of rising.entries()) {
      for (const [other, second] of rising.entries()) {
        assert.strictEqual(isBelow(key, second), index < other, `${index} and ${other}`)
      }
    }
  })

  it("never fall in a view", () => {
    assert.isUndefined(keyNeverFalls(undefined, alive()))
    assert.isUndefined(keyNeverFalls(accused("dead"), alive(1)))
    assert.match(keyNeverFalls(accused("dead"), alive()) ?? "", /n2 falls from dead 1\/aaaa\/0 to alive/)
  })

  it("are raised by their owner alone", () => {
    const announcements = new Announcements()
    announcements.announced(alive(3))
    assert.isUndefined(announcements.complaint(accused("dead", 3)))
    assert.match(announcements.complaint(accused("suspect", 4)) ?? "", /never announced \(highest: 3\)/)
    assert.match(announcements.complaint(accused("suspect", 0, 2)) ?? "", /never announced \(highest: none\)/)
  })
})

/** The complaints about changes that one process tells, one by one. */
const told = (...changes: ReadonlyArray<MemberChanged>): ReadonlyArray<string | undefined> => {
  const paths = new EventPaths(undefined)
  return changes.map((one) => paths.complaint(one))
}

describe("what a member tells", () => {
  const joined = change("Joined", [undefined, "alive"], alive())
  const failed = change("Failed", ["alive", "dead"], accused("dead"))

  it("is a path", () => {
    assert.deepStrictEqual(
      told(
        joined,
        change("Suspected", ["alive", "suspect"], accused("suspect")),
        change("Recovered", ["suspect", "alive"], alive(1)),
        change("Left", ["alive", "left"], left()),
        change("Joined", ["left", "alive"], alive(0, { generation: 2 }))
      ),
      [undefined, undefined, undefined, undefined, undefined]
    )
    const skips = change("Recovered", ["suspect", "alive"], alive(1))
    assert.match(told(joined, skips)[1] ?? "", /starts from suspect, it was alive/)
    assert.match(
      told(change("Failed", [undefined, "dead"], accused("dead")))[0] ?? "",
      /cannot start from unseen/
    )
    assert.match(told(change("Joined", [undefined, "dead"], alive()))[0] ?? "", /ends at dead, not alive/)
  })

  it("lets nobody vanish without a word", () => {
    const joinsAgain = change("Joined", [undefined, "alive"], alive(0, { generation: 2 }))
    assert.match(told(joined, failed, joinsAgain)[2] ?? "", /starts from undefined, it was dead/)
  })

  it("brings nobody back at the key that it died at", () => {
    const recovers = change("Recovered", ["dead", "alive"], alive(1))
    assert.isUndefined(told(joined, failed, recovers)[2])
    assert.match(told(joined, failed, { ...recovers, fact: alive(0) })[2] ?? "", /comes back from dead/)
  })

  it("lets each process leave once", () => {
    const leaves = change("Left", ["alive", "left"], left())
    const rejoins = change("Joined", ["left", "alive"], alive(0, { generation: 2 }))
    assert.isUndefined(told(joined, leaves, rejoins, { ...leaves, fact: left(2) })[3])
    assert.match(told(joined, leaves, rejoins, leaves)[3] ?? "", /leaves a second time/)
  })
})

/** The complaint about an idle cluster in which something is done to the first member after 5 s. */
const complaintAbout = (tamper: (member: Member) => void): string => {
  assert.isDefined(idle)
  let done = false
  const observer: Observer = {
    stepped: (member, state) => {
      if (done || member.index !== 0 || state.due.probe < 5000) return
      done = true
      tamper(member)
    }
  }
  const { broken } = runMembership({ scenario: idle, nodes: 5, seed: 1, observer })
  return broken ?? "nothing"
}

const stateOf = ({ state }: Member) => {
  assert.isDefined(state)
  return state
}

const recordAt = (member: Member, slot: number): MemberRecord => {
  const record = stateOf(member).table.records[slot]
  assert.isDefined(record)
  return record
}

describe("a run notices a broken rule", () => {
  it("nothing is wrong with an idle cluster", () => {
    assert.strictEqual(
      complaintAbout(() => undefined),
      "nothing"
    )
  })

  it("a view that falls", () => {
    const complaint = complaintAbout((member) => {
      const record = recordAt(member, 0)
      putRecord(stateOf(member).table, { ...record, generation: record.generation - 1 })
    })
    assert.match(complaint, /^n1 at \d+ ms: n2 falls from alive 1\/.* to alive 0/)
  })

  it("an incarnation that its owner did not raise", () => {
    const complaint = complaintAbout((member) => {
      putRecord(stateOf(member).table, { ...recordAt(member, 0), incarnation: 7 })
    })
    assert.match(complaint, /n2 is held at alive .*which it never announced/)
  })

  it("a view that changes without a word", () => {
    const complaint = complaintAbout((member) => {
      const { generation, id, incarnation, instance } = recordAt(member, 0)
      const fact = { kind: "dead", id, generation, instance, incarnation, by: "n1", evidence } as const
      putTrouble(stateOf(member).table, id, (slot) => ({
        slot,
        fact,
        hidden: false,
        sinceMillis: 0,
        suspicion: undefined
      }))
    })
    assert.match(complaint, /shows n2 as dead, has told of it as alive/)
  })

  it("counts that are wrong", () => {
    const complaint = complaintAbout((member) => {
      stateOf(member).table.left += 1
    })
    assert.match(complaint, /counts 5 0 0 1 0, holds 5 0 0 0 0/)
  })
})

describe("packets, queues and counts", () => {
  it("are bounded", () => {
    assert.isUndefined(packetFits(1400, 1400))
    assert.match(packetFits(1401, 1400) ?? "", /1401 bytes/)
  })

  it("and right", () => {
    let checked = 0
    complaintAbout((member) => {
      const state = stateOf(member)
      assert.isUndefined(queueIsBounded(state, 0))
      assert.isUndefined(countsAreRight(state.table))
      assert.isUndefined(disagreement([member]))
      const item = recordAt(member, 0)
      state.queue.entries.set("n2", { name: "n2", item, bytes: 90, lane: 1, transmits: 0, live: true })
      assert.match(queueIsBounded(state, 0) ?? "", /1 facts about 0 members/)
      state.queue.entries.clear()
      checked += 1
    })
    assert.strictEqual(checked, 1)
  })
})

describe("a scenario", () => {
  it("fails when its members do not agree in time", () => {
    const { broken } = runMembership({ scenario: cutForEver, nodes: 4, seed: 1 })
    assert.match(broken ?? "", /no agreement after 61000 ms: n1: n2 lives and is shown dead/)
  })

  it("fails when it gives up who it must not", () => {
    assert.isDefined(idle)
    const cut: Scenario = {
      ...idle,
      plan: ({ nodes, world }) => {
        world.addConverged(nodes)
        world.links.part([0], 1)
        world.at(60_000, () => world.links.heal())
        return 100_000
      },
      settleMillis: 100_000
    }
    assert.match(
      runMembership({ scenario: cut, nodes: 4, seed: 1 }).broken ?? "",
      /suspicions without a fault/
    )
  })
})
