/** Looks at a cluster again and again, and counts how often each group's leader changed. */
import { Effect, Schedule, type Scope } from "effect"

import type { Look, TrialCluster } from "./TrialEngine.ts"

/** What was seen so far. */
export interface ClusterWatch {
  /** The newest look that had an answer. */
  readonly latest: Effect.Effect<Look>
  /** A look now; a cluster that does not answer for a minute is a defect. */
  readonly now: Effect.Effect<Look>
  /** Leaders of the first group, in order, each once per leadership. */
  readonly leaders: Effect.Effect<ReadonlyArray<number>>
  /** Changes of leaders over all groups. */
  readonly changes: Effect.Effect<number>
}

/** Milliseconds between two looks at a cluster of one group, and what each further one adds. */
const pauseMillis = 250
const pauseMillisPerGroup = 10

/** Watches by way of one node, until the scope closes; a look without an answer is no look. */
export const watchCluster = (
  cluster: TrialCluster,
  through: number
): Effect.Effect<ClusterWatch, never, Scope.Scope> =>
  Effect.gen(function* () {
    const histories = new Map<string, ReadonlyArray<number>>()
    const take = (look: Look): Look => {
      for (const [group, leader] of look.leaders) {
        const history = histories.get(group) ?? []
        if (leader !== undefined && history.at(-1) !== leader) histories.set(group, [...history, leader])
      }
      return look
    }
    const ask = Effect.tryPromise(() => cluster.look(through)).pipe(Effect.map(take))
    const now = Effect.retry(ask, { schedule: Schedule.spaced("500 millis") }).pipe(
      Effect.timeout("1 minute"),
      Effect.orDie
    )
    let latest = yield* now
    yield* ask.pipe(
      Effect.map((look) => void (latest = look)),
      Effect.ignore,
      Effect.delay(pauseMillis + pauseMillisPerGroup * latest.leaders.size),
      Effect.forever,
      Effect.forkScoped
    )
    return {
      latest: Effect.sync(() => latest),
      now,
      leaders: Effect.sync(() => [...histories.values()][0] ?? []),
      changes: Effect.sync(() =>
        [...histories.values()].reduce((sum, history) => sum + history.length - 1, 0)
      )
    }
  })
