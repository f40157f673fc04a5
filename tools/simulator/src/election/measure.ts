/** Watches an election: for how long nobody or several led, which invariants broke, and whether a fenced resource could be fooled. */
import { realTimeOf, type World } from "../World.ts"
import type { Contender } from "./Contender.ts"
import {
  atMostOneLeader,
  type Invariant,
  type Leading,
  type LeadingUntil,
  oneOwnerPerToken,
  tokensNeverFall
} from "./invariants.ts"

/** What one run showed. */
export interface ElectionMeasure {
  readonly durationMillis: number
  /** Time during which two or more nodes believed that they led. */
  readonly dualMasterMillis: number
  /** Time during which none did. */
  readonly noMasterMillis: number
  /** Longest time without a leader from the fault on. */
  readonly gapMillis: number
  /** The first broken invariant and when, if any. */
  readonly broken: string | undefined
  /** Writes that the resource accepted with a token that another node had written with. */
  readonly fencedViolations: number
  /** Writes of a deposed leader that the resource refused. */
  readonly fencedRefusals: number
  readonly writes: number
  /** Identifies the course of the run: equal for equal seeds. */
  readonly traceHash: number
}

/** Starts watching, with the strategy's own invariants besides those of every safe one; the returned function reads the result. */
export const measureElection = <M, N extends Contender<M>>(
  world: World<M, N>,
  faultAtMillis: number,
  own: ReadonlyArray<Invariant<LeadingUntil>>
): (() => ElectionMeasure) => {
  const invariants = [atMostOneLeader(), oneOwnerPerToken(), tokensNeverFall(), ...own]
  let dual = 0
  let none = 0
  let gap = 0
  let longestGap = 0
  let broken: string | undefined
  world.observe((until) => {
    const { now } = world
    const leading = leadersOf(world)
    for (const invariant of invariants) broken ??= complaint(invariant, leading, now)
    const [last, second] = lastTwo(leading, until, now)
    dual += second - now
    none += until - last
    if (last > now) gap = 0
    gap += until - last
    if (now >= faultAtMillis) longestGap = Math.max(longestGap, gap)
  })
  const resource = watchResource(world)
  return () => ({
    durationMillis: world.now,
    dualMasterMillis: dual,
    noMasterMillis: none,
    gapMillis: longestGap,
    broken,
    traceHash: world.traceHash,
    ...resource()
  })
}

const complaint = (
  invariant: Invariant<LeadingUntil>,
  leading: ReadonlyArray<LeadingUntil>,
  now: number
): string | undefined => {
  const wrong = invariant(leading)
  return wrong === undefined ? undefined : `${wrong} at ${now.toFixed(0)} ms`
}

/** When the last and the last but one of the leaders stop, within [now, until]. */
const lastTwo = (
  leading: ReadonlyArray<LeadingUntil>,
  until: number,
  now: number
): readonly [last: number, second: number] => {
  let last = now
  let second = now
  for (const { untilMillis } of leading) {
    const end = Math.min(until, untilMillis)
    second = Math.max(second, Math.min(last, end))
    last = Math.max(last, end)
  }
  return [last, second]
}

const leadersOf = <M, N extends Contender<M>>({ now, seats }: World<M, N>): ReadonlyArray<LeadingUntil> => {
  const leading: Array<LeadingUntil> = []
  for (const seat of seats) {
    const local = seat.node?.leadsUntil()
    if (seat.node === undefined || local === undefined) continue
    const untilMillis = realTimeOf(seat, local)
    if (untilMillis > now) leading.push({ id: seat.id, token: seat.node.token, untilMillis })
  }
  return leading
}

/** Every node that leads writes now and then; writes travel for up to ten seconds and the resource refuses an older token. */
const watchResource = <M, N extends Contender<M>>(world: World<M, N>) => {
  let highest = 0
  let owner = ""
  let writes = 0
  let refusals = 0
  let violations = 0
  const arrive = ({ id, token }: Leading): void => {
    writes++
    if (token < highest) refusals++
    else {
      if (token === highest && owner !== id) violations++
      highest = token
      owner = id
    }
  }
  const tick = (): void => {
    for (const write of leadersOf(world)) {
      const travelMillis = world.random.between(0, world.random.chance(0.1) ? 10_000 : 50)
      world.at(world.now + travelMillis, () => arrive(write))
    }
    world.at(world.now + world.random.between(50, 500), tick)
  }
  world.at(0, tick)
  return () => ({ fencedViolations: violations, fencedRefusals: refusals, writes })
}
