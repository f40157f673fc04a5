/** Scenarios in which processes stand still: stopped by a signal, or, in Node.js, because their one thread is busy. */
import { setTimeout as delay } from "node:timers/promises"

import type { Cluster } from "./Cluster.ts"
import { count, seconds } from "./figures.ts"
import { monotonicMillis } from "./protocol.ts"
import type { Figure, Figures, Scenario } from "./Scenario.ts"
import { accusations, between, convergedAfter, detection, falseLeaves } from "./sightings.ts"

const stopSeconds = 60

const majority = async (cluster: Cluster): Promise<Figures> => {
  const stopped = cluster.names.slice(1)
  const stoppedAt = cluster.signal(stopped, "SIGSTOP")
  await delay(stopSeconds * 1000)
  const resumedAt = cluster.signal(stopped, "SIGCONT")
  await delay(30_000)
  const log = await cluster.log()
  const failures = between(log, stoppedAt, resumedAt).filter(({ event }) => event === "failed")
  const perMember = stopped.map((name) => failures.filter(({ member }) => member === name).length)
  return {
    perMember: Math.max(...perMember),
    afterwards: falseLeaves(between(log, resumedAt)),
    whole: convergedAfter(log, cluster.names.length, resumedAt) / 1000
  }
}

const single =
  (stoppedSeconds: number) =>
  async (cluster: Cluster): Promise<Figures> => {
    const name = cluster.names.at(-1) ?? ""
    const stoppedAt = cluster.signal([name], "SIGSTOP")
    await delay(stoppedSeconds * 1000)
    const resumedAt = cluster.signal([name], "SIGCONT")
    await cluster.converged(30)
    await delay(5000)
    const log = await cluster.log()
    const during = between(log, stoppedAt, resumedAt)
    return {
      declared: detection(during, name, stoppedAt).observers,
      back: convergedAfter(log, cluster.names.length, resumedAt) / 1000,
      falseLeaves: falseLeaves(during, [name]) + falseLeaves(between(log, resumedAt))
    }
  }

const stalls = 10
const stallMillis = 2000
const answerMillis = 600

const stall = async (cluster: Cluster): Promise<Figures> => {
  let own = 0
  let ofOthers = 0
  let deaths = 0
  for (const name of cluster.names.slice(0, stalls)) {
    const stalledAt = monotonicMillis()
    await cluster.stall(name, stallMillis, answerMillis)
    await delay(3000)
    const log = between(await cluster.log(), stalledAt)
    own += accusations(log, { by: name })
    ofOthers += accusations(log, { except: name })
    deaths += falseLeaves(log)
  }
  return { own, ofOthers, falseLeaves: deaths }
}

const often = async (cluster: Cluster): Promise<Figures> => {
  const name = cluster.names.at(-1) ?? ""
  const since = monotonicMillis()
  for (let stop = 0; stop < 60; stop += 1) {
    cluster.signal([name], "SIGSTOP")
    await delay(500)
    cluster.signal([name], "SIGCONT")
    await delay(500)
  }
  await delay(5000)
  const log = between(await cluster.log(), since)
  return { falseLeaves: falseLeaves(log, [name]), declared: detection(log, name, since).observers }
}

const base = {
  rounds: 3,
  nodes: 16,
  cluster: { apart: true, sealed: false, paceMillis: 30 },
  profiles: { ours: "parity", memberlist: "lan" },
  fromConverged: true
} as const

const singleFigures = (declaredMax?: number): ReadonlyArray<Figure> => [
  count("declared", "nodes that held it dead", declaredMax),
  seconds("back", "until all see all afterwards", { max: 0.5 }),
  count("falseLeaves", "false leaves", 0)
]

const oftenFigures: ReadonlyArray<Figure> = [
  count("falseLeaves", "deaths told of the others", 0),
  count("declared", "nodes that held it dead")
]

/** In the order in which they run. */
export const standstills: ReadonlyArray<Scenario> = [
  {
    ...base,
    name: "stop-majority",
    what: "all but one stand still for 60 s (SIGSTOP)",
    rounds: 1,
    figures: [
      count("perMember", "deaths told of each meanwhile, most", 1),
      count("afterwards", "false leaves in 30 s afterwards, all nodes", 0),
      seconds("whole", "until all see all afterwards")
    ],
    measure: majority
  },
  {
    ...base,
    name: "stop-one-3",
    what: "one stands still for 3 s (SIGSTOP)",
    figures: singleFigures(0),
    measure: single(3)
  },
  {
    ...base,
    name: "stop-one",
    what: "one stands still for 8 s (SIGSTOP)",
    figures: singleFigures(),
    measure: single(8)
  },
  {
    ...base,
    name: "stop-one-30",
    what: "one stands still for 30 s (SIGSTOP)",
    rounds: 1,
    figures: singleFigures(),
    measure: single(30)
  },
  {
    ...base,
    name: "stop-often",
    what: "one stands still for 500 ms of every second, 60 times (SIGSTOP)",
    rounds: 1,
    figures: oftenFigures,
    measure: often
  },
  {
    ...base,
    name: "stop-often-fast",
    what: "the same; profile fast",
    profiles: { ours: "fast", memberlist: undefined },
    rounds: 1,
    figures: oftenFigures,
    measure: often
  },
  {
    ...base,
    name: "stall",
    what: `${stalls} in turn are busy for ${stallMillis / 1000} s in the middle of a probe`,
    // A process of Go has no event loop that one of its threads could block.
    profiles: { ours: "parity", memberlist: undefined },
    figures: [
      count("own", "others suspected, or held dead, by the one that was busy", 0),
      count("ofOthers", "others suspected, or held dead, by anybody", 0),
      count("falseLeaves", "deaths told", 0)
    ],
    measure: stall
  }
]
