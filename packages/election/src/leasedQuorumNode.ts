/** One node of a leased quorum: feeds its core events one at a time, and does what it says in the order it says. */
import { Clock, Effect, FiberHandle, Random, Semaphore } from "effect"

import { startLeasedQuorum, stepLeasedQuorum } from "./core/leasedQuorum.ts"
import {
  knownLeader,
  type LeasedQuorumEffect,
  type LeasedQuorumEvent,
  type LeasedQuorumState,
  type LeasedQuorumTiming
} from "./core/leasedQuorumState.ts"
import type { Leadership } from "./Election.ts"
import { countSaveFailure, reportLease } from "./leaseMetrics.ts"
import { LeaseTransport } from "./LeaseTransport.ts"
import { PromiseStore } from "./PromiseStore.ts"

/** An event without its time: the node stamps it. */
export type UndatedEvent = LeasedQuorumEvent extends infer Event
  ? Event extends unknown
    ? Omit<Event, "nowMillis">
    : never
  : never

/** What a node reports to. */
export interface LeasedQuorumOwner {
  /** Takes the leadership after every event, changed or not. */
  announce(leadership: Leadership): Effect.Effect<void>
  /** Stops the leader's work, in a fiber of its own, and runs `stopped` after it. */
  stopWork(stopped: Effect.Effect<void>): Effect.Effect<void>
}

/** A node that starts now. */
export const makeLeasedQuorumNode = Effect.fnUntraced(function* (
  timing: LeasedQuorumTiming,
  owner: LeasedQuorumOwner
) {
  const transport = yield* LeaseTransport
  const store = yield* PromiseStore
  const { self } = transport
  const turn = yield* Semaphore.make(1)
  const alarm = yield* makeAlarm
  let state = startLeasedQuorum({
    self,
    members: transport.members,
    timing,
    promised: yield* store.load,
    nowMillis: yield* nowMillis
  })
  const leadershipOf = makeLeadershipReader()
  const leadership = Effect.map(nowMillis, (millis) => leadershipOf(state, millis))
  const announce = Effect.flatMap(leadership, (now) => owner.announce(now))

  const perform = (effect: LeasedQuorumEffect): Effect.Effect<void> => {
    switch (effect._tag) {
      case "Send":
        return transport.send(effect.to, effect.message)
      case "StopLeading":
        return owner.stopWork(apply({ _tag: "WorkStopped", epoch: effect.epoch }))
      case "Persist":
      case "Lead":
      case "Lost":
        return reportLease(self, effect)
    }
  }

  /** The state counts only once its promise is safe; a step that cannot be saved did not happen. */
  const take = Effect.fnUntraced(function* (event: UndatedEvent) {
    const [next, effects] = stepLeasedQuorum(state, { ...event, nowMillis: yield* nowMillis })
    const promise = effects.find(({ _tag }) => _tag === "Persist")
    if (promise?._tag === "Persist") yield* store.save(promise.promised)
    state = next
    yield* Effect.forEach(effects, perform, { discard: true })
    yield* announce
    // The end of the lease is noticed when it comes, not at the next poll.
    yield* state.role._tag === "Holder" ? alarm.set(state.role.validUntilMillis, poll) : alarm.clear
  })

  const apply = (event: UndatedEvent): Effect.Effect<void> =>
    take(event).pipe(
      Effect.catchTag("PromiseStoreFailed", countSaveFailure),
      turn.withPermits(1),
      Effect.uninterruptible
    )

  const poll: Effect.Effect<void> = Effect.flatMap(Random.next, (random) => apply({ _tag: "Poll", random }))

  yield* announce
  return {
    apply,
    poll,
    /** Answers a question about the state of this moment. */
    query: <A>(ask: (state: LeasedQuorumState, nowMillis: number) => A): Effect.Effect<A> =>
      Effect.map(nowMillis, (millis) => ask(state, millis)),
    leadership
  }
})

/** Reads the leadership out of a state. The term of a node that knows no leader is the last that it knew: it never falls. */
const makeLeadershipReader = () => {
  let term = 0
  return (state: LeasedQuorumState, millis: number): Leadership => {
    const known = knownLeader(state, millis)
    term = Math.max(term, known?.epoch ?? 0)
    return { leader: known?.holder, term }
  }
}

/** Does something at a time of the monotonic clock; setting it again forgets what was set before. */
const makeAlarm = Effect.gen(function* () {
  const pending = yield* FiberHandle.make()
  const scope = yield* Effect.scope
  return {
    set: (atMillis: number, action: Effect.Effect<void>): Effect.Effect<void> =>
      nowMillis.pipe(
        Effect.flatMap((now) => Effect.sleep(Math.max(0, Math.ceil(atMillis - now)))),
        // In a fiber of its own: the action may clear the alarm, which waits for the alarm's fiber.
        Effect.andThen(Effect.forkIn(action, scope)),
        FiberHandle.run(pending),
        Effect.asVoid
      ),
    clear: FiberHandle.clear(pending)
  }
})

const nowMillis = Effect.map(Clock.monotonicTimeNanos, (nanos) => Number(nanos) / 1e6)
