import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"

import { activeGrant } from "../../src/core/leaseAcceptor.ts"
import { startLeasedQuorum, stepLeasedQuorum } from "../../src/core/leasedQuorum.ts"
import {
  configOf,
  isLeader,
  type LeasedQuorumEvent,
  type LeasedQuorumState,
  leaseLeftMillis
} from "../../src/core/leasedQuorumState.ts"
import type { LeaseMessage } from "../../src/core/leaseMessages.ts"
import { leasedTiming } from "./leasedWorld.ts"

const members = ["a", "b", "c"]
// Ids that are also names of what every object inherits, and no ids at all.
const anybody = fc.constantFrom(...members, "x", "constructor", "__proto__")
const epoch = fc.nat({ max: 6 })
const time = fc.double({ min: -1e6, max: 1e6, noNaN: true })
const kind = fc.constantFrom("bid", "renew", "query")
const verdict = fc.constantFrom(
  "granted",
  "booting",
  "held",
  "stale",
  "reserved",
  "deferred",
  "closed",
  "config",
  null
)
const grant = fc.option(
  fc.record({ holder: anybody, epoch, remainingMillis: fc.nat({ max: 10_000 }), established: fc.boolean() })
)
const config = fc.constantFrom(
  configOf(members, leasedTiming),
  configOf(["a", "b"], leasedTiming),
  configOf(members, { ...leasedTiming, leaseMillis: 5000 })
)
const message: fc.Arbitrary<LeaseMessage> = fc.oneof(
  fc.record({
    _tag: fc.constant("Request"),
    kind,
    epoch,
    sentAtMillis: time,
    config
  }),
  fc.record({
    _tag: fc.constant("Answer"),
    kind,
    epoch,
    sentAtMillis: time,
    verdict,
    promised: epoch,
    grant,
    seesQuorum: fc.boolean(),
    willing: fc.boolean()
  }),
  fc.record({ _tag: fc.constant("Release"), epoch, reserveFor: fc.option(anybody) })
)
type Undated = LeasedQuorumEvent extends infer Event
  ? Event extends unknown
    ? Omit<Event, "nowMillis">
    : never
  : never
/** A vote for whatever the node asks for at that moment, sent up to a second ago: chance alone would never elect it. */
const vote = fc.record({
  _tag: fc.constant("Vote"),
  from: fc.constantFrom("b", "c"),
  ageMillis: fc.nat({ max: 1000 })
})
type Vote = typeof vote extends fc.Arbitrary<infer A> ? A : never
const undated: fc.Arbitrary<Undated | Vote> = fc.oneof(
  { weight: 4, arbitrary: vote },
  { weight: 2, arbitrary: fc.record({ _tag: fc.constant("Received"), from: anybody, message }) },
  {
    weight: 4,
    arbitrary: fc.record({ _tag: fc.constant("Poll"), random: fc.double({ min: 0, max: 0.99 }) })
  },
  fc.record({ _tag: fc.constant("ConfigHeard"), from: anybody, config }),
  fc.record({ _tag: fc.constant("Beat") }),
  fc.record({ _tag: fc.constant("StepDown"), to: fc.option(anybody, { nil: undefined }) }),
  fc.record({ _tag: fc.constant("WorkStopped"), epoch }),
  fc.record({ _tag: fc.constant("SaveFailed") })
) as fc.Arbitrary<Undated | Vote>
/** Events at rising times: mostly close together, sometimes a lease apart. */
const history = fc.array(
  fc.tuple(undated, fc.oneof({ weight: 20, arbitrary: fc.nat({ max: 300 }) }, fc.constant(5000))),
  {
    minLength: 10,
    maxLength: 80,
    size: "max"
  }
)

const fresh = (promised: number): LeasedQuorumState =>
  startLeasedQuorum({ self: "a", members, timing: leasedTiming, promised, nowMillis: 0 })

const voteFor = ({ role }: LeasedQuorumState, { ageMillis, from }: Vote, nowMillis: number): Undated => {
  const bid = role._tag === "Candidate" ? role.bid : role._tag === "Holder" ? role.rebid : undefined
  const epoch = bid?.epoch ?? (role._tag === "Holder" ? role.epoch : 0)
  const message = {
    _tag: "Answer",
    kind: "bid",
    epoch,
    sentAtMillis: nowMillis - ageMillis,
    verdict: "granted",
    promised: epoch,
    grant: null,
    seesQuorum: true,
    willing: true
  } as const
  return { _tag: "Received", from, message }
}

/** Plays a history, and shows each step to `check`. */
const play = (
  events: ReadonlyArray<readonly [Undated | Vote, number]>,
  promised: number,
  check: (
    before: LeasedQuorumState,
    after: LeasedQuorumState,
    step: { readonly event: LeasedQuorumEvent; readonly effects: ReturnType<typeof stepLeasedQuorum>[1] }
  ) => void
): void => {
  let state = fresh(promised)
  let nowMillis = 0
  for (const [undatedEvent, pause] of events) {
    nowMillis += pause
    const event: LeasedQuorumEvent = {
      ...(undatedEvent._tag === "Vote" ? voteFor(state, undatedEvent, nowMillis) : undatedEvent),
      nowMillis
    }
    const [next, effects] = stepLeasedQuorum(state, event)
    check(state, next, { event, effects })
    state = next
  }
}

