/** The scenarios, one or two per row of the targets. */
import { setTimeout as delay } from "node:timers/promises"

import type { Cluster } from "./Cluster.ts"
import { count, seconds } from "./figures.ts"
import { udpCounters } from "./kernel.ts"
import { monotonicMillis, type Stats } from "./protocol.ts"
import type { Figure, Figures, Scenario } from "./Scenario.ts"
import { between, convergedAfter, detection, falseLeaves } from "./sightings.ts"
import { standstills } from "./standstills.ts"

const together = { apart: false, sealed: false, paceMillis: 30 }
const lan = { ours: "parity", memberlist: "lan" } as const

/** After joins, until compilers have come to rest and joins are told. */
const settleMillis = 30_000
const idleMillis = 60_000

const idle = async (cluster: Cluster): Promise<Figures> => {
  await delay(settleMillis)
  const udp = udpCounters()
  const before = await cluster.stats()
  await delay(idleMillis)
  const after = await cluster.stats()
  const millis = after.at - before.at
  const perNodeSecond = (total: number): number => (1000 * total) / millis / cluster.names.length
  const datagrams = after.datagramsOut - before.datagramsOut
  const cpuMillis = after.cpuMillis - before.cpuMillis
  return {
    datagrams: perNodeSecond(datagrams),
    kernelDatagrams: perNodeSecond(udpCounters().out - udp.out),
    bytes: (after.bytesOut - before.bytesOut) / datagrams,
    cpu: perNodeSecond(cpuMillis) / 10,
    resident: after.residentBytes / cluster.names.length / 1e6,
    falseLeaves: falseLeaves(await cluster.log())
  }
}

const idleFigures = (cpuMax: number | undefined): ReadonlyArray<Figure> => [
  {
    key: "datagrams",
    what: "datagrams out per node and second",
    unit: "",
    digits: 2,
    target: { max: 2 }
  },
  { key: "kernelDatagrams", what: "the same as the kernel counts", unit: "", digits: 2 },
  { key: "bytes", what: "payload of a datagram", unit: "B", digits: 0 },
  {
    key: "cpu",
    what: "CPU per node",
    unit: "%",
    digits: 3,
    ...(cpuMax === undefined ? {} : { target: { max: cpuMax } })
  },
  { key: "resident", what: "resident memory per node", unit: "MB", digits: 2 },
  count("falseLeaves", "false leaves", 0)
]

/** The others go on being watched for so long after the last of them has noticed a death. */
const aftermathSeconds = 5

const kill = async (cluster: Cluster): Promise<Figures> => {
  const victim = cluster.names.at(-1) ?? ""
  const others = cluster.names.length - 1
  let health = 0
  const look = (stats: Stats): void => {
    health = Math.max(health, ...Object.values(stats.health))
  }
  // What the start cost must not be taken for what the death does.
  await cluster.until(30, (stats) => Object.values(stats.health).every((score) => score === 0))
  const killedAt = await cluster.kill(victim)
  await cluster.until(60, (stats) => {
    look(stats)
    return Object.values(stats.alive).every((seen) => seen <= others)
  })
  await cluster.until(aftermathSeconds, (stats) => {
    look(stats)
    return false
  })
  const log = await cluster.log()
  const { firstMillis, lastMillis, medianMillis, observers } = detection(log, victim, killedAt)
  return {
    first: firstMillis / 1000,
    median: medianMillis / 1000,
    spread: observers === others ? (lastMillis - firstMillis) / 1000 : Infinity,
    health,
    falseLeaves: falseLeaves(log, [victim])
  }
}

const killFigures = (target: Figure["target"]): ReadonlyArray<Figure> => [
  seconds("first", "death noticed first"),
  seconds("median", "death noticed, median node", target),
  seconds("spread", "from the first to the last node", { max: 1 }),
  count("health", "worst local health score of the living", 0),
  count("falseLeaves", "false leaves", 0)
]

