import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"

import {
  hasQuorum,
  initial,
  liveSet,
  type QuorumEvent,
  type QuorumRules,
  step
} from "../../src/core/quorumElection.ts"
import { QuorumModel } from "./quorumModel.ts"
import { QuorumWorld, seedTiming } from "./quorumWorld.ts"

const deadAfterMillis = 40
const cooldownMillis = 100
const ids = ["a", "b", "c", "d", "e"]

/** A node's life: small steps of time that often hit dead-after and the cooldown exactly. */
const history = fc.array(
  fc.record({
    _tag: fc.constantFrom("Tick", "Beat", "Reply", "Resign"),
    from: fc.constantFrom(...ids),
    standby: fc.integer({ min: 0, max: 3 }).map((draw) => draw === 0),
    afterMillis: fc.constantFrom(0, 1, 10, 20, 39, 40, 41)
  }),
  { maxLength: 80 }
)
type History = typeof history extends fc.Arbitrary<infer A> ? A : never

const eventsOf = (entries: History): ReadonlyArray<QuorumEvent> => {
  let nowMillis = 0
  return [
    { _tag: "Start", nowMillis },
    ...entries.map(({ afterMillis, ...entry }): QuorumEvent => {
      nowMillis += afterMillis
      return { ...entry, nowMillis }
    })
  ]
}

/** Resignation and standing back are additions that the original rule knows nothing of; a node sends itself nothing, so nothing replies to it. */
const isOriginal = ({ _tag, from, standby }: History[number], { self }: QuorumRules) =>
  _tag !== "Resign" && !standby && !(_tag === "Reply" && from === self)

const rules = fc.record({
  self: fc.constantFrom(...ids),
  members: fc.subarray(ids),
  deadAfterMillis: fc.constant(deadAfterMillis),
  cooldownMillis: fc.constant(cooldownMillis),
  mode: fc.constantFrom("exact", "strict")
}) as fc.Arbitrary<QuorumRules>

const statesOf = (rules: QuorumRules, events: ReadonlyArray<QuorumEvent>) => {
  let state = initial(rules)
  return events.map((event) => {
    const [next, effects] = step(state, event)
    state = next
    return { event, state, effects }
  })
}

