/** What one look at a group found. */
import type { GroupStatus } from "@coterie/election"

import type { StayReason } from "./Decision.ts"
import type { Wish } from "./handOver.ts"

/** What was read and measured, and what should be done. */
export interface Observation {
  readonly status: GroupStatus
  /** Round trip in ms to each voter that answered. */
  readonly rowMillis: ReadonlyMap<string, number>
  /** Expected ms of an operation under each voter; undefined where the policy does not reckon with it. */
  readonly scores: ReadonlyMap<string, number> | undefined
  readonly verdict: { readonly _tag: "Stay"; readonly reason: StayReason } | Wish
}
