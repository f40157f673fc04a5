/** `coterie events`: what happened at a node. */
import { Console, Duration, Effect, Option, Schema, Stream } from "effect"

import { StreamedEvent } from "../api/AgentApi.ts"
import { ask } from "./askAgent.ts"
import { describeEvent } from "./describeEvent.ts"
import { CliFailure, exitCode } from "./exit.ts"
import { Json } from "./options.ts"

/** Which events to show. */
export interface EventsWanted {
  readonly follow: boolean
  readonly since: Option.Option<Duration.Duration>
}

/** As many as a node keeps. */
const limitSince = 10_000
const limitDefault = 100

/** Prints a line for each event, oldest first; with `follow` it goes on until it is interrupted or the agent stops. */
export const showEvents = Effect.fnUntraced(function* ({ follow, since }: EventsWanted) {
  const json = yield* Json
  const query = Option.match(since, {
    onNone: () => ({ limit: limitDefault }),
    onSome: (age) => ({ limit: limitSince, maxAgeMs: Duration.toMillis(age) })
  })
  const print = (event: StreamedEvent) =>
    Effect.flatMap(json ? Effect.orDie(encode(event)) : Effect.succeed(describeEvent(event)), (line) =>
      Console.log(line)
    )
  if (!follow) {
    const { events } = yield* ask((agent) => agent.events.recentEvents({ query }))
    return yield* Effect.forEach(events, print, { discard: true })
  }
  const events = yield* ask((agent) => agent.events.followEvents({ query }))
  yield* Stream.runForEach(events, print).pipe(
    Effect.mapError(
      () => new CliFailure({ code: exitCode.unreachable, detail: "the agent ended the stream" })
    )
  )
})

const encode = Schema.encodeEffect(Schema.fromJsonString(StreamedEvent))
