/** How a contender process is set up. */
export interface ContenderSettings {
  readonly self: string
  /** Every node, self included. */
  readonly peers: ReadonlyArray<ContenderPlace>
  readonly promiseFile: string
  readonly timing: FailoverTiming
  /** SQLite file with the fenced row that the leader writes; none when undefined. */
  readonly resourceFile?: string | undefined
}

/** Where a contender listens. */
export interface ContenderPlace {
  readonly id: string
  readonly host: string
  readonly port: number
}

/** The timing that both sides of a comparison use. */
export interface FailoverTiming {
  readonly heartbeatMillis: number
  /** Our lease, and etcd's election timeout. */
  readonly leaseMillis: number
}
