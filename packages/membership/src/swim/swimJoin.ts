/** Joins: which seeds were asked, who answered, and when all have. */
import { Duration, Effect, Schedule, Semaphore } from "effect"

import type { JoinFailure, SwimNews } from "../core/swim/changes.ts"
import type { SwimState } from "../core/swim/swimState.ts"
import { JoinFailed } from "../Membership.ts"
import { seedsMax } from "../SwimOptions.ts"
import type { SwimDriver } from "./swimDriver.ts"

/** The comings and goings of one node. */
export interface Passages {
  /** Enters through these seeds and returns how many answered. */
  readonly join: (seeds: ReadonlyArray<string>) => Effect.Effect<number, JoinFailed>
  /** Tries to enter again and again while this node is a member alone; afterwards the protocol itself looks for seeds that are missing. */
  readonly enter: (seeds: ReadonlyArray<string>) => Effect.Effect<void>
  /** What came of the last join that ended, if any. */
  readonly lastJoin: () => "answered" | JoinFailure | undefined
  /** Says goodbye; succeeds when it has been told. */
  readonly leave: Effect.Effect<void>
  /** Takes notice of what the core tells. */
  readonly onNews: (news: SwimNews) => void
  /** Takes notice of what a turn has ended. */
  readonly settled: () => void
}

/** Passages through a driver that may not have been started yet. */
export const makePassages = (state: SwimState, driver: SwimDriver): Passages => {
  const joins = Semaphore.makeUnsafe(1)
  const departures = new Set<() => void>()
  let answered = 0
  let failure: string | undefined
  let lastJoin: "answered" | JoinFailure | undefined
  let settle: (() => void) | undefined

  const isOpen = () =>
    [...state.exchanges.values()].some(({ reason }) => reason === "join") && failure === undefined

  const departed = Effect.callback<void>((resume) => {
    if (state.phase !== "leaving") return resume(Effect.void)
    const done = () => resume(Effect.void)
    departures.add(done)
    return Effect.sync(() => departures.delete(done))
  })

  const attempt = (seeds: ReadonlyArray<string>) =>
    Effect.callback<number, JoinFailed>((resume) => {
      answered = 0
      failure = undefined
      settle = () => {
        if (isOpen()) return
        settle = undefined
        const detail = failure ?? "nobody answered"
        resume(
          answered > 0 ? Effect.succeed(answered) : Effect.fail(new JoinFailed({ addresses: seeds, detail }))
        )
      }
      driver.turn({ _tag: "Join", seeds })
      return Effect.sync(() => (settle = undefined))
    })

  /** `isWanted` is asked when the turn of this join has come. */
  const joinIf = (seeds: ReadonlyArray<string>, isWanted: () => boolean) =>
    Effect.flatMap(checkSeeds(seeds), (addresses) => {
      const wanted = Effect.suspend(() => (isWanted() ? attempt(addresses) : Effect.succeed(0)))
      return joins.withPermit(Effect.andThen(departed, wanted))
    })

  const isAlone = () => state.phase === "member" && state.table.present === 1

  return {
    join: (seeds) => joinIf(seeds, () => true),
    enter: (seeds) =>
      joinIf(seeds, isAlone).pipe(Effect.retry({ while: isAlone, schedule: backOff(state) }), Effect.ignore),
    lastJoin: () => lastJoin,
    leave: Effect.suspend(() => {
      driver.turn({ _tag: "Leave" })
      return departed
    }),
    onNews: (news) => {
      if (news._tag === "JoinSucceeded") answered += 1
      if (news._tag === "JoinFailed") failure = news.detail
      lastJoin = outcomeOf(news) ?? lastJoin
    },
    settled: () => {
      settle?.()
      if (state.phase === "leaving") return
      for (const done of departures) done()
      departures.clear()
    }
  }
}

/** The seeds, each once. */
const checkSeeds = (seeds: ReadonlyArray<string>): Effect.Effect<ReadonlyArray<string>, JoinFailed> => {
  const addresses = [...new Set(seeds)]
  if (addresses.length > 0 && addresses.length <= seedsMax) return Effect.succeed(addresses)
  const detail = `1 to ${seedsMax} addresses are needed, not ${addresses.length}`
  return Effect.fail(new JoinFailed({ addresses, detail }))
}

const backOff = ({ options }: SwimState) =>
  Schedule.min([
    Schedule.exponential("1 second"),
    Schedule.spaced(Duration.millis(options.seedIntervalMillis))
  ])

const outcomeOf = (news: SwimNews): "answered" | JoinFailure | undefined =>
  news._tag === "JoinSucceeded" ? "answered" : news._tag === "JoinFailed" ? news.reason : undefined
