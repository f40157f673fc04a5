/** Fail-over of our elections beside etcd's own Raft: three processes each on loopback, equal timing, one after the other. */
import { Effect } from "effect"

import { type Exit, startContenders } from "./failover/contenderCluster.ts"
import { etcdFailovers } from "./failover/etcdFailover.ts"
import { failoverTiming } from "./failover/settings.ts"
import { type ElectionSystem, electionSystems } from "./failover/systems.ts"
import { percentile } from "./trial/latencies.ts"
import { markdownTable } from "./trial/table.ts"

/** Fail-overs of one kind on one side. */
export interface FailoverRow {
  readonly exit: Exit
  readonly system: string
  readonly rounds: number
  readonly p50Millis: number
  readonly p99Millis: number
  /** Rounds in which nobody else led within ten seconds; not in the percentiles. */
  readonly notFollowed: number
}

const exits: ReadonlyArray<Exit> = ["kill", "stop", "resign"]

const ours = Effect.fnUntraced(function* (
  system: Exclude<ElectionSystem, { readonly kind: "etcd" }>,
  exit: Exit,
  rounds: number
) {
  const store = system.kind === "lease" ? (yield* system.store.start(failoverTiming)).place : undefined
  const cluster = yield* startContenders({
    timing: failoverTiming,
    ...(store === undefined ? {} : { store })
  })
  return yield* Effect.replicateEffect(
    Effect.promise(() => cluster.failover(exit)),
    rounds
  )
}, Effect.scoped)

const failovers = (system: ElectionSystem, exit: Exit, rounds: number) =>
  system.kind === "etcd"
    ? etcdFailovers(
        failoverTiming,
        Array.from({ length: rounds }, () => exit)
      )
    : ours(system, exit, rounds)

const row = (system: ElectionSystem, exit: Exit, rounds: number) =>
  Effect.map(failovers(system, exit, rounds), (times): FailoverRow => {
    const followed = times.filter((time) => time !== undefined)
    return {
      exit,
      system: system.name,
      rounds,
      p50Millis: percentile(followed, 0.5),
      p99Millis: percentile(followed, 0.99),
      notFollowed: times.length - followed.length
    }
  })

/** Runs `rounds` fail-overs of each kind on each side, and says each row as it comes. */
export const failoverBenchmark = (
  rounds: number,
  say: (line: string) => void
): Promise<ReadonlyArray<FailoverRow>> => {
  const systems = electionSystems("bench election")
  const cases = exits.flatMap((exit) => systems.map((system) => ({ exit, system })))
  return Effect.runPromise(
    Effect.forEach(cases, ({ exit, system }) =>
      Effect.tap(row(system, exit, rounds), ({ p50Millis, p99Millis }) =>
        Effect.sync(() =>
          say(`${exit} ${system.name}: p50 ${p50Millis.toFixed(0)}, p99 ${p99Millis.toFixed(0)} ms`)
        )
      )
    )
  )
}

/** The rows for people. */
export const failoverTable = (rows: ReadonlyArray<FailoverRow>): string =>
  markdownTable(
    ["the leader is", "system", "p50", "p99", "rounds", "not followed in 10 s"],
    rows.map(({ exit, notFollowed, p50Millis, p99Millis, rounds, system }) => [
      { kill: "killed", stop: "stopped", resign: "asked to hand over" }[exit],
      system,
      `${p50Millis.toFixed(0)} ms`,
      `${p99Millis.toFixed(0)} ms`,
      String(rounds),
      String(notFollowed)
    ])
  )
