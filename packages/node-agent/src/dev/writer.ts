/** Writes one value after the other through a near node, and records how long each took. */
import { Duration, Effect } from "effect"

import { agreedLeader, writerNode } from "./core/demoState.ts"
import { Demo } from "./Demo.ts"

const pause = Duration.millis(20)

/** Never ends. A write that was not acknowledged is recorded and not repeated. */
export const writeForEver = Effect.gen(function* () {
  const demo = yield* Demo
  let count = 0
  const writeOnce = Effect.gen(function* () {
    const before = yield* demo.state
    const through = writerNode(before)
    if (through === undefined) return
    count += 1
    const { failure, millis } = yield* demo.write(through, `write ${count}`)
    const after = yield* demo.state
    const leader = agreedLeader(before)
    const atMillis = yield* demo.elapsedMillis
    yield* demo.record({
      _tag: "Wrote",
      sample: {
        leader: leader === agreedLeader(after) ? leader : undefined,
        through,
        millis,
        failure,
        atMillis
      }
    })
  })
  return yield* writeOnce.pipe(Effect.andThen(Effect.sleep(pause)), Effect.forever)
})
