import { assert, describe, it } from "@effect/vitest"

import { startContender, stepContender } from "../../src/core/leaseContender.ts"
import {
  type ContenderEffect,
  type ContenderState,
  dueAtMillis,
  holderName,
  isLeader,
  knownLeader,
  type Lease,
  type LeaseAnswer,
  nodeOf
} from "../../src/core/leaseContenderState.ts"
import { makeLeaseTable, type Undated } from "./leaseContenderWorld.ts"

const timing = {
  ttlMillis: 1000,
  guardMillis: 50,
  drift: 0.02,
  pollMillis: 200,
  cooldownMillis: 3000,
  drainMillis: 1500
}

/** One contender, node a, driven by hand; random is always 1, so that pauses are at their longest. */
const contender = (options: { readonly startMillis?: number } = {}) => {
  let now = options.startMillis ?? 0
  let state: ContenderState = startContender({ node: "a", holder: "a#1", timing, nowMillis: now })
  const effects: Array<ContenderEffect> = []
  const apply = (event: Undated): void => {
    const [next, done] = stepContender(state, { ...event, nowMillis: now, random: 1 })
    state = next
    effects.push(...done)
  }
  return {
    apply,
    get leads() {
      return isLeader(state, now)
    },
    get known() {
      return knownLeader(state, now)?.node
    },
    get dueIn() {
      const due = dueAtMillis(state, now)
      return due === undefined ? undefined : Math.ceil(due - now)
    },
    wait: (millis: number): void => void (now += millis),
    /** Lets time pass and wakes the contender. */
    wake: (millis: number): void => {
      now += millis
      apply({ _tag: "Tick" })
    },
    /** Answers the call under way. */
    answer: (answer: LeaseAnswer): void => {
      const id = state.pending?.id
      assert.isDefined(id, "a call under way")
      apply({ _tag: "Answered", id, answer })
    },
    /** What was done since last asked, calls by their name. */
    done: (): ReadonlyArray<string> =>
      effects.splice(0).map((effect) => {
        if (effect._tag === "Ask") return effect.call._tag
        return effect._tag === "Lost" ? `Lost ${effect.reason}` : effect._tag
      }),
    get call() {
      return state.pending?.call
    }
  }
}

const leaseOf = (holder: string | undefined, epoch: number, seq: number): Lease => ({
  holder,
  epoch,
  seq,
  ttlMillis: 1000
})
const found = (lease?: Lease): LeaseAnswer => ({ _tag: "Found", lease })

/** A contender that leads epoch 1 since time 0, its lease taken at once. */
const leader = () => {
  const a = contender()
  a.wake(0)
  a.answer(found())
  a.answer({ _tag: "Taken", epoch: 1 })
  a.done()
  return a
}

