import { assert, it } from "@effect/vitest"

import { nextPeerRtt, type PeerRtt, readPeerRecords } from "../../src/core/etcdPeerRtt.ts"

const read = (records: ReadonlyArray<readonly [count: number, sumSeconds: number]>) => {
  const values: Array<number | undefined> = []
  let known: PeerRtt | undefined
  for (const [count, sumSeconds] of records) {
    known = nextPeerRtt(known, { count, sumSeconds })
    values.push(known.millis === undefined ? undefined : Math.round(known.millis * 1000) / 1000)
  }
  return values
}

it("the first records, a quarter of the truth, never count", () => {
  // Two connections: 64 ms at 5 s, then 260 ms every 30 s.
  assert.deepStrictEqual(
    read([
      [0, 0],
      [2, 0.128],
      [4, 0.648],
      [4, 0.648],
      [6, 1.168],
      [6, 1.168],
      [10, 2.248]
    ]),
    [undefined, undefined, undefined, undefined, 260, 260, 270]
  )
})

it("a member that restarted begins anew, nonsense is no round trip", () => {
  assert.deepStrictEqual(
    read([
      [100, 2],
      [102, 2.04],
      [2, 0.01],
      [4, 0.05],
      [6, 0.09]
    ]),
    [undefined, 20, undefined, undefined, 20]
  )
  assert.deepStrictEqual(
    read([
      [100, 2],
      [102, 1]
    ]),
    [undefined, undefined]
  )
})

it("metrics are read by peer, ids as the API writes them, whatever else they hold", () => {
  const name = "etcd_network_peer_round_trip_time_seconds"
  const text = [
    `# TYPE ${name} histogram`,
    `${name}_bucket{To="91bc3c398fb3c146",le="0.0001"} 0`,
    `${name}_sum{To="91bc3c398fb3c146"} 0.0219`,
    `${name}_count{To="91bc3c398fb3c146"} 1`,
    `${name}_sum{To="1"} NaN`,
    `${name}_count{To="1"} 1`,
    `${name}_sum{To="no id"} 1`,
    "etcd_server_has_leader 1"
  ].join("\n")
  assert.deepStrictEqual(
    readPeerRecords(text),
    new Map([["10501334649042878790", { sumSeconds: 0.0219, count: 1 }]])
  )
  const flood = Array.from({ length: 3000 }, (_, index) => {
    const id = index.toString(16)
    return `${name}_sum{To="${id}"} 1\n${name}_count{To="${id}"} 1`
  })
  assert.strictEqual(readPeerRecords(flood.join("\n")).size, 1000)
})
