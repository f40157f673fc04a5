/** Runs the demo until its leader is well placed, or the deadline has passed. */
import { Duration, Effect } from "effect"

import { type DemoReport, demoReport } from "./core/demoReport.ts"
import { whyNotPlaced } from "./core/demoState.ts"
import { Demo } from "./Demo.ts"
import { writeForEver } from "./writer.ts"

const lookInterval = Duration.millis(50)

/** The report of the demo, well or not. */
export const runOnce = Effect.fn("runOnce")(function* (
  deadline: Duration.Duration
): Effect.fn.Return<DemoReport, never, Demo> {
  const demo = yield* Demo
  const look = Effect.gen(function* () {
    const state = yield* demo.state
    const reason = whyNotPlaced(state)
    const elapsedMillis = yield* demo.elapsedMillis
    const late = elapsedMillis >= Duration.toMillis(deadline)
    return reason === undefined || late ? demoReport(state, elapsedMillis, reason) : undefined
  })
  const waiting = look.pipe(
    Effect.tap((report) => (report === undefined ? Effect.sleep(lookInterval) : Effect.void)),
    Effect.repeat({ until: (report) => report !== undefined })
  )
  return yield* Effect.raceFirst(writeForEver, waiting)
})
