import type { PlanPolicy } from "./core/groupPlan.ts"
/** The policies over the matrix by name. */
import type { MatrixPolicyLimits } from "./core/matrixPolicy.ts"
import { quorumLatency, weighLatency } from "./core/quorumLatency.ts"
import { staticPreference, weighPreference } from "./core/staticPreference.ts"
import type { PolicyName } from "./LocalityOptions.ts"

/** The named policy with its limits; undefined for the one that needs no matrix. */
export const matrixPolicyOf = (name: PolicyName, limits: MatrixPolicyLimits): PlanPolicy | undefined => {
  switch (name) {
    case "nearestPeer":
      return undefined
    case "quorumLatency":
      return { decide: quorumLatency, weigh: weighLatency, limits }
    case "staticPreference":
      return { decide: staticPreference, weigh: weighPreference, limits }
  }
}
