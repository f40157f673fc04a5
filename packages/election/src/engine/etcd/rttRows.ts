/** Round trips between members, from the metrics of each one that answers at its client URL; without a token, as etcd asks for none there. */
import { Duration, Effect, Result } from "effect"

import { type RttRows, Unavailable } from "../../ConsensusGroups.ts"
import { nextPeerRtt, type PeerRtt, readPeerRecords } from "../../core/etcdPeerRtt.ts"
import type { EngineHttp } from "../EngineHttp.ts"
import type { Reason } from "../handOver.ts"
import { type Cluster, type Driver, find, originOf, readCluster } from "./driver.ts"

/** Members asked at a time. */
const concurrency = 16

type Row = ReadonlyMap<string, PeerRtt>

/** Makes the reader. It remembers the last reading of each member: the first one of all has no round trips yet. */
export const makeRttRows = (
  driver: Driver,
  http: EngineHttp
): ((group: string) => Effect.Effect<RttRows, Reason>) => {
  const groups = new Map<string, ReadonlyMap<string, Row>>()

  const readRow = Effect.fnUntraced(function* (cluster: Cluster, origin: string, known: Row | undefined) {
    const { body, status } = yield* http.ask(
      { origin, tls: cluster.tls },
      { method: "GET", path: "/metrics", headers: {}, timeout: cluster.options.statusTimeout }
    )
    if (status !== 200) return yield* new Unavailable({ detail: `${origin}/metrics answered ${status}` })
    return new Map(
      [...readPeerRecords(body)].map(([id, records]) => [id, nextPeerRtt(known?.get(id), records)])
    )
  })

  return Effect.fnUntraced(function* (group: string) {
    const cluster = yield* find(driver.clusters, group)
    const reading = yield* readCluster(cluster)
    const before = groups.get(group)
    const rows = yield* Effect.forEach(
      reading.members.keys(),
      (id) =>
        originOf(cluster, reading, id).pipe(
          Effect.flatMap((origin) => readRow(cluster, origin, before?.get(id))),
          Effect.result,
          Effect.map((row) => [id, row] as const)
        ),
      { concurrency }
    )
    // A member that said nothing keeps nothing: its next reading begins anew.
    const known = new Map(
      rows.flatMap(([id, row]) => (Result.isSuccess(row) ? [[id, row.success] as const] : []))
    )
    const failure = rows.map(([, row]) => row).find(Result.isFailure)
    if (known.size === 0 && failure !== undefined) return yield* failure.failure
    groups.set(group, known)
    return new Map([...known].map(([id, row]) => [id, measured(row)]))
  })
}

const measured = (row: Row): ReadonlyMap<string, Duration.Duration> =>
  new Map(
    [...row].flatMap(([id, { millis }]) =>
      millis === undefined ? [] : [[id, Duration.millis(millis)] as const]
    )
  )
