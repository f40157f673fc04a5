/**
 * Real processes elect a leader that keeps writing two fenced resources, a SQLite row and a key of etcd, while it is stopped, killed, cut off
 * from its peers, or restarted. What comes of it is read from what the resources themselves recorded.
 */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"

import { startEtcdCluster } from "@coterie/tools-engines"
import { startWan } from "@coterie/tools-wan"
import { Effect } from "effect"

import { startContenders } from "./contenderCluster.ts"
import { FencedKey } from "./fencedKey.ts"
import { type Attempt, FencedRow, fencingViolations } from "./fencedRow.ts"
import { failoverTiming } from "./settings.ts"

/** How long a trial is, and where it says how far it has come. */
export interface ElectionTrialOptions {
  readonly rounds: number
  /** How long a leader is stopped. */
  readonly stopSeconds: number
  readonly say: (line: string) => void
}

/** What one resource recorded. */
export interface ResourceReport {
  readonly resource: string
  readonly writes: number
  /** Of these: attempts of leaders that another had replaced. */
  readonly refused: number
  /** Tokens that wrote. */
  readonly leaderships: number
  readonly violations: ReadonlyArray<string>
}

/** What a trial showed. */
export interface ElectionTrialReport {
  readonly rounds: Readonly<Record<Fault, number>>
  readonly seconds: number
  readonly resources: ReadonlyArray<ResourceReport>
}

const faults = ["stop", "kill", "partition", "restart of each"] as const
type Fault = (typeof faults)[number]

const port = 7481
/** Where the etcd is: no partition reaches it, so a leader that is cut off from its peers can still write. */
const resourcePlace = 3

const report = (resource: string, attempts: ReadonlyArray<Attempt>): ResourceReport => ({
  resource,
  writes: attempts.length,
  refused: attempts.filter(({ accepted }) => !accepted).length,
  leaderships: new Set(attempts.map(({ token }) => token)).size,
  violations: fencingViolations(attempts)
})

/** The resources: a row in a folder of its own, and a key of an etcd with one member in its place of the WAN. */
const startResources = Effect.fnUntraced(function* (place: {
  readonly address: string
  readonly underlayAddress: string
  readonly namespace: string
}) {
  const folder = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "coterie-trial-"))),
    (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
  )
  const { address: host, namespace, underlayAddress: controlHost } = place
  const { nodes } = yield* startEtcdCluster({ placements: [{ host, controlHost, namespace }] })
  const key = new FencedKey(nodes[0]?.url ?? "")
  yield* Effect.promise(() => key.create())
  const settings = { rowFile: join(folder, "resource.sqlite"), etcdUrl: nodes[0]?.clientUrl ?? "" }
  const row = yield* Effect.acquireRelease(
    Effect.sync(() => new FencedRow(settings.rowFile)),
    (open) => Effect.sync(() => open.close())
  )
  const reports = Effect.promise(async () => [
    report("SQLite row", row.attempts()),
    report("etcd key", await key.attempts())
  ])
  return { settings, reports }
})

/** Three contenders 2 ms apart, the resources, and the faults that a round can have. */
const startTrial = Effect.fnUntraced(function* (stopSeconds: number) {
  const wan = yield* startWan({ nodes: resourcePlace + 1, rttMillis: 2 })
  const places = wan.nodes.slice(0, resourcePlace)
  const ids = places.map((_, index) => `n${index + 1}`)
  const resources = yield* startResources(wan.node(resourcePlace))
  const cluster = yield* startContenders({
    timing: failoverTiming,
    resources: resources.settings,
    places: places.map(({ address }, index) => ({ id: ids[index] ?? "", host: address, port })),
    prefix: places.map(({ execPrefix }) => execPrefix)
  })

  const cutOff = (leader: number, partitioned: boolean) =>
    Effect.forEach(places, ({ index }) =>
      index === leader ? Effect.void : wan.setPair(leader, index, { partitioned })
    )
  const inject: Readonly<Record<Fault, (leader: string) => Effect.Effect<unknown, unknown>>> = {
    stop: (leader) =>
      Effect.promise(async () => {
        cluster.hurt(leader, "stop")
        await Promise.all([cluster.otherLeads(leader), delay(stopSeconds * 1000)])
        cluster.mend(leader, "stop")
      }),
    kill: () => Effect.promise(() => cluster.failover("kill")),
    partition: (leader) =>
      cutOff(ids.indexOf(leader), true).pipe(
        Effect.andThen(Effect.promise(() => cluster.otherLeads(leader))),
        Effect.andThen(Effect.sleep("1 second")),
        Effect.andThen(cutOff(ids.indexOf(leader), false))
      ),
    "restart of each": () =>
      Effect.promise(async () => {
        for (const id of ids) {
          cluster.hurt(id, "kill")
          await delay(200)
          cluster.mend(id, "kill")
          await cluster.agreed()
        }
      })
  }
  return { agreed: Effect.promise(() => cluster.agreed()), inject, reports: resources.reports }
})

/** Runs the trial. Fails when the WAN or etcd cannot be started; a cluster that agrees on no leader for half a minute is a defect. */
export const electionTrial = ({ rounds, say, stopSeconds }: ElectionTrialOptions) =>
  Effect.gen(function* () {
    const { agreed, inject, reports } = yield* startTrial(stopSeconds)
    const start = performance.now()
    const seconds = (): number => (performance.now() - start) / 1000
    const counts = { stop: 0, kill: 0, partition: 0, "restart of each": 0 }
    for (let round = 1; round <= rounds; round++) {
      const leader = yield* agreed
      const fault = faults[(round - 1) % faults.length] ?? "stop"
      say(`${seconds().toFixed(0).padStart(5)} s  round ${round} of ${rounds}: ${leader} leads; ${fault}`)
      yield* inject[fault](leader)
      counts[fault] += 1
    }
    yield* agreed
    return {
      rounds: counts,
      seconds: seconds(),
      resources: yield* reports
    } satisfies ElectionTrialReport
  }).pipe(Effect.scoped)
