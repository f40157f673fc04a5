/**
 * Round trips between etcd members, from the histogram that each keeps of its probes of every peer.
 *
 * Its first record, 5 s after the start, is a quarter of the truth, and its mean over all time never forgets that. So a value is what came since
 * the last reading, and nothing counts before two connections to the peer had two records each, some 40 s after the start. The values are
 * smoothed, and include what the peer takes to answer: up to 5 ms more than the network. Measured on etcd 3.4.23 and 3.5.16.
 */

/** Sum in s and number of the records of one peer. */
export interface PeerRecords {
  readonly sumSeconds: number
  readonly count: number
}

/** What is known of one peer. */
export interface PeerRtt {
  readonly records: PeerRecords
  /** Undefined until there are two usable readings. */
  readonly millis: number | undefined
}

/** Fewer records may hold the wrong first one of each connection. */
const countMin = 4

/** Takes the next reading of a peer. Fewer records than before mean that the member restarted. */
export const nextPeerRtt = (known: PeerRtt | undefined, records: PeerRecords): PeerRtt => {
  if (known === undefined || records.count < known.records.count) return { records, millis: undefined }
  if (known.records.count < countMin) return { records, millis: undefined }
  const count = records.count - known.records.count
  if (count === 0) return known
  const millis = ((records.sumSeconds - known.records.sumSeconds) / count) * 1000
  return { records, millis: millis >= 0 && millis <= millisMax ? millis : undefined }
}

const millisMax = 600_000

/** Peers that one member may have in its metrics; more are not looked at. */
const peersMax = 1000

const line = /^etcd_network_peer_round_trip_time_seconds_(sum|count)\{To="([\da-f]{1,16})"\} (\S+)$/

/** Reads `GET /metrics`: the records of each peer, by its id as the API writes it. */
export const readPeerRecords = (metrics: string): ReadonlyMap<string, PeerRecords> => {
  const found = new Map<string, { sumSeconds?: number; count?: number }>()
  for (const text of metrics.split("\n")) {
    const [, what, hex = "", value] = line.exec(text) ?? []
    if (what === undefined || (!found.has(hex) && found.size >= peersMax)) continue
    const number = Number(value)
    if (!Number.isFinite(number)) continue
    const peer = found.get(hex) ?? {}
    found.set(hex, what === "sum" ? { ...peer, sumSeconds: number } : { ...peer, count: number })
  }
  return new Map(
    [...found].flatMap(([hex, { count, sumSeconds }]) =>
      count === undefined || sumSeconds === undefined
        ? []
        : [[BigInt(`0x${hex}`).toString(), { count, sumSeconds }] as const]
    )
  )
}
