/** The stores that `LeaseElection` is measured over, each started for one measurement. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

import {
  type EngineName,
  type EngineNode,
  type EngineStartError,
  startEtcdCluster,
  startPostgres,
  startRqliteCluster
} from "@coterie/tools-engines"
import { Duration, Effect, type Scope } from "effect"

import type { FailoverTiming, LeaseStorePlace } from "./settings.ts"

/** A running store. */
export interface RunningStore {
  readonly place: LeaseStorePlace
  /** Its server processes; none for a file. */
  readonly nodes: ReadonlyArray<EngineNode>
}

/** A store by the name that tables give it. */
export interface BenchmarkStore {
  readonly name: string
  /** The engine that must be installed; undefined for none. */
  readonly engine: EngineName | undefined
  start(timing: FailoverTiming): Effect.Effect<RunningStore, EngineStartError, Scope.Scope>
}

const urlsOf = (nodes: ReadonlyArray<EngineNode>) =>
  nodes.map(({ url }) => url) as [string, ...ReadonlyArray<string>]

/** All stores: a file, clusters of three on loopback with the timing of the comparison, and one PostgreSQL server. */
export const benchmarkStores: ReadonlyArray<BenchmarkStore> = [
  {
    name: "SQLite file",
    engine: undefined,
    start: () =>
      Effect.acquireRelease(
        Effect.sync(() => mkdtempSync(join(tmpdir(), "coterie-lease-"))),
        (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
      ).pipe(
        Effect.map((folder) => ({
          place: { system: "sqlite", path: join(folder, "lease.sqlite") },
          nodes: []
        }))
      )
  },
  {
    name: "rqlite",
    engine: "rqlite",
    start: ({ leaseMillis }) =>
      startRqliteCluster({
        raftTimeout: Duration.millis(leaseMillis),
        raftElectionTimeout: Duration.millis(leaseMillis)
      }).pipe(Effect.map(({ nodes }) => ({ place: { system: "rqlite", urls: urlsOf(nodes) }, nodes })))
  },
  {
    name: "etcd",
    engine: "etcd",
    start: ({ heartbeatMillis, leaseMillis }) =>
      startEtcdCluster({
        heartbeatInterval: Duration.millis(heartbeatMillis),
        electionTimeout: Duration.millis(leaseMillis)
      }).pipe(Effect.map(({ nodes }) => ({ place: { system: "etcd", urls: urlsOf(nodes) }, nodes })))
  },
  {
    name: "PostgreSQL",
    engine: "postgres",
    start: () =>
      Effect.map(startPostgres(), ({ node, url }) => ({ place: { system: "postgres", url }, nodes: [node] }))
  }
]
