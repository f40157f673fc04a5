/** One node of a leased quorum: feeds its core events one at a time, and does what it says in the order it says. */
import { Effect, FiberHandle, Random, Semaphore } from "effect"

import { startLeasedQuorum, stepLeasedQuorum } from "./core/leasedQuorum.ts"
import {
  knownLeader,
  type LeasedQuorumEffect,
  type LeasedQuorumEvent,
  type LeasedQuorumState,
  type LeasedQuorumTiming
} from "./core/leasedQuorumState.ts"
import type { Leadership } from "./Election.ts"
import { countMissedEvent, countSaveFailure, reportLease } from "./leaseMetrics.ts"
import { LeaseTransport } from "./LeaseTransport.ts"
import { PromiseStore } from "./PromiseStore.ts"
import { leaseNowMillis, SuspendClock } from "./SuspendClock.ts"

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

/** Events that may wait while a promise is saved; a disk that stalls must not pile up messages. */
const waitingMax = 256

/** A node that starts now. */
export const makeLeasedQuorumNode = Effect.fnUntraced(function* (
  timing: LeasedQuorumTiming,
  owner: LeasedQuorumOwner
) {
  const transport = yield* LeaseTransport
  const store = yield* PromiseStore
  // The clock of the layer, whoever asks.
  const nowMillis = Effect.provideService(leaseNowMillis, SuspendClock, yield* SuspendClock)
  const { self } = transport
  const turn = yield* makeTurn
  const alarm = yield* makeAlarm(nowMillis)
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
    if (effect._tag === "Send") return transport.send(effect.to, effect.message)
    if (effect._tag === "StopLeading")
      return owner.stopWork(apply({ _tag: "WorkStopped", epoch: effect.epoch }))
    return reportLease(self, effect)
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
      Effect.catchTag("PromiseStoreFailed", (failure) =>
        // A step that saves nothing, so it cannot fail in turn.
        Effect.andThen(countSaveFailure(failure), Effect.orDie(take({ _tag: "SaveFailed" })))
      ),
      Effect.uninterruptible,
      turn.take
    )

  const poll: Effect.Effect<void> = Effect.flatMap(Random.next, (random) => apply({ _tag: "Poll", random }))

  yield* announce
  return {
    apply,
    /** An event from outside; lost, as a message may be, when too many wait. */
    offer: (event: UndatedEvent): Effect.Effect<void> => turn.unlessCrowded(apply(event)),
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

/** Does something at a time of the given clock; setting it again forgets what was set before. */
const makeAlarm = Effect.fnUntraced(function* (nowMillis: Effect.Effect<number>) {
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

/** One at a time. What comes from outside is counted and lost when too many wait already. */
const makeTurn = Effect.map(Semaphore.make(1), (one) => {
  let waiting = 0
  return {
    take: one.withPermits(1),
    unlessCrowded: (effect: Effect.Effect<void>): Effect.Effect<void> =>
      Effect.suspend(() => {
        if (waiting >= waitingMax) return countMissedEvent
        waiting++
        return Effect.ensuring(
          effect,
          Effect.sync(() => waiting--)
        )
      })
  }
})
