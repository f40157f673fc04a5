/** A client of one rqlite node that keeps operating, one operation after the other, and times each. */
import { Effect, Ref, type Scope } from "effect"

import type { Sample } from "./latencies.ts"

/** A running series of operations. */
export interface Series {
  /** Samples whose operation started at or after the given time of `now`. */
  since(startMillis: number): Effect.Effect<ReadonlyArray<Sample>>
}

/** The clock of the samples, in ms. */
export const now = Effect.sync(() => performance.now())

const ask = async (url: string, init: RequestInit): Promise<boolean> => {
  const response = await fetch(url, { ...init, signal: AbortSignal.timeout(15_000) })
  const text = await response.text()
  // rqlite reports a failed statement inside a 200.
  return response.status === 200 && !text.includes('"error"')
}

/** One timed operation; whatever goes wrong makes it a failed one. */
const sample = (url: string, init: RequestInit): Effect.Effect<Sample> =>
  Effect.gen(function* () {
    const startMillis = yield* now
    const ok = yield* Effect.tryPromise(() => ask(url, init)).pipe(Effect.orElseSucceed(() => false))
    return { startMillis, latencyMillis: (yield* now) - startMillis, ok }
  })

const repeat = (url: string, init: RequestInit): Effect.Effect<Series, never, Scope.Scope> =>
  Effect.gen(function* () {
    const samples = yield* Ref.make<ReadonlyArray<Sample>>([])
    yield* sample(url, init).pipe(
      Effect.tap((taken) => Ref.update(samples, (all) => [...all, taken])),
      // A refused operation returns at once; a short pause keeps a broken node from being flooded.
      Effect.tap(({ ok }) => (ok ? Effect.void : Effect.sleep("20 millis"))),
      Effect.forever,
      Effect.forkScoped
    )
    return {
      since: (startMillis) =>
        Effect.map(Ref.get(samples), (all) => all.filter((taken) => taken.startMillis >= startMillis))
    }
  })

const json = { "content-type": "application/json" }

/** Creates the table that the writer fills. */
export const prepare = (url: string): Effect.Effect<Sample> =>
  sample(`${url}/db/execute`, {
    method: "POST",
    headers: json,
    body: JSON.stringify(["CREATE TABLE IF NOT EXISTS trial (id INTEGER PRIMARY KEY, at TEXT)"])
  })

/** Writes one row after the other through the node. */
export const writeSeries = (url: string): Effect.Effect<Series, never, Scope.Scope> =>
  repeat(`${url}/db/execute`, {
    method: "POST",
    headers: json,
    body: JSON.stringify(["INSERT INTO trial(at) VALUES(CURRENT_TIMESTAMP)"])
  })

/** Reads through the node at the default consistency (weak), which the leader answers. */
export const readSeries = (url: string): Effect.Effect<Series, never, Scope.Scope> =>
  repeat(`${url}/db/query?level=weak&q=${encodeURIComponent("SELECT COUNT(*) FROM trial")}`, {})
