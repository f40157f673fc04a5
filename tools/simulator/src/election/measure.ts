/** Watches an election: for how long nobody or several led, and whether a fenced resource could be fooled. */
import type { World } from "../World.ts"
import type { Contender } from "./Contender.ts"

/** What one run showed. */
export interface ElectionMeasure {
  readonly durationMillis: number
  /** Time during which two or more nodes believed that they led. */
  readonly dualMasterMillis: number
  /** Time during which none did. */
  readonly noMasterMillis: number
  /** Longest time without a leader from the fault on. */
  readonly gapMillis: number
  /** Writes that the resource accepted although a newer or an equally old foreign token had been there. */
  readonly fencedViolations: number
  /** Writes of a deposed leader that the resource refused. */
  readonly fencedRefusals: number
  readonly writes: number
}

/** Starts watching; the returned function reads the result. */
export const measureElection = <M, N extends Contender<M>>(
  world: World<M, N>,
  faultAtMillis: number
): (() => ElectionMeasure) => {
  let dual = 0
  let none = 0
  let gap = 0
  let longestGap = 0
  world.observe((until) => {
    const ends: Array<number> = []
    for (const id of world.members) {
      const local = world.node(id)?.leadsUntil()
      if (local === undefined) continue
      const end = Math.min(until, local === Number.POSITIVE_INFINITY ? until : world.realTime(id, local))
      if (end > world.now) ends.push(end)
    }
    ends.sort((a, b) => b - a)
    const last = ends[0] ?? world.now
    dual += (ends[1] ?? world.now) - world.now
    none += until - last
    if (last > world.now) gap = 0
    gap += until - last
    if (world.now >= faultAtMillis) longestGap = Math.max(longestGap, gap)
  })
  const resource = watchResource(world)
  return () => ({
    durationMillis: world.now,
    dualMasterMillis: dual,
    noMasterMillis: none,
    gapMillis: longestGap,
    ...resource()
  })
}

/** Every node that leads writes now and then; writes travel for up to a second and the resource refuses an older token. */
const watchResource = <M, N extends Contender<M>>(world: World<M, N>) => {
  let token = 0
  let owner = ""
  let writes = 0
  let refusals = 0
  let violations = 0
  const arrive = (from: string, withToken: number): void => {
    writes++
    if (withToken < token) refusals++
    else {
      if (withToken === token && owner !== from) violations++
      token = withToken
      owner = from
    }
  }
  const tick = (): void => {
    for (const id of world.members) {
      const node = world.node(id)
      const until = node?.leadsUntil()
      if (node === undefined || until === undefined || world.realTime(id, until) <= world.now) continue
      const sent = node.token
      world.at(world.now + world.random.between(0, world.random.chance(0.1) ? 10_000 : 50), () =>
        arrive(id, sent)
      )
    }
    world.at(world.now + world.random.between(20, 200), tick)
  }
  world.at(0, tick)
  return () => ({ fencedViolations: violations, fencedRefusals: refusals, writes })
}
