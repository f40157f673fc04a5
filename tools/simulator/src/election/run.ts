/** Runs one scenario with one strategy and one seed. */
import type { LeasedQuorumTiming } from "@coterie/election/core/leasedQuorumState"

import { World } from "../World.ts"
import type { Contender } from "./Contender.ts"
import { LeasedContender } from "./leasedContender.ts"
import { type ElectionMeasure, measureElection } from "./measure.ts"
import { QuorumContender } from "./quorumContender.ts"
import type { Scenario } from "./scenarios.ts"

/** The seed system's timing; both strategies use it. */
const timing: LeasedQuorumTiming = {
  heartbeatMillis: 1000,
  deadAfterMillis: 4000,
  leaseMillis: 4000,
  guardMillis: 200,
  deferMillis: 500,
  cooldownMillis: 120_000,
  reserveMillis: 2000,
  drainMillis: 10_000
}

/** The strategies that run in the world. */
export const strategies = ["quorum", "leased"] as const

/** A strategy that runs in the world. */
export type Strategy = (typeof strategies)[number]

/** One run. */
export interface ElectionRun {
  readonly strategy: Strategy
  readonly scenario: Scenario
  readonly nodes: number
  readonly seed: number
  /** Changes to the timing, to see what a broken rule does. The clocks' rates stay within what the default guard covers. */
  readonly timing?: Partial<LeasedQuorumTiming>
}

/** Most nodes of a run: one letter each. */
export const nodesMax = 26

const link = { delayMillisMin: 0.5, delayMillisMax: 2.5, loss: 0, duplication: 0 }

/** Runs a scenario and says what it showed. */
export const runElection = ({
  nodes,
  scenario,
  seed,
  strategy,
  ...changed
}: ElectionRun): ElectionMeasure => {
  const common = {
    seed,
    members: "abcdefghijklmnopqrstuvwxyz".slice(0, nodes).split(""),
    link,
    clockSkew: timing.guardMillis / timing.leaseMillis / 2
  }
  const used = { ...timing, ...changed.timing }
  const leased = { timing: used, stopMillisMax: scenario.stopMillisMax }
  return strategy === "leased"
    ? measured(
        new World({ ...common, start: (context, now) => new LeasedContender(context, now, leased) }),
        scenario
      )
    : measured(
        new World({ ...common, start: (context, now) => new QuorumContender(context, now, used) }),
        scenario
      )
}

const measured = <M, N extends Contender<M>>(world: World<M, N>, scenario: Scenario): ElectionMeasure => {
  const result = measureElection(world, scenario.faultAtMillis)
  scenario.inject(world)
  world.run(scenario.durationMillis)
  return result()
}
