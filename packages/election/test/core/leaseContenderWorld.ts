/**
 * Contenders for one lease in a world of seeded faults: clocks of different rates, calls that are slow, lost, or done long after they were
 * given up, pauses, crashes and restarts.
 */
import { startContender, stepContender } from "../../src/core/leaseContender.ts"
import {
  type ContenderEffect,
  type ContenderEvent,
  type ContenderState,
  type ContenderTiming,
  dueAtMillis,
  holderName,
  isLeader,
  type Lease,
  type LeaseAnswer,
  type LeaseCall
} from "../../src/core/leaseContenderState.ts"

/** How the network treats a request or an answer. */
export interface Weather {
  readonly lossShare: number
  readonly delayMillisMax: number
}

interface Seat {
  readonly node: string
  readonly rate: number
  readonly offsetMillis: number
  run: number
  state: ContenderState | undefined
  pausedUntil: number
  /** Only the newest alarm rings. */
  alarm: number
}

export type Undated = ContenderEvent extends infer Event
  ? Event extends unknown
    ? Omit<Event, "nowMillis" | "random">
    : never
  : never

/** A fresh world with nobody running. */
export const makeContenderWorld = (options: {
  readonly nodes: ReadonlyArray<string>
  readonly timing: ContenderTiming
  readonly callTimeoutMillis: number
  /** Clocks run at a rate in [1 - skew, 1 + skew]. */
  readonly clockSkew: number
  /** Uniform in [0, 1). */
  readonly random: () => number
}) => {
  const { random, timing } = options
  let now = 0
  let order = 0
  let weather: Weather = { lossShare: 0, delayMillisMax: 5 }
  const queue: Array<{ readonly at: number; readonly order: number; readonly run: () => void }> = []
  const violations: Array<string> = []
  const led: Array<{ readonly holder: string; readonly epoch: number }> = []
  const store = makeLeaseTable()
  const seats = new Map<string, Seat>(
    options.nodes.map((node) => [
      node,
      {
        node,
        rate: 1 + (2 * random() - 1) * options.clockSkew,
        offsetMillis: random() * 1e6,
        run: 0,
        state: undefined,
        pausedUntil: 0,
        alarm: 0
      }
    ])
  )

  const at = (moment: number, run: () => void): void => {
    queue.push({ at: Math.max(now, moment), order: order++, run })
  }
  const local = (seat: Seat): number => now * seat.rate + seat.offsetMillis
  const leaders = (): ReadonlyArray<ContenderState> =>
    [...seats.values()].flatMap((seat) =>
      seat.state !== undefined && isLeader(seat.state, local(seat)) ? [seat.state] : []
    )

  const check = (): void => {
    const all = leaders()
    if (all.length > 1) violations.push(`${all.map(({ holder }) => holder).join(" and ")} lead at ${now}`)
  }

  const deliver = (seat: Seat, run: number, event: Undated): void => {
    if (seat.state === undefined || seat.run !== run) return
    if (now < seat.pausedUntil) return at(seat.pausedUntil, () => deliver(seat, run, event))
    const moment = { nowMillis: local(seat), random: random() }
    const [state, effects] = stepContender(seat.state, { ...event, ...moment })
    seat.state = state
    for (const effect of effects) perform(seat, effect)
    ring(seat)
    check()
  }

  const ring = (seat: Seat): void => {
    const alarm = ++seat.alarm
    const due = seat.state === undefined ? undefined : dueAtMillis(seat.state, local(seat))
    if (due === undefined) return
    const { run } = seat
    at((due - seat.offsetMillis) / seat.rate + 0.001, () => {
      if (seat.alarm === alarm) deliver(seat, run, { _tag: "Tick" })
    })
  }

  const perform = (seat: Seat, effect: ContenderEffect): void => {
    const { run } = seat
    switch (effect._tag) {
      case "Ask":
        return ask(seat, effect.id, effect.call)
      case "Lead": {
        const before = led.at(-1)
        const holder = seat.state?.holder ?? ""
        if (before !== undefined && effect.epoch <= before.epoch)
          violations.push(`${holder} leads with ${effect.epoch} after ${before.holder} with ${before.epoch}`)
        led.push({ holder, epoch: effect.epoch })
        return
      }
      case "StopLeading":
        return at(now + random() * timing.ttlMillis, () =>
          deliver(seat, run, { _tag: "WorkStopped", epoch: effect.epoch })
        )
      case "Lost":
    }
  }

  /** A request may be lost, or arrive long after it was given up; so may its answer. */
  const ask = (seat: Seat, id: number, call: LeaseCall): void => {
    const { run } = seat
    const holder = seat.state?.holder ?? ""
    const travel = (arrive: () => void): void => {
      if (random() >= weather.lossShare) at(now + random() * weather.delayMillisMax, arrive)
    }
    travel(() => {
      const answer = store(call, holder, timing.ttlMillis)
      travel(() => deliver(seat, run, { _tag: "Answered", id, answer }))
    })
    at(now + options.callTimeoutMillis / seat.rate, () =>
      deliver(seat, run, { _tag: "Answered", id, answer: { _tag: "Unknown" } })
    )
  }

  const seatOf = (node: string): Seat => {
    const seat = seats.get(node)
    if (seat === undefined) throw new Error(`no node ${node}`)
    return seat
  }

  return {
    violations,
    led,
    leaders,
    setWeather: (next: Weather) => void (weather = next),
    start: (node: string): void => {
      const seat = seatOf(node)
      if (seat.state !== undefined) return
      seat.run++
      seat.pausedUntil = 0
      const holder = holderName(node, String(seat.run))
      seat.state = startContender({ node, holder, timing, nowMillis: local(seat) })
      deliver(seat, seat.run, { _tag: "Tick" })
    },
    crash: (node: string): void => void (seatOf(node).state = undefined),
    pause: (node: string, millis: number): void => void (seatOf(node).pausedUntil = now + millis),
    tell: (node: string, event: Undated): void => deliver(seatOf(node), seatOf(node).run, event),
    /** Lets real time pass. */
    advance: (millis: number): void => {
      const end = now + millis
      for (;;) {
        const next = queue.reduce<(typeof queue)[number] | undefined>(
          (first, item) =>
            first === undefined || item.at < first.at || (item.at === first.at && item.order < first.order)
              ? item
              : first,
          undefined
        )
        if (next === undefined || next.at > end) break
        queue.splice(queue.indexOf(next), 1)
        now = next.at
        next.run()
      }
      now = end
      check()
    }
  }
}

/** A store of one lease that does each call at once and whole. */
export const makeLeaseTable = () => {
  let lease: Lease | undefined
  const change = (holder: string, epoch: number, next: Partial<Lease>): LeaseAnswer => {
    if (lease?.holder !== holder || lease.epoch !== epoch) return { _tag: "Refused" }
    lease = { ...lease, seq: lease.seq + 1, ...next }
    return { _tag: "Done" }
  }
  return (call: LeaseCall, holder: string, ttlMillis: number): LeaseAnswer => {
    switch (call._tag) {
      case "Read":
        return { _tag: "Found", lease }
      case "TakeOver":
        if (!isSameLease(lease, call.from)) return { _tag: "Refused" }
        lease = { holder, epoch: call.epochMin, seq: 1, ttlMillis }
        return { _tag: "Taken", epoch: lease.epoch }
      case "Renew":
        return change(holder, call.epoch, {})
      case "Release":
        return change(holder, call.epoch, { holder: undefined })
    }
  }
}

const isSameLease = (one: Lease | undefined, other: Lease | undefined): boolean =>
  one?.epoch === other?.epoch && one?.seq === other?.seq
