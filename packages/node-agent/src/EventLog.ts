/**
 * The newest events of this node. Readers hold a number, not a queue: one that is slow finds a gap, and costs no memory.
 */
import { Clock, DateTime, Deferred, Effect, Metric, Option, Stream } from "effect"

import type { AgentEvent, EventGap, Happening } from "./AgentEvent.ts"
import { append, eventsAfter, makeEventRing, oldestId } from "./core/eventRing.ts"

/** Which of the events that are kept. */
export interface EventSelection {
  /** At most so many, the newest. */
  readonly limit: number
  /** None that is older. */
  readonly maxAgeMillis?: number | undefined
}

/** The events of a node. */
export interface EventLog {
  /** Gives the event its number and time, and tells those who follow. */
  readonly record: (happening: Happening) => Effect.Effect<void>
  /** Events that happened, oldest first. */
  readonly recent: (selection: EventSelection) => Effect.Effect<ReadonlyArray<AgentEvent>>
  /** The number after which a stream brings these events and all later ones. */
  readonly cursor: (selection: EventSelection) => Effect.Effect<number>
  /** Every event after that number, without end, and a gap where some are lost. */
  readonly follow: (afterId: number) => Stream.Stream<AgentEvent | EventGap>
}

/** Events that are kept. */
const capacity = 10_000
/** Events that a reader is given at once. */
const batchMax = 256

const gaps = Metric.counter("event_gaps_total", {
  description: "Times that a reader of events missed some, which were not kept any more",
  incremental: true
})

/** A log without events; the first number is the wall time in ms, so that numbers rise over restarts. */
export const makeEventLog = Effect.gen(function* () {
  const ring = makeEventRing<AgentEvent>(yield* Clock.currentTimeMillis, capacity)
  let news = Deferred.makeUnsafe<void>()

  const record = Effect.fnUntraced(function* (happening: Happening) {
    append(ring, { ...happening, id: ring.nextId, at: DateTime.formatIso(yield* DateTime.now) })
    const told = news
    news = Deferred.makeUnsafe()
    yield* Deferred.succeed(told, undefined)
  })

  const recent = ({ limit, maxAgeMillis = Infinity }: EventSelection) =>
    Effect.map(Clock.currentTimeMillis, (nowMillis) =>
      eventsAfter(ring, Math.max(oldestId(ring), ring.nextId - limit) - 1, limit).events.filter(
        ({ at }) => nowMillis - DateTime.toEpochMillis(DateTime.makeUnsafe(at)) <= maxAgeMillis
      )
    )

  const next = Effect.fnUntraced(function* (afterId: number) {
    if (afterId === ring.nextId - 1) yield* Deferred.await(news)
    const { events, lastId, missed } = eventsAfter(ring, afterId, batchMax)
    if (missed) yield* Metric.update(gaps, 1)
    const gap = { _tag: "gap", after: afterId, next: oldestId(ring) } as const
    return [missed ? [gap, ...events] : events, Option.some(lastId)] as const
  })

  return {
    record,
    recent,
    cursor: (selection) => Effect.map(recent(selection), ([first]) => (first?.id ?? ring.nextId) - 1),
    follow: (afterId) => Stream.paginate<number, AgentEvent | EventGap>(afterId, next)
  } satisfies EventLog
})