describe("quorum election properties", () => {
  it("the same events give the same states and effects", () => {
    fc.assert(
      fc.property(rules, history, (rules, history) => {
        assert.deepStrictEqual(statesOf(rules, eventsOf(history)), statesOf(rules, eventsOf(history)))
      })
    )
  })

  it("exact mode decides as the naive model does", () => {
    fc.assert(
      fc.property(rules, history, (rules, history) => {
        const model = new QuorumModel(rules.self, rules.members, deadAfterMillis, cooldownMillis)
        const events = eventsOf(history.filter((entry) => isOriginal(entry, rules)))
        for (const { event, state } of statesOf({ ...rules, mode: "exact" }, events)) {
          const now = event.nowMillis
          if (event._tag === "Beat") model.beat(event.from, now)
          else if (event._tag === "Reply") model.reply(event.from, now)
          else model.tick(now)
          assert.strictEqual(state.leader ?? "", model.masterId)
          assert.strictEqual(state.term, model.term)
          assert.deepStrictEqual(liveSet(state, now), model.liveSet(now))
          assert.strictEqual(hasQuorum(state, now), model.hasQuorum(now))
        }
      }),
      { numRuns: 1_000 }
    )
  })

  it("the term rises by one with each change of leader, and never otherwise", () => {
    fc.assert(
      fc.property(rules, history, (rules, history) => {
        let previous = initial(rules)
        for (const { state } of statesOf(rules, eventsOf(history))) {
          assert.strictEqual(state.term - previous.term, state.leader === previous.leader ? 0 : 1)
          previous = state
        }
      })
    )
  })

  it("when a decision was made, the leader is alive, and without a quorum there is none", () => {
    fc.assert(
      fc.property(rules, history, (rules, history) => {
        for (const { event, state } of statesOf(rules, eventsOf(history))) {
          if (event._tag === "Reply" || event._tag === "Resign") continue
          if (!hasQuorum(state, event.nowMillis)) assert.isUndefined(state.leader)
          else assert.include(liveSet(state, event.nowMillis), state.leader)
        }
      })
    )
  })

  it("strict mode counts and elects configured members only", () => {
    fc.assert(
      fc.property(rules, history, (rules, history) => {
        const allowed = rules.members.length === 0 ? [rules.self] : rules.members
        for (const { event, state } of statesOf({ ...rules, mode: "strict" }, eventsOf(history))) {
          assert.includeMembers([...allowed], [...liveSet(state, event.nowMillis)])
          if (state.leader !== undefined) assert.include(allowed, state.leader)
        }
      })
    )
  })

  it("a resigned leader does not lead again within the cooldown while another member can", () => {
    fc.assert(
      fc.property(rules, history, (rules, history) => {
        let resignedAt = Number.NEGATIVE_INFINITY
        for (const { event, effects, state } of statesOf(rules, eventsOf(history))) {
          if (event._tag === "Resign" && effects.length > 0) resignedAt = event.nowMillis
          const elected = effects.some(
            (effect) => effect._tag === "LeaderChanged" && effect.leader === rules.self
          )
          if (!elected || event.nowMillis - resignedAt >= cooldownMillis) continue
          const others = liveSet(state, event.nowMillis).filter((id) => id !== rules.self)
          assert.isTrue(others.every((id) => state.contacts.get(id)?.standby === true))
        }
      })
    )
  })

  it("nodes that all see the same members from the start agree on the smallest after two ticks", () => {
    fc.assert(
      fc.property(
        fc.subarray(ids, { minLength: 1 }),
        fc.constantFrom("exact" as const, "strict" as const),
        (alive, mode) => {
          const leaders = alive.map((self) => {
            const replies = alive
              .filter((id) => id !== self)
              .map((from): QuorumEvent => ({ _tag: "Reply", from, nowMillis: 1 }))
            const events: ReadonlyArray<QuorumEvent> = [
              { _tag: "Start", nowMillis: 0 },
              ...replies,
              { _tag: "Tick", nowMillis: 10 },
              { _tag: "Tick", nowMillis: 20 }
            ]
            return statesOf({ self, members: ids, deadAfterMillis, cooldownMillis, mode }, events).at(-1)
              ?.state.leader
          })
          const expected = alive.length >= 3 ? alive[0] : undefined
          assert.deepStrictEqual(
            leaders,
            alive.map(() => expected)
          )
        }
      )
    )
  })

  it("whatever faults came before, one cooldown of full contact ends in one leader, the smallest", () => {
    const fault = fc.record({
      kind: fc.constantFrom("cut", "heal", "crash", "start", "pause", "resume", "resign"),
      from: fc.constantFrom(...ids),
      to: fc.constantFrom(...ids),
      forMillis: fc.integer({ min: 0, max: 6_000 })
    })
    fc.assert(
      fc.property(fc.array(fault, { maxLength: 30 }), (faults) => {
        const world = new QuorumWorld(ids, { ...seedTiming, cooldownMillis: 20_000 }, () => {})
        for (const id of ids) world.start(id)
        for (const { kind, from, to, forMillis } of faults) {
          if (kind === "cut") world.cut(from, to)
          else if (kind === "heal") world.heal(from, to)
          else if (kind === "start") world.start(from)
          else if (!world.nodes.has(from)) continue
          else if (kind === "crash") world.crash(from)
          else if (kind === "resign") world.apply(from, { _tag: "Resign", nowMillis: world.nowMillis })
          else world.setPaused(from, kind === "pause")
          world.run(forMillis)
        }
        for (const from of ids) {
          if (!world.nodes.has(from)) world.start(from)
          world.setPaused(from, false)
          for (const to of ids) world.heal(from, to)
        }
        world.run(2 * seedTiming.intervalMillis + 20_000 + seedTiming.intervalMillis)
        const views = [...world.nodes.values()].map(({ state }) => state.leader)
        assert.deepStrictEqual(
          views,
          views.map(() => "a")
        )
      }),
      { numRuns: 200 }
    )
  })
})
