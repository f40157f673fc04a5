/** Runs one scenario with one strategy and one seed. */
import type { ContenderTiming } from "@coterie/election/core/leaseContenderState"
import type { LeasedQuorumTiming } from "@coterie/election/core/leasedQuorumState"

import { World } from "../World.ts"
import type { Contender } from "./Contender.ts"
import type { Invariant, LeadingUntil } from "./invariants.ts"
import { LeasedContender } from "./leasedContender.ts"
import { LeaseRecord } from "./leaseRecord.ts"
import { type ElectionMeasure, measureElection } from "./measure.ts"
import { QuorumContender } from "./quorumContender.ts"
import { calm, type Scenario } from "./scenarios.ts"
import { StoreContender, storeId, type StoreMessage, StoreSeat } from "./storeContender.ts"

/** Timing of all strategies. */
export type SimulatedTiming = LeasedQuorumTiming & ContenderTiming

/** The seed system's timing; all strategies use it. */
const timing: SimulatedTiming = {
  heartbeatMillis: 1000,
  deadAfterMillis: 4000,
  leaseMillis: 4000,
  guardMillis: 200,
  deferMillis: 500,
  cooldownMillis: 120_000,
  reserveMillis: 2000,
  drainMillis: 10_000,
  ttlMillis: 4000,
  drift: 0.025,
  pollMillis: 1000
}

/** The strategies that run in the world: `QuorumElection`, `LeasedQuorumElection`, and `LeaseElection` over a store. */
export const strategies = ["quorum", "leased", "lease"] as const

/** A strategy that runs in the world. */
export type Strategy = (typeof strategies)[number]

/** One run. */
export interface ElectionRun {
  readonly strategy: Strategy
  readonly scenario: Scenario
  readonly nodes: number
  readonly seed: number
  /** Changes to the timing, to see what a broken rule does. The clocks' rates stay within what the default guard covers. */
  readonly timing?: Partial<SimulatedTiming>
  /** The list of voters that a node of the leased strategy has after so many starts; default all members, always. */
  readonly voters?: (id: string, starts: number) => ReadonlyArray<string>
}

/** Most nodes of a run: one letter each. */
export const nodesMax = 26

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
    link: calm,
    clockSkew: timing.guardMillis / timing.leaseMillis / 2
  }
  const used = { ...timing, ...changed.timing }
  const working = { timing: used, stopMillisMax: scenario.stopMillisMax }
  const starts = new Map<string, number>()
  switch (strategy) {
    case "quorum":
      return measured(
        new World({ ...common, start: (context, now) => new QuorumContender(context, now, used) }),
        scenario
      )
    case "leased":
      return measured(
        new World({
          ...common,
          start: (context, now) => {
            const count = (starts.get(context.id) ?? 0) + 1
            starts.set(context.id, count)
            const voters = changed.voters?.(context.id, count)
            return new LeasedContender(context, now, voters === undefined ? working : { ...working, voters })
          }
        }),
        scenario
      )
    case "lease": {
      const record = new LeaseRecord()
      const world: World<StoreMessage, StoreContender | StoreSeat> = new World({
        ...common,
        bystanders: [storeId],
        start: (context, now) =>
          context.id === storeId
            ? new StoreSeat(context, record, () => world.now)
            : new StoreContender(context, now, working)
      })
      world.start(storeId)
      return measured(world, scenario, [record.leadsByTheLease(), record.takenOverWhenExpired()])
    }
  }
}

const measured = <M, N extends Contender<M>>(
  world: World<M, N>,
  scenario: Scenario,
  invariants: ReadonlyArray<Invariant<LeadingUntil>> = []
): ElectionMeasure => {
  const result = measureElection(world, scenario.faultAtMillis, invariants)
  scenario.inject(world)
  world.run(scenario.durationMillis)
  return result()
}