describe("a contender", () => {
  it("takes a lease that nobody ever held as soon as it has read it", () => {
    const a = contender()
    a.wake(0)
    assert.deepStrictEqual(a.done(), ["Read"])
    a.answer(found())
    assert.deepStrictEqual(a.call, { _tag: "TakeOver", from: undefined, epochMin: 1 })
    assert.isFalse(a.leads)
    a.answer({ _tag: "Taken", epoch: 1 })
    assert.isTrue(a.leads)
  })

  it("takes a released lease at once, with an epoch above its last", () => {
    const a = contender()
    a.wake(0)
    a.answer(found(leaseOf(undefined, 7, 3)))
    assert.deepStrictEqual(a.call, { _tag: "TakeOver", from: leaseOf(undefined, 7, 3), epochMin: 8 })
  })

  it("waits for the holder's time to live and the drift since it saw the lease change, and takes over at that moment", () => {
    const a = contender()
    a.wake(0)
    a.answer(found(leaseOf("b#1", 4, 1)))
    for (let look = 0; look < 5; look++) {
      a.wake(200)
      a.answer(found(leaseOf("b#1", 4, 1)))
      assert.strictEqual(a.known, "b")
    }
    assert.strictEqual(a.dueIn, 20)
    a.wake(19)
    assert.strictEqual(a.call, undefined)
    a.wake(1)
    assert.deepStrictEqual(a.call, { _tag: "TakeOver", from: leaseOf("b#1", 4, 1), epochMin: 5 })
    assert.isUndefined(a.known)
  })

  it("waits anew whenever it sees the lease renewed, or held by another", () => {
    const a = contender()
    a.wake(0)
    a.answer(found(leaseOf("b#1", 4, 1)))
    a.wake(900)
    a.answer(found(leaseOf("b#1", 4, 2)))
    a.wake(900)
    a.answer(found(leaseOf("c#1", 5, 1)))
    a.wake(900)
    a.answer(found(leaseOf("c#1", 5, 1)))
    assert.strictEqual(a.known, "c")
    assert.deepStrictEqual(a.done(), ["Read", "Read", "Read", "Read"])
  })

  it("counts from when it read the lease, not from when it asked: the holder may have renewed in between", () => {
    const a = contender()
    a.wake(0)
    a.wait(300)
    a.answer(found(leaseOf("b#1", 4, 1)))
    a.wake(1019)
    assert.deepStrictEqual(a.done(), ["Read", "Read"])
  })

  it("reads before it claims again, whatever became of the last claim", () => {
    for (const answer of [{ _tag: "Refused" }, { _tag: "Unknown" }] as const) {
      const a = contender()
      a.wake(0)
      a.answer(found())
      a.answer(answer)
      a.done()
      a.wake(a.dueIn ?? 0)
      assert.deepStrictEqual(a.done(), ["Read"])
    }
  })

  it("finds out by reading that a take-over without an answer was done, and takes its own lease anew", () => {
    const a = contender()
    a.wake(0)
    a.answer(found())
    a.answer({ _tag: "Unknown" })
    assert.isFalse(a.leads)
    a.wake(a.dueIn ?? 0)
    a.answer(found(leaseOf("a#1", 1, 1)))
    assert.deepStrictEqual(a.call, { _tag: "TakeOver", from: leaseOf("a#1", 1, 1), epochMin: 2 })
    a.answer({ _tag: "Taken", epoch: 2 })
    assert.isTrue(a.leads)
  })

  it("does not lead on a take-over whose answer took the whole lease", () => {
    const a = contender()
    a.wake(0)
    a.answer(found())
    a.wait(950)
    a.answer({ _tag: "Taken", epoch: 1 })
    assert.isFalse(a.leads)
    a.wake(a.dueIn ?? 0)
    a.answer(found(leaseOf("a#1", 1, 1)))
    a.answer({ _tag: "Taken", epoch: 2 })
    assert.isTrue(a.leads)
  })

  it("waits for an earlier run of its own node as for any other, and does not call itself the leader meanwhile", () => {
    const a = contender()
    a.wake(0)
    a.answer(found(leaseOf("a#0", 3, 9)))
    assert.strictEqual(a.call, undefined)
    assert.isUndefined(a.known)
    a.wake(1020)
    assert.strictEqual(a.call?._tag, "TakeOver")
  })

  it("takes epochs above the highest it ever saw, also when its store was put back in time", () => {
    const a = contender()
    a.wake(0)
    a.answer(found(leaseOf("b#1", 40, 1)))
    a.wake(200)
    a.answer(found())
    assert.deepStrictEqual(a.call, { _tag: "TakeOver", from: undefined, epochMin: 41 })
  })

  it("does not lead with an epoch that does not rise, in a store that chooses epochs and was put back in time", () => {
    const a = contender()
    a.wake(0)
    a.answer(found(leaseOf("b#1", 40, 1)))
    a.wake(200)
    a.answer(found())
    a.answer({ _tag: "Taken", epoch: 7 })
    assert.isFalse(a.leads)
    a.wake(a.dueIn ?? 0)
    a.answer(found(leaseOf("a#1", 7, 1)))
    a.answer({ _tag: "Taken", epoch: 41 })
    assert.isTrue(a.leads)
  })
})

