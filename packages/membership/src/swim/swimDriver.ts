/** Gives the protocol core its time: one event at a time, one alarm, and a watch on the event loop. Decides nothing. */
import { type Clock, Effect, type Fiber } from "effect"

import { nextDeadlineMillis, step } from "../core/swim/swim.ts"
import type { SwimEffect, SwimEvent, SwimState } from "../core/swim/swimState.ts"

/** The alarm rings at least this often, in ms, so that a stall is noticed even when nothing was due. */
const watchMillis = 100

/** Runs an effect beside the others. */
export type RunFork = <A>(effect: Effect.Effect<A>) => Fiber.Fiber<A>

/** What a driver needs. */
export interface DriverParts {
  readonly state: SwimState
  readonly clock: Clock.Clock
  readonly random: () => number
  /** Starts a fiber that `stop` ends; nobody else has to know it. */
  readonly run: RunFork
  readonly perform: (effect: Exclude<SwimEffect, { _tag: "DrainInbox" }>) => void
  /** Lets the packets in that wait in the sockets. */
  readonly drain: Effect.Effect<void>
  /** Called after every turn. */
  readonly settled: () => void
  /** Called after every turn that the timer began, with the time that it took in ms. */
  readonly ticked: (tookMillis: number) => void
  /** A turn died; the node goes on with the next. */
  readonly died: (defect: unknown) => void
}

/** A core in motion. */
export interface SwimDriver {
  /** Applies an event now, or right after the one that is being applied. */
  readonly turn: (event: SwimEvent) => void
  readonly nowMillis: () => number
  /** Sets the first alarm. */
  readonly start: () => void
  /** Ignores every event from now on. */
  readonly stop: () => void
}

/** A driver at rest. */
export const makeSwimDriver = (parts: DriverParts): SwimDriver => {
  const { clock, random, run, state } = parts
  const nowMillis = () => Number(clock.monotonicTimeNanosUnsafe()) / 1e6
  let isDraining = false
  let isStopped = false
  const alarm = makeAlarm(run)

  const queue = makeTurnQueue((event) => {
    try {
      for (const effect of step(state, event, nowMillis(), random)) {
        if (effect._tag === "DrainInbox") drainInbox()
        else parts.perform(effect)
      }
    } catch (defect) {
      parts.died(defect)
    }
  })

  const turn = (event: SwimEvent): void => {
    if (isStopped) return
    if (queue.isBusy()) return queue.add(event)
    noteLateAlarm()
    queue.add(event)
    queue.run()
    parts.settled()
    setAlarm()
  }

  /** What comes before an alarm that is late tells of a stall as well as the alarm would: once, and in its full length. */
  const noteLateAlarm = (): void => {
    const millis = alarm.lateMillis(nowMillis())
    if (millis <= watchMillis) return
    alarm.clear()
    queue.add({ _tag: "Stalled", millis })
  }

  const drainInbox = (): void => {
    isDraining = true
    const drained = Effect.sync(() => {
      isDraining = false
      turn({ _tag: "Tick" })
    })
    run(Effect.andThen(parts.drain, drained))
  }

  const setAlarm = (): void => {
    if (isDraining || isStopped) return
    const now = nowMillis()
    const atMillis = Math.min(nextDeadlineMillis(state), now + watchMillis)
    alarm.set(atMillis, now, ring)
  }

  const ring = (): void => {
    const startMillis = nowMillis()
    const lateMillis = alarm.lateMillis(startMillis)
    alarm.rung()
    const isStalled = lateMillis > watchMillis
    if (!isStalled && nextDeadlineMillis(state) > startMillis) return setAlarm()
    turn(isStalled ? { _tag: "Stalled", millis: lateMillis } : { _tag: "Tick" })
    parts.ticked(nowMillis() - startMillis)
  }

  const stop = (): void => {
    isStopped = true
    alarm.clear()
  }
  return { turn, nowMillis, start: setAlarm, stop }
}

/** Events in their order, one at a time: one that comes while another is applied waits for it. */
const makeTurnQueue = (apply: (event: SwimEvent) => void) => {
  const waiting: Array<SwimEvent> = []
  let isBusy = false
  return {
    isBusy: () => isBusy,
    add: (event: SwimEvent): void => void waiting.push(event),
    run: (): void => {
      isBusy = true
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) apply(next)
      isBusy = false
    }
  }
}

/** One alarm. One that rings too early is harmless, so only an earlier time replaces it. */
const makeAlarm = (run: RunFork) => {
  let pending: { readonly fiber: Fiber.Fiber<void>; readonly atMillis: number } | undefined
  const rung = () => {
    pending = undefined
  }
  return {
    rung,
    clear: () => {
      pending?.fiber.interruptUnsafe()
      rung()
    },
    lateMillis: (nowMillis: number) => (pending === undefined ? 0 : nowMillis - pending.atMillis),
    set: (atMillis: number, nowMillis: number, ring: () => void) => {
      if (pending !== undefined && pending.atMillis <= atMillis) return
      pending?.fiber.interruptUnsafe()
      const sleep = Effect.sleep(Math.max(0, Math.ceil(atMillis - nowMillis)))
      pending = { atMillis, fiber: run(Effect.andThen(sleep, Effect.sync(ring))) }
    }
  }
}
