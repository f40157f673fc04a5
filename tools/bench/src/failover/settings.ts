/** How a contender process is set up. */
export interface ContenderSettings {
  readonly self: string
  readonly timing: FailoverTiming
  readonly election: ContenderElection
  /** What the leader writes, each with its token; undefined for nothing. */
  readonly resources?: FencedResources | undefined
}

/** The strategy of a contender. */
export type ContenderElection =
  | {
      readonly strategy: "leasedQuorum"
      /** Every node, self included. */
      readonly peers: ReadonlyArray<ContenderPlace>
      readonly promiseFile: string
    }
  | { readonly strategy: "lease"; readonly store: LeaseStorePlace }

/** Where a contender listens. */
export interface ContenderPlace {
  readonly id: string
  readonly host: string
  readonly port: number
}

/** Where the leases are. */
export type LeaseStorePlace =
  | { readonly system: "sqlite"; readonly path: string }
  | { readonly system: "rqlite" | "etcd"; readonly urls: readonly [string, ...ReadonlyArray<string>] }
  | { readonly system: "postgres"; readonly url: string }

/** Two resources that refuse a token older than one they have seen. */
export interface FencedResources {
  /** SQLite file with the fenced row. */
  readonly rowFile: string
  /** Client URL of the etcd with the fenced key. */
  readonly etcdUrl: string
}

/** The timing that all sides of a comparison use. */
export interface FailoverTiming {
  /** Between our heartbeats, and between etcd's; a lease in a store is looked at as often as its default says. */
  readonly heartbeatMillis: number
  /** Our leases, and etcd's election timeout. */
  readonly leaseMillis: number
}

/** The timing of the election benchmarks and trials: etcd's default. */
export const failoverTiming: FailoverTiming = { heartbeatMillis: 100, leaseMillis: 1000 }
