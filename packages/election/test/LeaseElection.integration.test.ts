import { requireEngine } from "@coterie/tools-engines"
import { assert, describe, it, layer } from "@effect/vitest"
import { Clock, Context, Duration, Effect, Fiber, Layer, Schedule } from "effect"

import { Election, LeaseElection } from "../src/index.ts"
import { electionContract } from "../src/testing/index.ts"
import { leaseExceptions } from "./support/leaseElectionExceptions.ts"
import { leaseElectionWorld } from "./support/leaseElectionWorld.ts"
import { hangEngine, type LeaseEngine, leaseEngines } from "./support/leaseEngines.ts"
import { present } from "./support/present.ts"

const timing = { ttl: Duration.seconds(2), poll: Duration.millis(200) }

const nowMillis = Effect.map(Clock.monotonicTimeNanos, (nanos) => Number(nanos) / 1e6)

/** Waits until the condition holds; how long that took, in ms. */
const millisUntil = Effect.fnUntraced(function* (condition: Effect.Effect<boolean>) {
  const start = yield* nowMillis
  yield* condition.pipe(
    Effect.repeat({ until: (holds) => holds, schedule: Schedule.spaced("5 millis") }),
    Effect.timeout("20 seconds")
  )
  return (yield* nowMillis) - start
})

const leaderOf = (nodes: ReadonlyArray<Election["Service"]>) =>
  Effect.map(
    Effect.filter(nodes, ({ isLeader }) => isLeader),
    ([leader]) => leader
  )

for (const [engine, start] of leaseEngines) {
  describe.skipIf(!requireEngine(engine, `elections in ${engine}`).available)(
    `LeaseElection in ${engine}`,
    () => {
      const makeNodes = Effect.gen(function* () {
        const running = yield* start
        const nodes = yield* Effect.forEach(["a", "b", "c"], (self) =>
          Effect.map(
            Layer.build(LeaseElection.layer({ self, ...timing }).pipe(Layer.provide(running.store))),
            (context) => Context.get(context, Election)
          )
        )
        yield* millisUntil(Effect.map(leaderOf(nodes), (leader) => leader !== undefined))
        return { running, nodes, leader: present(yield* leaderOf(nodes)) }
      })

      it.live(
        "an engine that hangs ends leadership by the deadline, and somebody leads again once it is back",
        () =>
          Effect.gen(function* () {
            const { leader, nodes, running } = yield* makeNodes
            const { term } = yield* leader.leadership
            const work = yield* Effect.forkChild(leader.whileLeader(Effect.never))
            const goOn = yield* hangEngine(running)
            const lasted = yield* millisUntil(Effect.map(leader.isLeader, (leads) => !leads))
            // The lease less its guard of 100 ms, and what it takes this process to look again on a busy machine.
            assert.isAtMost(lasted, 1900 + 100)
            const lost = yield* Effect.flip(Fiber.join(work))
            assert.strictEqual(lost.term, term)
            yield* goOn
            yield* millisUntil(Effect.map(leaderOf(nodes), (next) => next !== undefined))
            const { term: next } = yield* present(yield* leaderOf(nodes)).leadership
            assert.isAbove(next, term)
          }).pipe(Effect.scoped)
      )

      it.live("a leader that resigns is followed within one poll and a few round trips", () =>
        Effect.gen(function* () {
          const { leader, nodes } = yield* makeNodes
          yield* leader.resign
          const others = nodes.filter((node) => node !== leader)
          const gap = yield* millisUntil(Effect.map(leaderOf(others), (next) => next !== undefined))
          // One poll is 200 ms; the rest is for a machine that is busy.
          assert.isAtMost(gap, 700)
        }).pipe(Effect.scoped)
      )
    }
  )
}

class Engine extends Context.Service<Engine, LeaseEngine>()(
  "@coterie/election/test/LeaseElection.integration.test/Engine"
) {}

/** Every case has a lease of its own in the one engine. */
const worldNamed = (name: string) =>
  Layer.unwrap(
    Effect.map(Engine, ({ store }) =>
      leaseElectionWorld({
        options: { ...timing, ttl: Duration.millis(1500), name },
        settling: Duration.millis(2600),
        advance: Effect.sleep
      }).pipe(Layer.provide(store))
    )
  )

for (const [engine, start] of leaseEngines) {
  describe
    .skipIf(!requireEngine(engine, `the election contract in ${engine}`).available)
    .concurrent(`the election contract in ${engine}`, () => {
      layer(Layer.effect(Engine, Effect.orDie(start)), { timeout: "60 seconds", excludeTestServices: true })(
        (it) => {
          for (const { id, name, run } of electionContract) {
            if (leaseExceptions[id] === undefined) it.effect(name, () => Effect.provide(run, worldNamed(id)))
          }
        }
      )
    })
}
