/** What the election benchmarks compare, and whether the machine has what it takes. */
import { type EngineName, requireEngine } from "@coterie/tools-engines"

import { type BenchmarkStore, benchmarkStores } from "./leaseStores.ts"

/** A side of the comparison. */
export type ElectionSystem =
  | { readonly name: string; readonly kind: "leasedQuorum" }
  | { readonly name: string; readonly kind: "lease"; readonly store: BenchmarkStore }
  | { readonly name: string; readonly kind: "etcd" }

const every: ReadonlyArray<readonly [ElectionSystem, EngineName | undefined]> = [
  [{ name: "LeasedQuorumElection", kind: "leasedQuorum" }, undefined],
  ...benchmarkStores.map(
    (store) => [{ name: `LeaseElection, ${store.name}`, kind: "lease", store }, store.engine] as const
  ),
  [{ name: "etcd's own Raft", kind: "etcd" }, "etcd"]
]

/** The systems that can be measured here; one loud line for each whose engine is missing. */
export const electionSystems = (benchmark: string): ReadonlyArray<ElectionSystem> =>
  every.flatMap(([system, engine]) =>
    engine === undefined || requireEngine(engine, `${benchmark}: ${system.name}`).available ? [system] : []
  )