describe("a holder", () => {
  it("leads until its lease ends, counted from before the confirmed call was sent, less the guard", () => {
    const a = contender()
    a.wake(0)
    a.answer(found())
    a.wait(400)
    a.answer({ _tag: "Taken", epoch: 1 })
    a.wait(549)
    assert.isTrue(a.leads)
    a.wait(1)
    assert.isFalse(a.leads)
  })

  it("renews after a third of the time to live, counted from the sending again", () => {
    const a = leader()
    assert.strictEqual(a.dueIn, 334)
    a.wake(334)
    assert.deepStrictEqual(a.done(), ["Renew"])
    a.wait(100)
    a.answer({ _tag: "Done" })
    a.wait(334 + 950 - 434 - 1)
    assert.isTrue(a.leads)
    a.wait(1)
    assert.isFalse(a.leads)
  })

  it("tries again soon after a renewal without an answer, and stops at the end of the lease, not later", () => {
    const a = leader()
    let tries = 0
    a.wake(334)
    while (a.leads) {
      if (a.call === undefined) a.wake(a.dueIn ?? 0)
      else {
        tries++
        a.answer({ _tag: "Unknown" })
      }
    }
    assert.isAtLeast(tries, 5)
    assert.include(a.done(), "Lost expired")
  })

  it("is not revived by a confirmation that comes after the end", () => {
    const a = leader()
    a.wake(334)
    a.wait(616)
    a.answer({ _tag: "Done" })
    assert.isFalse(a.leads)
    assert.deepStrictEqual(a.done(), ["Renew", "Lost expired"])
  })

  it("recovers by itself: it finds the lease still its own and takes it with a new epoch", () => {
    const a = leader()
    a.wake(950)
    assert.deepStrictEqual(a.done(), ["Lost expired", "Read"])
    a.answer(found(leaseOf("a#1", 1, 1)))
    assert.deepStrictEqual(a.call, { _tag: "TakeOver", from: leaseOf("a#1", 1, 1), epochMin: 2 })
  })

  it("stops at once when a renewal is refused: another holds the lease, or nobody does", () => {
    const a = leader()
    a.wake(334)
    a.answer({ _tag: "Refused" })
    assert.isFalse(a.leads)
    assert.deepStrictEqual(a.done(), ["Renew", "Lost taken"])
  })

  it("keeps renewing while its work stops, and releases after it", () => {
    const a = leader()
    a.apply({ _tag: "StepDown" })
    assert.deepStrictEqual(a.done(), ["StopLeading"])
    assert.isTrue(a.leads)
    a.wake(334)
    a.answer({ _tag: "Done" })
    a.wait(800)
    assert.isTrue(a.leads)
    a.apply({ _tag: "WorkStopped", epoch: 1 })
    assert.isFalse(a.leads)
    assert.deepStrictEqual(a.done(), ["Renew", "Lost resigned", "Release"])
  })

  it("stops renewing for work that does not stop, so that the lease runs out", () => {
    const a = leader()
    a.apply({ _tag: "StepDown" })
    let passed = 0
    while (a.leads) {
      const due = a.dueIn ?? 0
      passed += due
      a.wake(due)
      if (a.call?._tag === "Renew") a.answer({ _tag: "Done" })
    }
    assert.isAtLeast(passed, 1500)
    assert.isBelow(passed, 1500 + 950)
    assert.include(a.done(), "Lost overdue")
    a.answer(found(leaseOf("a#1", 1, 5)))
    assert.deepStrictEqual(a.done(), ["Release"])
    a.apply({ _tag: "WorkStopped", epoch: 1 })
    assert.deepStrictEqual(a.done(), [])
  })

  it("releases without waiting for a renewal that is under way, whose answer then means nothing", () => {
    const a = leader()
    a.wake(334)
    const renewal = 2
    a.apply({ _tag: "StepDown" })
    a.apply({ _tag: "WorkStopped", epoch: 1 })
    assert.deepStrictEqual(a.done(), ["Renew", "StopLeading", "Lost resigned", "Release"])
    a.apply({ _tag: "Answered", id: renewal, answer: { _tag: "Done" } })
    assert.isFalse(a.leads)
    assert.strictEqual(a.call?._tag, "Release")
  })

  it("releases again when it finds that a release without an answer was not done", () => {
    const a = leader()
    a.apply({ _tag: "StepDown" })
    a.apply({ _tag: "WorkStopped", epoch: 1 })
    a.answer({ _tag: "Unknown" })
    a.done()
    a.wake(a.dueIn ?? 0)
    a.answer(found(leaseOf("a#1", 1, 1)))
    assert.deepStrictEqual(a.done(), ["Read", "Release"])
    a.answer({ _tag: "Done" })
    a.wake(a.dueIn ?? 0)
    assert.deepStrictEqual(a.done(), ["Read"])
  })

  it("stands back after resigning until another has led or the cooldown is over", () => {
    const released = leaseOf(undefined, 1, 2)
    const standsBack = leader()
    standsBack.apply({ _tag: "StepDown" })
    standsBack.apply({ _tag: "WorkStopped", epoch: 1 })
    standsBack.answer({ _tag: "Done" })
    standsBack.wake(2900)
    standsBack.answer(found(released))
    assert.strictEqual(standsBack.call, undefined)
    standsBack.wake(200)
    assert.strictEqual(standsBack.call?._tag, "TakeOver")

    const relieved = leader()
    relieved.apply({ _tag: "StepDown" })
    relieved.apply({ _tag: "WorkStopped", epoch: 1 })
    relieved.answer({ _tag: "Done" })
    relieved.wake(200)
    relieved.answer(found(leaseOf("b#1", 2, 1)))
    relieved.wake(200)
    relieved.answer(found(leaseOf(undefined, 2, 2)))
    assert.strictEqual(relieved.call?._tag, "TakeOver")
  })

  it("does the same at any reading of its clock: only differences count", () => {
    assert.deepStrictEqual(lifeFrom(0), lifeFrom(3_600_000))
    assert.deepStrictEqual(lifeFrom(0), lifeFrom(-3_600_000))
  })
})

it("a holder's name carries the node, whatever characters its id has", () => {
  for (const node of ["a", "a#b", "#", "##"]) assert.strictEqual(nodeOf(holderName(node, "1f")), node)
  assert.strictEqual(nodeOf("someone-else"), "someone-else")
})

/** What a contender does alone over a store, when its clock starts at this reading. */
const lifeFrom = (startMillis: number) => {
  const a = contender({ startMillis })
  const table = makeLeaseTable()
  for (let step = 0; step < 40; step++) {
    a.wake(a.dueIn ?? 0)
    while (a.call !== undefined) a.answer(table(a.call, "a#1", 1000))
  }
  return a.done()
}
