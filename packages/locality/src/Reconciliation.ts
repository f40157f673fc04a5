/** What one node's reconciler works with. */
import type { ConsensusGroups } from "@coterie/election"
import type { Ref } from "effect"

import type { Attempts } from "./core/cooldown.ts"
import type { LocalityOptions } from "./LocalityOptions.ts"
import type { RttProbe } from "./RttProbe.ts"

/** The services, the options and the memory of attempts that every pass shares. */
export interface Reconciliation {
  readonly groups: ConsensusGroups["Service"]
  readonly probe: RttProbe["Service"]
  readonly options: LocalityOptions
  readonly attempts: Ref.Ref<Attempts>
}
