/** Answers that go on until the reader or the agent ends them. */
import { Duration, Effect, Schedule, Stream } from "effect"
import { HttpServerResponse } from "effect/http"

/** Proxies close a connection that is silent for longer. */
const pingInterval = Duration.seconds(15)

/** Server-sent events, each given as its text, with comments in between that keep the connection open. */
export const eventStream = (events: Stream.Stream<string>, stopping: Effect.Effect<void>) => {
  // The first one comes at once: without a byte of the body Node keeps the headers back, and the reader waits.
  const pings = Stream.fromEffectSchedule(Effect.succeed(": ping\n\n"), Schedule.spaced(pingInterval))
  const body = Stream.merge(events, pings).pipe(Stream.interruptWhen(stopping), Stream.encodeText)
  return HttpServerResponse.stream(body, {
    contentType: "text/event-stream",
    headers: { "cache-control": "no-store" }
  })
}
