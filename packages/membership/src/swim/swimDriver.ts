/** Gives the protocol core its time: one event at a time, one alarm, and a watch on the event loop. Decides nothing. */
import { type Clock, Effect, type Fiber } from "effect"

import { nextDeadlineMillis, step } from "../core/swim/swim.ts"
import type { SwimEffect, SwimEvent, SwimState } from "../core/swim/swimState.ts"
import { makeAlarm } from "./alarm.ts"
import { type StallWatcher, watchStalls } from "./stallWatch.ts"

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
  let watcher: StallWatcher | undefined

  const apply = (event: SwimEvent): void => {
    for (const effect of step(state, event, nowMillis(), random)) {
      if (effect._tag === "DrainInbox") drainInbox()
      else parts.perform(effect)
    }
  }
  const queue = makeTurnQueue((event) => attempt(parts, () => apply(event)))

  const turn = (event: SwimEvent): void => {
    if (isStopped) return
    if (queue.isBusy()) return queue.add(event)
    // What comes before the late watch tells of a stall as well as the watch would.
    const millis = watcher?.late(nowMillis()) ?? 0
    if (millis > 0) queue.add({ _tag: "Stalled", millis })
    queue.add(event)
    queue.run()
    attempt(parts, parts.settled)
    setAlarm()
  }

  const drainInbox = (): void => {
    isDraining = true
    alarm.clear()
    const drained = Effect.sync(() => {
      isDraining = false
      turn({ _tag: "Tick" })
    })
    run(Effect.ensuring(parts.drain, drained))
  }

  const setAlarm = (): void => {
    if (!isDraining && !isStopped) alarm.set(nextDeadlineMillis(state))
  }

  const ring = (): void => {
    const startMillis = nowMillis()
    const stalledMillis = watcher?.late(startMillis) ?? 0
    if (stalledMillis === 0 && nextDeadlineMillis(state) > startMillis) return setAlarm()
    turn(stalledMillis > 0 ? { _tag: "Stalled", millis: stalledMillis } : { _tag: "Tick" })
    attempt(parts, () => parts.ticked(nowMillis() - startMillis))
  }
  const alarm = makeAlarm(clock, ring)

  const start = (): void => {
    watcher = watchStalls(clock, (millis) => turn({ _tag: "Stalled", millis }))
    setAlarm()
  }

  const stop = (): void => {
    isStopped = true
    alarm.clear()
    watcher?.leave()
  }
  return { turn, nowMillis, start, stop }
}

/** One turn's defect must not take the next one with it. */
const attempt = ({ died }: Pick<DriverParts, "died">, act: () => void): void => {
  try {
    act()
  } catch (defect) {
    died(defect)
  }
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
