import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Layer, Random } from "effect"
import { TestClock } from "effect/testing"

import { LeaderLocality, ProbeFailed } from "../src/index.ts"
import { agent, evenChance } from "./support/agent.ts"

/** An agent beside n1, and when it probed `far`, in seconds; n2 is silent. */
const watched = (chance = evenChance) => {
  const atSeconds: Array<number> = []
  const layer = agent({
    node: "n1",
    chance,
    options: { policy: "quorumLatency", mode: "advise" },
    probe: {
      measure: Effect.fnUntraced(function* ({ address, id }) {
        if (id !== "far") return yield* new ProbeFailed({ id, address, kind: "timeout", detail: "silent" })
        atSeconds.push((yield* Clock.currentTimeMillis) / 1000)
        return Duration.millis(20)
      })
    }
  })
  return { layer, atSeconds }
}

describe("LeaderLocality: how often it probes", () => {
  it.effect("a new link three times within ten seconds, then at each pass", () => {
    const { atSeconds, layer } = watched()
    return Effect.gen(function* () {
      yield* TestClock.adjust("5 minutes")
      assert.deepStrictEqual(atSeconds, [90, 95, 100, 180, 270])
    }).pipe(Effect.provide(layer))
  })

  it.effect("a link that was steady for an hour every second pass, and its row still says what it is", () => {
    const { atSeconds, layer } = watched()
    return Effect.gen(function* () {
      yield* TestClock.adjust("2 hours")
      const late = atSeconds.filter((at) => at > 3800)
      assert.deepStrictEqual(
        late.slice(1).map((at, index) => at - (late[index] ?? 0)),
        late.slice(1).map(() => 180)
      )
      const { rows } = yield* LeaderLocality
      assert.strictEqual((yield* rows).get("db")?.get("far"), 20)
    }).pipe(Effect.provide(layer))
  })

  it.effect("starts are off by up to a fifth, and the beat stays", () => {
    const early = Layer.succeed(Random.Random, { nextDoubleUnsafe: () => 0, nextIntUnsafe: () => 0 })
    const { atSeconds, layer } = watched(early)
    return Effect.gen(function* () {
      yield* TestClock.adjust("4 minutes")
      assert.deepStrictEqual(atSeconds, [72, 76, 80, 162])
    }).pipe(Effect.provide(layer))
  })
})
