/** What one node's reconciler works with. */
import type { ConsensusGroups } from "@coterie/election"
import type { Ref } from "effect"

import type { Attempts } from "./core/cooldown.ts"
import type { LatencyMatrix } from "./core/latencyMatrix.ts"
import type { QuorumView } from "./core/QuorumView.ts"
import type { GuardState } from "./core/transferGuards.ts"
import type { WantedLink } from "./core/wantedLinks.ts"
import type { LocalityOptions } from "./LocalityOptions.ts"
import type { LocalityStance } from "./LocalityStance.ts"
import type { MeasuredRound } from "./measureRow.ts"
import type { GroupAttempt, RowExchange } from "./RowExchange.ts"
import type { ProbeTarget, RttProbe } from "./RttProbe.ts"
import type { SharedWork } from "./shareWork.ts"

/** The services, the options and the memory that every pass shares. */
export interface Reconciliation {
  readonly groups: ConsensusGroups["Service"]
  readonly probe: RttProbe["Service"]
  readonly exchange: RowExchange
  readonly options: LocalityOptions
  /** Cooldowns of `nearestPeer`. */
  readonly attempts: Ref.Ref<Attempts>
  /** What operators and the node's own life ask for. */
  readonly stance: Ref.Ref<LocalityStance>
  readonly matrix: Ref.Ref<LatencyMatrix>
  /** What is remembered about each group for the policies over the matrix. */
  readonly guards: Ref.Ref<ReadonlyMap<string, GuardState>>
  /** What the last look at each group that is led here saw. */
  readonly views: Ref.Ref<ReadonlyMap<string, QuorumView>>
  /** When the newest decision about each group was made, and the voters that it saw, or the one before it did. */
  readonly decided: Map<string, { readonly atMillis: number; readonly voters: ReadonlyArray<string> }>
  /** Attempts of this agent, oldest first, of the last 24 h. */
  readonly ownAttempts: Ref.Ref<ReadonlyArray<GroupAttempt>>
  /** Places whose agents say that they go away. */
  readonly drainingPlaces: Ref.Ref<ReadonlySet<string>>
  /** Whom to probe on the links that the last pass met, by place and place. */
  readonly targets: Map<string, Map<string, ProbeTarget>>
  /** The links by place that the last look at each group led here lacked. */
  readonly wanted: Map<string, ReadonlyArray<WantedLink>>
}

/** One pass: what its looks share, as groups on the same nodes have the same links. */
export interface Pass extends Reconciliation {
  readonly shareRound: SharedWork<MeasuredRound>
  readonly shareEngineRows: SharedWork<void>
}
