/** Runs one scenario with one seed. */
import { type SwimOptions, swimProfiles, withParity } from "@coterie/membership/core/swim/options"

import { disagreement } from "./agreement.ts"
import type { Complaint } from "./invariants.ts"
import { type Detections, Measure } from "./Measure.ts"
import type { Scenario } from "./scenarios.ts"
import { simulatedSizes } from "./sizes.ts"
import { type Observer, SwimWorld } from "./SwimWorld.ts"
import { Watch } from "./Watch.ts"

/** Settings by name; `parity` is `lan` with as many confirmations as memberlist expects. */
const profiles = { ...swimProfiles, parity: withParity(swimProfiles.lan) } satisfies Record<
  string,
  SwimOptions
>

/** Name of a profile. */
export type Profile = keyof typeof profiles

/** Plain SWIM: no local health, no suspicion that waits for confirmations, no isolation mode. */
const withoutLifeguard = (options: SwimOptions): SwimOptions => ({
  ...options,
  awarenessMax: 1,
  suspicionMaxMult: 1,
  confirmations: 0,
  isolation: false
})

/** One run. */
export interface MembershipRun {
  readonly scenario: Scenario
  readonly nodes: number
  readonly seed: number
  readonly profile?: Profile
  readonly lifeguard?: boolean
  /** More that looks on; tests break rules with it. */
  readonly observer?: Observer
}

/** What one run showed. */
export interface MembershipMeasure extends Detections {
  /** The first broken invariant or expectation, if any. */
  readonly broken: Complaint
  readonly virtualMillis: number
  /** Time after the last fault until all agreed. */
  readonly settledMillis: number
  readonly packetsPerNodeSecond: number
  readonly overflows: number
  readonly queueMax: number
  /** Largest local health score at the end. */
  readonly awarenessMax: number
  /** Identifies the course of the run: equal for equal seeds. */
  readonly traceHash: number
}

/** How often it is asked whether all agree, in ms. */
const lookMillis = 500

/** Runs a scenario and says what it showed. */
export const runMembership = ({
  lifeguard = true,
  nodes,
  observer,
  profile = "lan",
  scenario,
  seed
}: MembershipRun): MembershipMeasure => {
  const options = lifeguard ? profiles[profile] : withoutLifeguard(profiles[profile])
  const clock = () => world.now
  const watch = new Watch(clock, () => Math.max(nodes, world.members.length))
  const measure = new Measure(clock)
  const observers = [watch, measure, ...(observer === undefined ? [] : [observer])]
  const world: SwimWorld = new SwimWorld({ seed, options, sizes: simulatedSizes(), observers })
  const faultsEndMillis = scenario.plan({ world, measure, nodes })
  world.run(faultsEndMillis)
  const disagreed = settle(world, measure, faultsEndMillis + scenario.settleMillis)
  const seen = measure.result(world)
  const expectation = lifeguard ? scenario.expect?.(seen, nodes) : undefined
  return {
    ...seen,
    broken: watch.broken ?? disagreed ?? expectation,
    virtualMillis: world.now,
    settledMillis: world.now - faultsEndMillis,
    packetsPerNodeSecond: world.packets / nodes / (world.now / 1000),
    overflows: world.overflows,
    queueMax: watch.queueMax,
    awarenessMax: Math.max(0, ...world.live.map(({ state }) => state?.awareness ?? 0)),
    traceHash: world.traceHash
  }
}

/** Runs until all agree; says who does not within the limit. */
const settle = (world: SwimWorld, measure: Measure, untilMillis: number): Complaint => {
  for (;;) {
    const wrong = measure.unnoticed(world) > 0 ? "a gone member is not noticed" : disagreement(world.members)
    if (wrong === undefined) return undefined
    if (world.now >= untilMillis) return `no agreement after ${world.now.toFixed(0)} ms: ${wrong}`
    world.run(Math.min(untilMillis, world.now + lookMillis))
  }
}
