/** One node of a lease election: feeds its core events one at a time, asks the store what it says, and wakes it when it is due. */
import type { NodeId } from "@coterie/membership"
import { Duration, Effect, FiberHandle, Random, Semaphore } from "effect"

import { TimedOut } from "./ConsensusGroups.ts"
import { startContender, stepContender } from "./core/leaseContender.ts"
import {
  type ContenderEffect,
  type ContenderEvent,
  type ContenderState,
  type ContenderTiming,
  dueAtMillis,
  holderName,
  knownLeader,
  type LeaseAnswer,
  type LeaseCall
} from "./core/leaseContenderState.ts"
import type { Leadership } from "./Election.ts"
import {
  countStoreFailure,
  leaseElectionLoop,
  reportOwnLeadership,
  reportReachable
} from "./leaseElectionMetrics.ts"
import { LeaseStore, LeaseStoreError } from "./LeaseStore.ts"
import { leaseNowMillis, SuspendClock } from "./SuspendClock.ts"

/** An event without its time and chance: the node adds them. */
type BareEvent = ContenderEvent extends infer Event
  ? Event extends unknown
    ? Omit<Event, "nowMillis" | "random">
    : never
  : never

/** What a node reports to. */
export interface LeaseElectionOwner {
  /** Takes the leadership after every event, changed or not. */
  announce(leadership: Leadership): Effect.Effect<void>
  /** Stops the leader's work, in a fiber of its own, and runs `stopped` after it. */
  stopWork(stopped: Effect.Effect<void>): Effect.Effect<void>
}

/** A node that contends from now until its scope closes. */
export const makeLeaseElectionNode = Effect.fnUntraced(function* (
  { name, self, timing }: { readonly self: NodeId; readonly name: string; readonly timing: ContenderTiming },
  owner: LeaseElectionOwner
) {
  // The clock of the layer, whoever asks.
  const nowMillis = Effect.provideService(leaseNowMillis, SuspendClock, yield* SuspendClock)
  const scope = yield* Effect.scope
  const turn = yield* Semaphore.make(1)
  const alarm = yield* FiberHandle.make()
  const holder = holderName(self, yield* randomRun)
  const call = yield* makeCaller({ name, holder, ttlMillis: timing.ttlMillis })
  let state = startContender({ node: self, holder, timing, nowMillis: yield* nowMillis })
  const leadershipOf = makeLeadershipReader()
  const leadership = Effect.map(nowMillis, (millis) => leadershipOf(state, millis))
  const announce = Effect.flatMap(leadership, (now) => owner.announce(now))

  const perform = (effect: ContenderEffect): Effect.Effect<void> => {
    switch (effect._tag) {
      case "Ask":
        return call(effect.call).pipe(
          Effect.flatMap((answer) => apply({ _tag: "Answered", id: effect.id, answer })),
          Effect.forkIn(scope),
          Effect.asVoid
        )
      case "StopLeading":
        return owner.stopWork(apply({ _tag: "WorkStopped", epoch: effect.epoch }))
      case "Lead":
        return reportOwnLeadership(self, { epoch: effect.epoch, leads: true, cause: "elected" })
      case "Lost":
        return reportOwnLeadership(self, { epoch: effect.epoch, leads: false, cause: effect.reason })
    }
  }

  const apply = (event: BareEvent): Effect.Effect<void> =>
    Effect.gen(function* () {
      const moment = { nowMillis: yield* nowMillis, random: yield* Random.next }
      const [next, effects] = stepContender(state, { ...event, ...moment })
      state = next
      yield* Effect.forEach(effects, perform, { discard: true })
      yield* announce
      yield* reportReachable(state.reachable)
      yield* wakeWhenDue
    }).pipe(Effect.uninterruptible, turn.withPermits(1))

  const tick = apply({ _tag: "Tick" })
  const wakeWhenDue = Effect.gen(function* () {
    const now = yield* nowMillis
    const due = dueAtMillis(state, now)
    if (due === undefined) return yield* FiberHandle.clear(alarm)
    yield* Effect.sleep(Duration.millis(Math.max(0, Math.ceil(due - now)))).pipe(
      // In a fiber of its own: a tick sets the alarm, which ends the alarm's own fiber.
      Effect.andThen(Effect.forkIn(tick, scope)),
      FiberHandle.run(alarm)
    )
  })

  yield* tick
  return {
    apply,
    leadership,
    /** Answers a question about the state of this moment. */
    query: <A>(ask: (state: ContenderState, nowMillis: number) => A): Effect.Effect<A> =>
      Effect.map(nowMillis, (millis) => ask(state, millis))
  }
})

/** Asks the store what the core wants to know, within a third of the time to live, so that a failed renewal can be tried again. */
const makeCaller = Effect.fnUntraced(function* (mine: {
  readonly name: string
  readonly holder: string
  readonly ttlMillis: number
}) {
  const store = yield* LeaseStore
  const { holder, name, ttlMillis } = mine
  const timeoutMillis = ttlMillis / 3

  const ask = (call: LeaseCall): Effect.Effect<LeaseAnswer, LeaseStoreError> => {
    switch (call._tag) {
      case "Read":
        return Effect.map(store.read(name), (lease) => ({ _tag: "Found", lease }))
      case "TakeOver":
        return Effect.map(
          store.takeOver(name, { from: call.from, epochMin: call.epochMin, holder, ttlMillis }),
          (epoch) => (epoch === undefined ? { _tag: "Refused" } : { _tag: "Taken", epoch })
        )
      case "Renew":
        return Effect.map(store.renew(name, { holder, epoch: call.epoch }), doneOrRefused)
      case "Release":
        return Effect.map(store.release(name, { holder, epoch: call.epoch }), doneOrRefused)
    }
  }

  return (call: LeaseCall): Effect.Effect<LeaseAnswer> =>
    ask(call).pipe(
      Effect.timeoutOrElse({
        duration: Duration.millis(timeoutMillis),
        orElse: () =>
          Effect.fail(
            new LeaseStoreError({
              store: store.system,
              operation: operations[call._tag],
              reason: new TimedOut({ afterMillis: timeoutMillis })
            })
          )
      }),
      leaseElectionLoop.iteration,
      Effect.catchTag("LeaseStoreError", (error) =>
        Effect.as(countStoreFailure(error), { _tag: "Unknown" } as const)
      )
    )
})

const operations = { Read: "read", TakeOver: "takeOver", Renew: "renew", Release: "release" } as const

const doneOrRefused = (done: boolean): LeaseAnswer => ({ _tag: done ? "Done" : "Refused" })

/** Reads the leadership out of a state. The term of a node that knows no leader is the last that it knew: it never falls. */
const makeLeadershipReader = () => {
  let term = 0
  return (state: ContenderState, millis: number): Leadership => {
    const known = knownLeader(state, millis)
    term = Math.max(term, known?.epoch ?? 0)
    return { leader: known?.node, term }
  }
}

/** Names this run of the node; 53 random bits, so that no two runs of one node are taken for one. */
const randomRun = Effect.map(Random.nextInt, (bits) => Math.abs(bits).toString(36))