const always = (check: Parameters<typeof play>[2]): void =>
  fc.assert(
    fc.property(history, fc.nat({ max: 2 }), (events, promised) => play(events, promised, check)),
    { numRuns: 500 }
  )

describe("leased quorum properties, over any messages at all", () => {
  it("a promise never falls, and each one that grew is saved before anything is sent", () => {
    always((before, after, { effects }) => {
      assert.isAtLeast(after.acceptor.promised, before.acceptor.promised)
      const saved = effects.findIndex(({ _tag }) => _tag === "Persist")
      const sent = effects.findIndex(({ _tag }) => _tag === "Send")
      if (after.acceptor.promised > before.acceptor.promised) {
        assert.isAtLeast(saved, 0)
        assert.isTrue(sent === -1 || saved < sent, "saved before sent")
      } else assert.strictEqual(saved, -1)
    })
  })

  it("a vote on loan goes to nobody else before it expires or its holder releases it", () => {
    always((before, after, { event }) => {
      const held = activeGrant(before.acceptor, event.nowMillis)
      if (held === undefined) return
      const released =
        event._tag === "Received" && event.from === held.holder && event.message._tag === "Release"
      const { grant: now = { holder: "nobody", expiresAtMillis: 0 } } = after.acceptor
      if (held.holder === "a" || released) return
      assert.strictEqual(now.holder, held.holder)
      assert.isAtLeast(now.expiresAtMillis, held.expiresAtMillis)
    })
  })

  it("nobody is granted an epoch twice, and none is granted during the wait after a restart", () => {
    const granted = new Map<number, string>()
    let state: LeasedQuorumState | undefined
    always((before, after, { event, effects }) => {
      if (before !== state) granted.clear()
      state = after
      for (const effect of effects) {
        if (effect._tag !== "Send" || effect.message._tag !== "Answer") continue
        const { epoch, kind, verdict } = effect.message
        if (verdict !== "granted") continue
        assert.isAtLeast(event.nowMillis, before.acceptor.bootUntilMillis)
        if (kind !== "bid") continue
        assert.strictEqual(granted.get(epoch) ?? effect.to, effect.to)
        granted.set(epoch, effect.to)
      }
    })
  })

  it("a lease only grows while it is held, never beyond a lease from now, and an epoch that ended is never held again", () => {
    const ended = new Set<number>()
    let state: LeasedQuorumState | undefined
    always((before, after, { event }) => {
      if (before !== state) ended.clear()
      state = after
      const { nowMillis } = event
      const [old, now] = [before.role, after.role]
      if (now._tag === "Holder") {
        assert.isFalse(ended.has(now.epoch), "an ended epoch is held again")
        assert.isAtMost(
          leaseLeftMillis(now.epoch)(after, nowMillis),
          leasedTiming.leaseMillis - leasedTiming.guardMillis
        )
        if (old._tag === "Holder" && nowMillis < old.validUntilMillis) {
          assert.isAtLeast(now.validUntilMillis, old.validUntilMillis)
          assert.isAtLeast(now.epoch, old.epoch)
        }
      }
      if (old._tag === "Holder" && (now._tag !== "Holder" || now.epoch !== old.epoch)) ended.add(old.epoch)
      if (old._tag === "Candidate" && now._tag === "Follower") ended.add(old.bid.epoch)
      assert.strictEqual(
        now._tag === "Holder" && nowMillis >= now.validUntilMillis,
        false,
        "expired and held"
      )
    })
  })

  it("strangers, and messages in the node's own name, change nothing", () => {
    always((before, after, { event, effects }) => {
      if (event._tag !== "Received" || ["b", "c"].includes(event.from)) return
      if (before.role._tag === "Holder" && event.nowMillis >= before.role.validUntilMillis) return
      assert.strictEqual(after, before)
      assert.deepStrictEqual(effects, [])
    })
  })

  it("memory is bounded by the members, whatever arrives", () => {
    always((_before, after) => {
      const known = [after.contacts, after.peers, after.acceptor.released].flatMap((map) =>
        Array.from(map.keys())
      )
      assert.isTrue(known.every((id) => members.includes(id)))
      if (after.role._tag === "Candidate") assert.isAtMost(after.role.bid.refusedBy.length, 2)
    })
  })

  it("a node leads only with the votes of a majority", () => {
    let led = 0
    let lost = 0
    always((_before, after, { event, effects }) => {
      lost += effects.filter(({ _tag }) => _tag === "Lost").length
      if (after.role._tag !== "Holder" || !isLeader(after, event.nowMillis)) return
      led++
      assert.isAtLeast(after.role.votes.size, 2)
    })
    // Or else these properties would say nothing about leaders.
    assert.isAbove(led, 500)
    assert.isAbove(lost, 50)
  })
})
