import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Logger } from "effect"

import { AgentBlocks } from "../src/AgentBlocks.ts"
import { newSwimKey } from "../src/config/swimKey.ts"
import { eventually, makeSwimFleet } from "./swimFleet.ts"

/** Starts agents that have one key each. */
const makeFleet = Effect.map(makeSwimFleet, (start) => (id: string, key: string) => {
  const membership = { keys: [key], peers: [{ id: "n1" }], interval: "50ms", deadAfter: "1s" }
  return Effect.map(start(id, { membership, election: {} }), Context.get(AgentBlocks))
})

/** The notices of a kind that an agent has kept, once there are some. */
const noticesAt = ({ events }: AgentBlocks["Service"], kind: string) =>
  eventually(
    Effect.map(events.recent({ limit: 100 }), (recent) =>
      recent.flatMap((event) => (event._tag === "notice" && event.notice === kind ? [event] : []))
    ),
    (found) => found.length > 0
  )

describe("a node that is not let in", () => {
  it.live("is told of where it was refused, and tells itself why it cannot join", () =>
    Effect.gen(function* () {
      const start = yield* makeFleet
      const member = yield* start("n1", newSwimKey())
      const stranger = yield* start("n3", newSwimKey())
      const [refused] = yield* noticesAt(member, "PeerRefused")
      assert.deepInclude(refused, { member: "n3", address: "127.0.0.1:3" })
      assert.match(
        refused?.reason ?? "",
        /^n3 at 127\.0\.0\.1:3 is not let in \(unknown_key\): key [0-9a-f]{8} is not in the key ring; both need a key in common/
      )
      const [failed] = yield* noticesAt(stranger, "JoinFailed")
      assert.match(
        failed?.reason ?? "",
        /^this node cannot join: 127\.0\.0\.1:1: the other side refused: unknown_key; both need a key in common/
      )
    }).pipe(Effect.provide(Logger.layer([])))
  )
})
