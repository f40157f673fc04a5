/**
 * One scenario on real servers: a cluster over a WAN, an agent beside each node, and a client that writes and reads through one of them all the
 * while.
 */
import { setPriority } from "node:os"

import type { Decision } from "@coterie/locality"
import { startWan } from "@coterie/tools-wan"
import { Duration, Effect } from "effect"

import { idOf, startAgents, type TrialAgents } from "./agents.ts"
import { watchCluster } from "./ClusterWatch.ts"
import { longestGapMillis, summarize } from "./latencies.ts"
import { counterSamples, sumBy } from "./metrics.ts"
import type { Scenario, Stage } from "./Scenario.ts"
import { now, series, type Series } from "./series.ts"
import type { TrialCluster, TrialEngine } from "./TrialEngine.ts"
import type { HandOver, Latencies, TrialReport } from "./TrialReport.ts"

/** How long each part of a trial takes. */
export interface TrialOptions {
  /** Measured before the agents start, in s. */
  readonly beforeSeconds: number
  /** Measured after the scenario, in s; long enough for the agents to move leadership again if they wanted to. */
  readonly afterSeconds: number
}

/** The agents' `locality`: quicker than anybody would have it, so that a wrong second hand-over shows within a minute. */
export const localitySettings = {
  mode: "act",
  interval: "5s",
  persistence: "20s",
  settle: "20s",
  cooldown: "30s"
} as const

const latenciesSince = (writer: Series, reader: Series, startMillis: number): Latencies => ({
  writes: summarize(writer.since(startMillis)),
  reads: summarize(reader.since(startMillis))
})

const handOverOf = (ids: ReadonlyArray<string>, { action, group }: Decision): ReadonlyArray<HandOver> =>
  action._tag === "Transfer"
    ? [
        {
          group,
          target: ids.indexOf(action.target),
          outcome: action.outcome._tag,
          tookMillis: action.tookMillis
        }
      ]
    : []

/** What the agents did to the engine. */
const deedsOf = Effect.fnUntraced(function* (
  engine: TrialEngine,
  cluster: TrialCluster,
  agents: TrialAgents
) {
  const text = yield* agents.metrics
  const refused = Object.fromEntries(cluster.refusals().map((request) => [request, 1]))
  return {
    handOvers: (yield* agents.handOvers).flatMap((decision) => handOverOf(cluster.ids, decision)),
    engineRequests: { ...requestsIn(engine, text), ...refused },
    decisions: sumBy(
      counterSamples(text, "coterie_locality_decisions_total"),
      ({ action = "", reason = "" }) => `${action} ${reason}`
    )
  }
})

const requestsIn = (engine: TrialEngine, metrics: string) =>
  sumBy(counterSamples(metrics, `coterie_${engine.name}_requests_total`), engine.requestName)

/** Waits as a scenario does; what was waited for in vain is added to `missed`. */
const untilTrue =
  (missed: Array<string>): Stage["until"] =>
  (what, condition, timeout) =>
    condition.pipe(
      Effect.delay("50 millis"),
      Effect.repeat({ until: (holds) => holds }),
      Effect.timeoutOrElse({
        duration: timeout,
        orElse: () =>
          Effect.sync(() =>
            missed.push(`waited ${Duration.format(Duration.fromInputUnsafe(timeout))} for ${what}, in vain`)
          )
      }),
      Effect.asVoid
    )

/** Gives the engine's processes precedence over the agents' and our own, as on a small machine they would miss their heartbeats. */
const preferEngine = ({ nodes }: TrialCluster): void => {
  for (const { pid } of nodes) if (pid !== undefined) setPriority(pid, -5)
}

/** Runs the scenario. Fails when the WAN, the engine or the agents cannot be started; whatever else goes wrong shows in the report. */
export const runTrial = (engine: TrialEngine, scenario: Scenario, options: TrialOptions, say: Stage["say"]) =>
  Effect.gen(function* () {
    const { client, leader, rttMillis } = scenario
    yield* say(`${engine.name}, ${scenario.name}: ${scenario.shows}`)
    const wan = yield* startWan({ nodes: rttMillis.length, rttMillis })
    const cluster = yield* engine.start(wan, scenario)
    preferEngine(cluster)
    const watch = yield* watchCluster(cluster, client)
    const first = yield* watch.latest
    const { read, write } = yield* cluster.client(client)
    const [writer, reader] = [yield* series(write), yield* series(read)]

    yield* say(`led by ${idOf(leader)}; measuring for ${options.beforeSeconds} s`)
    const beforeStart = now()
    yield* Effect.sleep(Duration.seconds(options.beforeSeconds))
    const before = latenciesSince(writer, reader, beforeStart)

    yield* say("starting an agent beside each node")
    const startMillis = now()
    const agents = yield* startAgents(wan.nodes, { backend: engine.backend, locality: localitySettings })
    const agentsStart = now()
    const missed: Array<string> = []
    yield* scenario.run({
      wan,
      engine,
      cluster,
      agents,
      say,
      sees: (wished) => Effect.map(watch.latest, wished),
      requests: Effect.map(agents.metrics, (text) => requestsIn(engine, text)),
      until: untilTrue(missed)
    })
    const placed = now()

    yield* say(
      `now led by ${(yield* watch.leaders).map(idOf).join(", then ")}; measuring for ${options.afterSeconds} s`
    )
    // What was in flight while it moved belongs to the gap, not to the new placement.
    yield* Effect.sleep("2 seconds")
    const afterStart = now()
    yield* Effect.sleep(Duration.seconds(options.afterSeconds))
    const after = latenciesSince(writer, reader, afterStart)
    const writes = writer.since(startMillis)
    const last = yield* watch.now
    const deeds = yield* deedsOf(engine, cluster, agents)
    const moved = deeds.handOvers.filter(({ outcome }) => outcome.startsWith("moved")).length
    return {
      engine: engine.name,
      scenario: scenario.name,
      before,
      after,
      secondsToPlace: (placed - agentsStart) / 1000,
      longestWriteGapMillis: longestGapMillis(writes),
      slowestWriteMillis: Math.max(...writes.map(({ latencyMillis }) => latencyMillis)),
      failedWrites: summarize(writes).failed,
      leaders: yield* watch.leaders,
      finalLeaders: Object.fromEntries([...last.leaders].map(([group, node]) => [group, node ?? null])),
      ownElections: Math.max(0, (yield* watch.changes) - moved),
      termsPassed: last.term - first.term,
      missed,
      configuration: { before: first.configuration, after: last.configuration },
      ...deeds
    } satisfies TrialReport
  }).pipe(Effect.scoped)
