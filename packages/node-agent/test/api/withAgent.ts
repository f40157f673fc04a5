/** An agent with a real listener for tests of the API. */
import { InMemoryGroups } from "@coterie/election"
import { Effect, Layer, References, Schedule } from "effect"

import { Agent } from "../../src/Agent.ts"
import { AgentBlocks } from "../../src/AgentBlocks.ts"
import { ApiServer } from "../../src/api/ApiServer.ts"
import { configFrom } from "../../src/config/loadConfig.ts"
import { temporaryFolder } from "../temporaryFolder.ts"

/** An engine whose local node leads one of two groups. */
const engine = InMemoryGroups.layerNode("r1").pipe(
  Layer.provide(
    InMemoryGroups.layer({
      groups: {
        orders: { leader: "r1", voters: ["r1", "r2", "r3"] },
        users: { leader: "r2", voters: ["r1", "r2", "r3"] }
      },
      rtt: (from, to) => (from === "r1" && to !== "r1" ? "250 millis" : "1 millis")
    })
  )
)

/** What the API answered. */
export interface Answer {
  readonly status: number
  readonly type: string
  readonly headers: Headers
  readonly body: unknown
}

/** Runs the test against a real listener of an agent, started and leading, beside an engine in memory. */
export const withAgent = <A, E>(
  run: (
    send: (path: string, init?: RequestInit) => Effect.Effect<Answer>,
    url: string
  ) => Effect.Effect<A, E, AgentBlocks>,
  overrides: Partial<Parameters<typeof configFrom>[0]> = {},
  withEngine = true
) =>
  Effect.gen(function* () {
    const config = yield* configFrom({
      cluster: "test",
      node: { id: "n1", zone: "eu-1a", tags: { disk: "nvme" }, stateFolder: yield* temporaryFolder },
      api: { ops: "127.0.0.1:0" },
      peer: { listen: "127.0.0.1:0" },
      membership: { interval: "20ms", deadAfter: "1s" },
      locality: { interval: "1h" },
      drain: { readinessDelay: "0ms" },
      ...overrides
    })
    const agent = Agent.layerWith({ config, ...(withEngine ? { consensusGroups: engine } : {}) })
    return yield* Effect.gen(function* () {
      const { url } = yield* ApiServer
      const send = (path: string, init?: RequestInit) => Effect.promise(() => request(`${url}${path}`, init))
      const { election } = yield* AgentBlocks
      for (const path of ["/health/startup", ...(election === undefined ? [] : ["/leader"])])
        yield* send(path).pipe(
          Effect.filterOrFail(({ status }) => status === 200),
          Effect.retry(Schedule.spaced("10 millis"))
        )
      return yield* run(send, url)
    }).pipe(Effect.provide(agent))
  }).pipe(Effect.provideService(References.MinimumLogLevel, "None"))

const request = async (url: string, init?: RequestInit): Promise<Answer> => {
  const response = await fetch(url, init)
  const text = await response.text()
  const type = response.headers.get("content-type") ?? ""
  return {
    status: response.status,
    type,
    headers: response.headers,
    body: text !== "" && type.includes("json") ? JSON.parse(text) : text
  }
}
