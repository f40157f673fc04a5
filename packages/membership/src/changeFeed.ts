/**
 * Fan-out of events to subscribers of any speed: publishing never waits, and a slow subscriber loses its
 * oldest events rather than slowing anybody, which is counted and logged.
 */
import { type Cause, Effect, Metric, Queue, Stream } from "effect"

/** Events kept for a subscriber that does not read: 256. */
export const feedCapacity = 256

/** A fan-out of events. */
export interface ChangeFeed<A> {
  /** Hands the event to every subscriber, in the order of publishing. */
  publishUnsafe(event: A): void
  /** Events from the moment the stream runs. */
  readonly stream: Stream.Stream<A>
}

interface Subscriber<A> {
  readonly queue: Queue.Queue<A, Cause.Done>
  dropped: number
}

const droppedTotal = Metric.counter("membership_events_dropped_total", {
  description: "Events lost by subscribers that read too slowly",
  incremental: true
})

/** A feed whose name labels its counter and logs. */
export const makeChangeFeed = <A>(name: string): Effect.Effect<ChangeFeed<A>> =>
  Effect.map(Effect.context(), (context) => {
    const subscribers = new Set<Subscriber<A>>()
    const dropped = Metric.withAttributes(droppedTotal, { feed: name })
    const unsubscribe = (subscriber: Subscriber<A>) =>
      Effect.suspend(() => {
        subscribers.delete(subscriber)
        return subscriber.dropped === 0
          ? Effect.void
          : Effect.logWarning("a slow subscriber lost events", { feed: name, dropped: subscriber.dropped })
      })
    return {
      publishUnsafe: (event) => {
        for (const subscriber of subscribers) {
          if (Queue.isFullUnsafe(subscriber.queue)) {
            subscriber.dropped++
            dropped.updateUnsafe(1, context)
          }
          Queue.offerUnsafe(subscriber.queue, event)
        }
      },
      stream: Stream.callback<A>(
        (queue) =>
          Effect.acquireRelease(
            Effect.sync(() => {
              const subscriber: Subscriber<A> = { queue, dropped: 0 }
              subscribers.add(subscriber)
              return subscriber
            }),
            unsubscribe
          ),
        { bufferSize: feedCapacity, strategy: "sliding" }
      )
    }
  })
