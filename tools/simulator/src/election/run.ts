/** Runs one scenario with one strategy and one seed. */
import type { LeasedQuorumTiming } from "@coterie/election/core/leasedQuorumState"

import { World } from "../World.ts"
import type { Contender } from "./Contender.ts"
import { LeasedContender } from "./leasedContender.ts"
import { type ElectionMeasure, measureElection } from "./measure.ts"
import { QuorumContender } from "./quorumContender.ts"
import type { Scenario } from "./scenarios.ts"

/** The seed system's timing; both strategies use it. */
export const timing: LeasedQuorumTiming = {
  heartbeatMillis: 1000,
  deadAfterMillis: 4000,
  leaseMillis: 4000,
  guardMillis: 200,
  deferMillis: 500,
  cooldownMillis: 120_000,
  reserveMillis: 2000
}

/** The strategies that run in the world. */
export type Strategy = "leased" | "quorum"

const link = { delayMillisMin: 0.5, delayMillisMax: 2.5, loss: 0, duplication: 0 }

const measured = <M, N extends Contender<M>>(world: World<M, N>, scenario: Scenario): ElectionMeasure => {
  const result = measureElection(world, scenario.faultAtMillis)
  scenario.inject(world)
  world.run(scenario.durationMillis)
  return result()
}

/** Runs a scenario and says what it showed. */
export const runElection = (options: {
  readonly strategy: Strategy
  readonly scenario: Scenario
  readonly nodes: number
  readonly seed: number
}): ElectionMeasure => {
  const members = "abcdefghi".slice(0, options.nodes).split("")
  const common = { seed: options.seed, members, link, clockSkew: timing.guardMillis / timing.leaseMillis / 2 }
  return options.strategy === "leased"
    ? measured(
        new World({ ...common, start: (context, now) => new LeasedContender(context, now, timing) }),
        options.scenario
      )
    : measured(
        new World({ ...common, start: (context, now) => new QuorumContender(context, now, timing) }),
        options.scenario
      )
}
