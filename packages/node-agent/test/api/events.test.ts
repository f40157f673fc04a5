import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { FetchHttpClient, HttpClient, HttpClientRequest } from "effect/http"
import { HttpApiClient } from "effect/http-api"

import { AgentBlocks } from "../../src/AgentBlocks.ts"
import { AgentApi } from "../../src/api/AgentApi.ts"
import { withAgent } from "./withAgent.ts"

const leaderIs = (leader: string) =>
  Effect.flatMap(AgentBlocks, ({ events }) => events.record({ _tag: "leader", leader, term: 1 }))

/** The text of a stream of events up to the one that names this leader. */
const readUntil = async (
  url: string,
  leader: string,
  headers: Record<string, string> = {}
): Promise<string> => {
  const response = await fetch(url, { headers })
  assert.strictEqual(response.headers.get("content-type"), "text/event-stream")
  let text = ""
  for await (const chunk of (response.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream())) {
    text += chunk
    if (text.includes(`"leader":"${leader}"`) && text.endsWith("\n\n")) break
  }
  return text.replaceAll(": ping\n\n", "")
}

const openReader = (url: string) => {
  const controller = new AbortController()
  return fetch(url, { signal: controller.signal }).then(({ body, status }) => ({
    status,
    body,
    close: () => controller.abort()
  }))
}

const withEvents = <A, E>(run: Parameters<typeof withAgent<A, E>>[0]) => withAgent(run, {}, false)

describe("the stream of events", () => {
  it.live("names each event, and goes on after the one that a reader had last", () =>
    withEvents((_, url) =>
      Effect.gen(function* () {
        yield* leaderIs("x")
        const text = yield* Effect.promise(() => readUntil(`${url}/v1/events?limit=1`, "x"))
        const [, id = ""] = /^id: (\d+)\nevent: leader\ndata: \{.*"leader":"x".*\}\n\n$/.exec(text) ?? []
        yield* leaderIs("y")
        yield* leaderIs("z")
        const rest = yield* Effect.promise(() => readUntil(`${url}/v1/events`, "z", { "last-event-id": id }))
        assert.deepStrictEqual(
          [...rest.matchAll(/^id: (\d+)$/gm)].map(([, next]) => Number(next) - Number(id)),
          [1, 2]
        )
      })
    )
  )

  it.live("tells of a gap after an event of another run", () =>
    withEvents((_, url) =>
      Effect.gen(function* () {
        yield* leaderIs("x")
        const text = yield* Effect.promise(() => readUntil(`${url}/v1/events`, "x", { "last-event-id": "5" }))
        assert.match(text, /^id: \d+\nevent: gap\ndata: \{"_tag":"gap","after":5,"next":\d+\}\n\n/)
      })
    )
  )

  it.live("is read by the client of this package, and listed without following", () =>
    withEvents((send, url) =>
      Effect.gen(function* () {
        const agent = yield* HttpApiClient.make(AgentApi, {
          transformClient: HttpClient.mapRequest(HttpClientRequest.prependUrl(url))
        })
        yield* leaderIs("x")
        const events = yield* agent.events.followEvents({ query: { limit: 1 } })
        const seen = yield* events.pipe(
          Stream.tap((event) =>
            event._tag === "leader" && event.leader === "x" ? leaderIs("y") : Effect.void
          ),
          Stream.take(2),
          Stream.runCollect
        )
        assert.deepStrictEqual(
          seen.map((event) => (event._tag === "leader" ? event.leader : event._tag)),
          ["x", "y"]
        )
        const { body } = yield* send("/v1/events/recent?limit=2")
        assert.deepStrictEqual(body, { schema: "events/v1", node: "n1", events: seen })
      }).pipe(Effect.provide(FetchHttpClient.layer))
    )
  )

  it.live("has room for 64 readers, and again when one has gone", () =>
    withEvents((_, url) =>
      Effect.gen(function* () {
        const address = `${url}/v1/events`
        const opened = yield* Effect.promise(() =>
          Promise.all(Array.from({ length: 64 }, () => openReader(address)))
        )
        assert.isTrue(opened.every(({ status }) => status === 200))
        yield* Effect.promise(() => openReader(address)).pipe(
          Effect.repeat({ until: ({ status }) => status === 503 })
        )
        opened[0]?.close()
        yield* Effect.promise(() => openReader(address)).pipe(
          Effect.repeat({ until: ({ status }) => status === 200 })
        )
        for (const { close } of opened) close()
      })
    )
  )
})
