import { assert, describe, it } from "@effect/vitest"

import type { GroupView } from "../../src/core/LeaderPolicy.ts"
import { nearestPeer } from "../../src/core/nearestPeer.ts"

/** What rqlite 8.43.4 says of itself in `/status`, cut to what matters; it has never had a `raft.leader_id`. */
const status: { store: { leader: { node_id: string }; raft: { state: string; leader_id?: string } } } = {
  store: { leader: { node_id: "n5" }, raft: { state: "Leader" } }
}

/** Round trips in ms from the far leader n5, its own Raft port included, as measured over a 256 ms WAN. */
const dialled: ReadonlyArray<readonly [string, number]> = [
  ["n1", 256.4],
  ["n2", 256.5],
  ["n3", 256.4],
  ["n4", 256.8],
  ["n5", 1.76]
]

/** The view that an agent has which takes this id for its own. */
const viewOf = (self: string): GroupView => ({
  self,
  leader: status.store.raft.state === "Leader" ? self : undefined,
  rowMillis: new Map(dialled.filter(([id]) => id !== self)),
  unreachable: [],
  cooldownRemainingMillis: 0,
  rttThresholdMillis: 100
})

describe("seed-as-shipped: the rule was right and never fired", () => {
  it("read its own id from a field that rqlite does not send, measured itself, and stayed for ever", () => {
    const verdict = nearestPeer(viewOf(status.store.raft.leader_id ?? ""))
    assert.deepStrictEqual(verdict, {
      _tag: "Stay",
      reason: { _tag: "withinThreshold", nearest: "n5", nearestMillis: 1.76, thresholdMillis: 100 }
    })
  })
  it("with its own id from the right field it hands over", () => {
    const verdict = nearestPeer(viewOf(status.store.leader.node_id))
    assert.deepStrictEqual(verdict, { _tag: "Transfer", target: "n1", gainMillis: 256.4 })
  })
})
