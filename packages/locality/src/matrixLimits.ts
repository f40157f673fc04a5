/** The options as the cores read them: numbers, in ms. */
import type { EngineAbilities } from "@coterie/election"
import { Duration } from "effect"

import type { Freshness } from "./core/latencyMatrix.ts"
import type { MatrixPolicyLimits } from "./core/matrixPolicy.ts"
import type { LocalityOptions } from "./LocalityOptions.ts"

/** The limits of a policy over a matrix. */
export const matrixLimits = (options: LocalityOptions): MatrixPolicyLimits => ({
  persistenceRounds: options.persistenceRounds,
  persistenceMillis: Duration.toMillis(options.persistence),
  settleMillis: Duration.toMillis(options.settle),
  cooldownMillis: Duration.toMillis(options.cooldown),
  attemptsPerDay: options.attemptsPerDay,
  evacuationMillis: Duration.toMillis(options.evacuationInterval),
  gainMillis: Duration.toMillis(options.minGain),
  gainRatio: options.minGainRatio,
  rho: options.quorumShare,
  allowEstimated: options.allowEstimated,
  allowUntargeted: options.allowUntargeted,
  strictAllReachable: options.strictAllReachable,
  preference: options.preference
})

/** The limits of a policy over a matrix, for an engine that may be unable to step down. */
export const limitsFor = (
  options: LocalityOptions,
  { stepDown }: Pick<EngineAbilities, "stepDown">
): MatrixPolicyLimits => ({
  ...matrixLimits(options),
  allowUntargeted: options.allowUntargeted && stepDown !== undefined
})

/** When a measurement counts: for 5 minutes, or three passes when those take longer. */
export const freshnessAt = ({ interval, minRounds }: LocalityOptions, nowMillis: number): Freshness => ({
  nowMillis,
  minRounds,
  maxAgeMillis: Math.max(300_000, 3 * Duration.toMillis(interval))
})
