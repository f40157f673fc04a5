/** What happened at this node. */
import { Effect, Schema, Stream } from "effect"
import { HttpServerRequest } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"

import { AgentBlocks } from "../AgentBlocks.ts"
import { Health } from "../Health.ts"
import { AgentApi, StreamedEvent, TooManyReaders } from "./AgentApi.ts"
import { eventStream } from "./eventStream.ts"
import { jsonAnswer } from "./jsonAnswer.ts"
import type { EventsReport } from "./responses.ts"

const limitDefault = 100

/** Readers that may follow at once. */
const readersMax = 64

/** Answers the group `events` of the API. */
export const eventHandlers = HttpApiBuilder.group(AgentApi, "events", (handlers) =>
  Effect.gen(function* () {
    const { config, events } = yield* AgentBlocks
    const { stopping } = yield* Health
    let readers = 0
    const reading = Effect.acquireRelease(
      Effect.sync(() => (readers += 1)),
      () => Effect.sync(() => (readers -= 1))
    )
    return handlers.handleAll({
      recentEvents: Effect.fnUntraced(function* ({ query: { limit = limitDefault, maxAgeMs } }) {
        const recent = yield* events.recent({ limit, maxAgeMillis: maxAgeMs })
        const report = { schema: "events/v1", node: config.node.id, events: recent } as const
        return jsonAnswer(report satisfies EventsReport)
      }),
      followEvents: Effect.fnUntraced(function* ({ query: { limit = 0, maxAgeMs } }) {
        if (readers >= readersMax)
          return yield* new TooManyReaders({ detail: `${readersMax} readers follow the events already` })
        const after = (yield* lastEventId) ?? (yield* events.cursor({ limit, maxAgeMillis: maxAgeMs }))
        const told = Stream.scoped(Stream.unwrap(Effect.as(reading, events.follow(after))))
        return eventStream(Stream.mapEffect(told, toText), stopping)
      })
    })
  })
)

/** The number of the last event that a reader had before it lost the connection. */
const lastEventId = Effect.map(HttpServerRequest.HttpServerRequest, ({ headers }) => {
  const text = headers["last-event-id"] ?? ""
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined
})

const encode = Schema.encodeEffect(Schema.fromJsonString(StreamedEvent))

const toText = (event: StreamedEvent) =>
  Effect.map(Effect.orDie(encode(event)), (data) => {
    const id = event._tag === "gap" ? event.next - 1 : event.id
    return `id: ${id}\nevent: ${event._tag}\ndata: ${data}\n\n`
  })
