import { assert, describe, it } from "@effect/vitest"

import { startContender, stepContender } from "../../src/core/leaseContender.ts"
import { explainLease } from "../../src/core/leaseContenderReasons.ts"
import type { LeaseAnswer } from "../../src/core/leaseContenderState.ts"
import { showExplanation } from "../support/showExplanation.ts"
import type { Undated } from "./leaseContenderWorld.ts"

const timing = {
  ttlMillis: 10_000,
  guardMillis: 500,
  drift: 0.025,
  pollMillis: 1000,
  cooldownMillis: 120_000,
  drainMillis: 10_000
}

/** Run 2 of node b, driven by hand. */
const contender = () => {
  let nowMillis = 0
  let state = startContender({ node: "b", holder: "b#2", timing, nowMillis })
  const apply = (event: Undated): void => {
    state = stepContender(state, { ...event, nowMillis, random: 1 })[0]
  }
  apply({ _tag: "Tick" })
  return {
    apply,
    /** Lets time pass without a word to the contender. */
    pass: (millis: number): void => void (nowMillis += millis),
    /** Lets time pass and wakes the contender. */
    wake: (millis: number): void => {
      nowMillis += millis
      apply({ _tag: "Tick" })
    },
    /** Answers the call under way. */
    answer: (answer: LeaseAnswer): void => apply({ _tag: "Answered", id: state.pending?.id ?? -1, answer }),
    explain: () => showExplanation(explainLease(state, nowMillis, 0))
  }
}

const heldBy = (holder: string | undefined): LeaseAnswer => ({
  _tag: "Found",
  lease: { holder, epoch: 6, seq: 1, ttlMillis: 10_000 }
})

/** A contender that took the lease just now. */
const leader = () => {
  const b = contender()
  b.answer(heldBy(undefined))
  b.answer({ _tag: "Taken", epoch: 7 })
  return b
}

describe("why a contender leads or not", () => {
  it("says that the store has not answered", () => {
    assert.deepStrictEqual(contender().explain(), [
      "b of a lease: nobody leads, term 0: storeUnreachable",
      "  b storeUnreachable: has no answer from the store to its last call"
    ])
  })

  it("says who holds the lease, and how long without a change it still counts", () => {
    const b = contender()
    b.answer(heldBy("a#1"))
    b.wake(800)
    assert.deepStrictEqual(b.explain(), [
      "b of a lease: a leads, term 6, 9450 ms left: leaseHeld",
      "  a leads: its lease was seen to change 0.8 s ago",
      "  b waiting: takes the lease when nobody holds it"
    ])
  })

  it("says that a holder did not renew, and that this node takes over", () => {
    const b = contender()
    b.answer(heldBy("a#1"))
    b.wake(10_250)
    assert.deepStrictEqual(b.explain(), [
      "b of a lease: nobody leads, term 0: nextMove",
      "  a dead: has not renewed its lease for 10 s",
      "  b waiting: takes the lease when nobody holds it"
    ])
  })

  it("says that a lease of this node's earlier run has to run out", () => {
    const b = contender()
    b.answer(heldBy("b#1"))
    assert.deepStrictEqual(b.explain(), [
      "b of a lease: nobody leads, term 0: waitingForExpiry",
      "  b waiting: takes the lease when nobody holds it"
    ])
  })

  it("says how long this node's own lease lasts, and that it is given back once work has stopped", () => {
    const b = leader()
    b.wake(1000)
    assert.deepStrictEqual(b.explain(), [
      "b of a lease: b leads, term 7, 8500 ms left: leaseHeld",
      "  b leads: holds the lease"
    ])
    b.apply({ _tag: "StepDown" })
    assert.deepStrictEqual(b.explain(), [
      "b of a lease: b leads, term 7, 8500 ms left: handingOver",
      "  b handingOver: leads until its work has stopped, for which it has 10 s more"
    ])
    b.apply({ _tag: "WorkStopped", epoch: 7 })
    b.answer({ _tag: "Done" })
    assert.deepStrictEqual(b.explain(), [
      "b of a lease: nobody leads, term 0: standingBack",
      "  b unwilling: gave leadership up and stands back for 120 s more"
    ])
  })

  it("a lease that ran out is nobody's, before any event told the contender so", () => {
    for (const stepsDown of [false, true]) {
      const b = leader()
      if (stepsDown) b.apply({ _tag: "StepDown" })
      b.pass(9500)
      assert.include(b.explain()[0], "nobody leads, term 0: ")
      assert.notInclude(b.explain().join(), "handingOver")
      assert.notInclude(b.explain().join(), " leads:")
    }
  })
})
