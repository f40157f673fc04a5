/** What happens to a cluster in a run, and what must come of it. */
import { planChaos, startJoined } from "./chaos.ts"
import type { Complaint } from "./invariants.ts"
import type { Detections, Measure } from "./Measure.ts"
import type { Member, SwimWorld } from "./SwimWorld.ts"

/** Where a scenario plays. */
export interface Stage {
  readonly world: SwimWorld
  readonly measure: Measure
  readonly nodes: number
}

/** One scenario. */
export interface Scenario {
  readonly name: string
  /** Puts the members up and plans what happens; returns when the last fault ends, in ms. */
  readonly plan: (stage: Stage) => number
  /** Time after the last fault in which all must agree, in ms. */
  readonly settleMillis: number
  /** What must not have been seen, with Lifeguard on. */
  readonly expect?: (seen: Detections, nodes: number) => Complaint
}

/** Time that a cluster runs before something happens to it, in ms; what happens falls anywhere in a probe period. */
const warmMillis = 5000

const converged = ({ nodes, world }: Stage): void => world.addConverged(nodes)

const startOfFaults = ({ world }: Stage): number => warmMillis + world.random.between(0, 1000)

const noneGivenUp = ({ falsePositives, suspected }: Detections): Complaint =>
  falsePositives > 0 ? `${falsePositives} false positives (${suspected} suspicions)` : undefined

const noneSuspected = (seen: Detections): Complaint =>
  seen.suspected > 0 ? `${seen.suspected} suspicions without a fault` : noneGivenUp(seen)

/**
 * A suspicion that was taken up just before the others went on may outlast the gossip that ends it: of N * N refutations some are missed by
 * chance (e^-8 of them with eight transmits each), and anti-entropy comes later. memberlist told of 66 such leaves among 16 members.
 */
const fewResponsive = ({ givenUpResponsive }: Detections, nodes: number): Complaint =>
  givenUpResponsive > Math.max(1, nodes / 16)
    ? `${givenUpResponsive} responsive members given up among ${nodes}`
    : undefined

/** Different members, at random. */
const some = ({ world }: Stage, count: number): ReadonlyArray<Member> => {
  const rest = [...world.members]
  return Array.from({ length: count }, () =>
    rest.splice(Math.floor(world.random.next() * rest.length), 1)
  ).flat()
}

const tenth = ({ nodes }: Stage): number => Math.max(1, Math.round(nodes / 10))

const kill =
  (count: (stage: Stage) => number) =>
  (stage: Stage): number => {
    converged(stage)
    const at = startOfFaults(stage)
    stage.world.at(at, () => {
      for (const victim of some(stage, count(stage))) {
        stage.measure.goes(victim)
        stage.world.crash(victim)
      }
    })
    return at
  }

const idle = (stage: Stage): number => {
  converged(stage)
  return 60_000
}

const leave = (stage: Stage): number => {
  converged(stage)
  const at = startOfFaults(stage)
  stage.world.at(at, () => {
    for (const member of some(stage, 1)) {
      stage.measure.goes(member)
      stage.world.tell(member, { _tag: "Leave" })
    }
  })
  return at
}

const weatherMillis = 120_000

const loss =
  (share: number) =>
  (stage: Stage): number => {
    converged(stage)
    const { links } = stage.world
    links.weather = { ...links.weather, loss: share }
    stage.world.at(weatherMillis, () => {
      links.weather = { ...links.weather, loss: 0 }
    })
    return weatherMillis
  }

/** Does something to a tenth of the members again and again: `act` for `busyMillis` of every `periodMillis`. */
const slow =
  (act: "pause" | "block", busyMillis: number, periodMillis: number) =>
  (stage: Stage): number => {
    converged(stage)
    const { world } = stage
    for (const member of some(stage, tenth(stage))) {
      const begin = startOfFaults(stage) + world.random.between(0, periodMillis)
      for (let at = begin; at + busyMillis < weatherMillis; at += periodMillis) {
        world.at(at, () => world[act](member, busyMillis))
      }
    }
    return weatherMillis
  }

const stall = (stage: Stage): number => {
  converged(stage)
  const { world } = stage
  const stalled = some(stage, tenth(stage))
  for (const member of stalled) {
    for (let at = startOfFaults(stage); at < 90_000; at += world.random.between(10_000, 40_000)) {
      world.at(at, () => world.pause(member, world.random.between(1000, 20_000)))
    }
  }
  return 110_000
}

const pauseMajority = (stage: Stage): number => {
  converged(stage)
  const { nodes, world } = stage
  const at = startOfFaults(stage)
  world.at(at, () => {
    for (const member of some(stage, nodes - Math.max(1, Math.round(nodes / 16)))) world.pause(member, 60_000)
  })
  return at + 60_000
}

const partition = (stage: Stage): number => {
  converged(stage)
  const { nodes, world } = stage
  const at = startOfFaults(stage)
  world.at(at, () => {
    const away = some(stage, Math.floor(nodes / 2))
    for (const member of world.members) member.impaired = true
    world.links.part(
      away.map(({ index }) => index),
      1
    )
  })
  world.at(at + 60_000, () => world.links.heal())
  return at + 60_000
}

/** Half of the members are down until the others hold them dead, then all start within a second, each with its old generation. */
const massRestart = (stage: Stage): number => {
  converged(stage)
  const { nodes, world } = stage
  const at = startOfFaults(stage)
  const down = some(stage, Math.floor(nodes / 2))
  const up = at + 60_000
  for (const member of down) {
    world.at(at, () => world.crash(member))
    const seeds = world.members.filter((other) => !down.includes(other)).slice(0, 3)
    world.at(up + world.random.between(0, 1000), () => {
      const addresses = seeds.map(({ address }) => address)
      world.start(member, { generation: member.generation }, addresses)
    })
  }
  return up + 1000
}

const burstJoin = (stage: Stage): number => {
  const { nodes, world } = stage
  startJoined(world, nodes, 1000 / nodes)
  return 1000
}

const chaos = (stage: Stage): number => {
  startJoined(stage.world, stage.nodes, 50)
  return planChaos(stage, stage.nodes * 50 + warmMillis)
}

/** All scenarios. The bounds of `settleMillis` are targets of the project where it has one, else what several periods of repair take. */
export const scenarios: ReadonlyArray<Scenario> = [
  { name: "idle", plan: idle, settleMillis: 1000, expect: noneSuspected },
  { name: "join", plan: burstJoin, settleMillis: 15_000, expect: noneSuspected },
  { name: "kill", plan: kill(() => 1), settleMillis: 120_000, expect: noneGivenUp },
  { name: "kill10", plan: kill(tenth), settleMillis: 180_000, expect: noneGivenUp },
  { name: "leave", plan: leave, settleMillis: 30_000, expect: noneSuspected },
  { name: "chaos", plan: chaos, settleMillis: 130_000 },
  { name: "stall", plan: stall, settleMillis: 120_000, expect: noneGivenUp },
  { name: "pause-majority", plan: pauseMajority, settleMillis: 120_000, expect: fewResponsive },
  { name: "partition", plan: partition, settleMillis: 65_000 },
  { name: "mass-restart", plan: massRestart, settleMillis: 120_000 },
  { name: "loss5", plan: loss(0.05), settleMillis: 120_000, expect: noneGivenUp },
  { name: "loss20", plan: loss(0.2), settleMillis: 120_000 },
  { name: "slow10", plan: slow("pause", 500, 1000), settleMillis: 120_000, expect: noneGivenUp },
  { name: "blocked10", plan: slow("block", 20_000, 20_100), settleMillis: 180_000 }
]