const burst = async (cluster: Cluster): Promise<Figures> => {
  const udp = udpCounters()
  await cluster.converged(60)
  await delay(10_000)
  const { cpuMillis } = await cluster.stats()
  const log = await cluster.log()
  return {
    converged: convergedAfter(log, cluster.names.length, cluster.startedAt) / 1000,
    falseLeaves: falseLeaves(log),
    cpu: cpuMillis / 1000,
    lost: udpCounters().bufferErrors - udp.bufferErrors
  }
}

const healSecondsMax = 90

const partition = async (cluster: Cluster): Promise<Figures> => {
  const half = Math.floor(cluster.names.length / 2)
  const sides = [cluster.names.slice(0, half), cluster.names.slice(half)] as const
  const cutAt = await cluster.part(...sides, true)
  await delay(60_000)
  const healedAt = await cluster.part(...sides, false)
  await cluster.converged(healSecondsMax)
  const log = await cluster.log()
  const own = (observer: string): ReadonlyArray<string> => sides.find((side) => side.includes(observer)) ?? []
  return {
    whole: convergedAfter(log, cluster.names.length, healedAt) / 1000,
    falseLeaves: between(log, cutAt).filter(
      ({ event, member, observer }) => event === "failed" && own(observer).includes(member)
    ).length
  }
}

const restart = async (cluster: Cluster): Promise<Figures> => {
  const living = Math.ceil(cluster.names.length / 2)
  const victims = cluster.places.slice(living)
  for (const { name } of victims) await cluster.kill(name)
  if (!(await cluster.until(90, ({ alive }) => Object.values(alive).every((seen) => seen === living)))) {
    throw new Error("the living did not hold all of the dead for dead within 90 s: no tombstones to overcome")
  }
  const restartedAt = monotonicMillis()
  await cluster.startNodes(victims)
  await cluster.converged(60)
  return { whole: convergedAfter(await cluster.log(), cluster.names.length, restartedAt) / 1000 }
}

const base = { rounds: 1, cluster: together, profiles: lan, fromConverged: true }

/** All scenarios in the order in which they run. */
export const scenarios: ReadonlyArray<Scenario> = [
  { ...base, name: "idle", what: "at rest for 60 s", nodes: 50, figures: idleFigures(0.05), measure: idle },
  {
    ...base,
    name: "idle-sealed",
    what: "at rest for 60 s, AES-256-GCM",
    nodes: 50,
    cluster: { ...together, sealed: true },
    figures: idleFigures(undefined),
    measure: idle
  },
  {
    ...base,
    name: "kill",
    what: "one dies; equal formulas",
    nodes: 100,
    rounds: 10,
    // What memberlist was measured to take.
    figures: killFigures({ min: 9.8, max: 10.8 }),
    measure: kill
  },
  {
    ...base,
    name: "kill-fast",
    what: "one dies; profile fast",
    nodes: 100,
    rounds: 10,
    profiles: { ours: "fast", memberlist: undefined },
    figures: killFigures({ max: 7 }),
    measure: kill
  },
  {
    ...base,
    name: "burst",
    what: "all join at once",
    nodes: 300,
    cluster: { ...together, paceMillis: 0 },
    fromConverged: false,
    figures: [
      seconds("converged", "until all see all", { max: 15 }),
      count("falseLeaves", "false leaves", 0),
      { key: "cpu", what: "CPU until 10 s later", unit: "s", digits: 1 },
      count("lost", "datagrams lost in full buffers, whole machine")
    ],
    measure: burst
  },
  ...standstills,
  {
    ...base,
    name: "partition",
    what: "halves parted for 60 s",
    nodes: 16,
    figures: [
      seconds("whole", "until all see all after the heal", { max: 65 }),
      count("falseLeaves", "false leaves within a half", 0)
    ],
    measure: partition
  },
  {
    ...base,
    name: "restart",
    what: "half die, are held dead, and start again at once",
    nodes: 32,
    cluster: { ...together, paceMillis: 0 },
    figures: [seconds("whole", "until all see all", { max: 5 })],
    measure: restart
  }
]
