import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Layer, Random } from "effect"
import { TestClock } from "effect/testing"

import { type HeardReport, LeaderLocality, ProbeFailed } from "../src/index.ts"
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

/** An agent that asks for the link between n1 and n2. */
const asked = (askedAtMillis: number): HeardReport => ({
  agent: "far",
  rows: new Map(),
  draining: new Set(),
  attempts: [],
  wanted: [{ from: "n2.memory:0", to: "n1.memory:0", askedAtMillis }]
})

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

  it.effect(
    "a silent link every five seconds, while another agent asks for it and until it is measured",
    () => {
      const heard: Array<HeardReport> = []
      let answers = false
      const atSeconds: Array<number> = []
      const layer = agent({
        node: "n1",
        options: { policy: "quorumLatency", mode: "advise" },
        exchange: { publish: () => Effect.void, heard: Effect.sync(() => [...heard]) },
        probe: {
          measure: Effect.fnUntraced(function* ({ address, id }) {
            if (id !== "n2") return Duration.millis(20)
            atSeconds.push((yield* Clock.currentTimeMillis) / 1000)
            if (answers) return Duration.millis(20)
            return yield* new ProbeFailed({ id, address, kind: "timeout", detail: "silent" })
          })
        }
      })
      const probedIn = Effect.fnUntraced(function* (time: Duration.Input) {
        atSeconds.length = 0
        yield* TestClock.adjust(time)
        return [...atSeconds]
      })
      return Effect.gen(function* () {
        yield* TestClock.adjust("185 seconds")
        assert.deepStrictEqual(yield* probedIn("84 seconds"), [], "nobody asks")
        heard.push(asked(269_000))
        assert.deepStrictEqual(yield* probedIn("13 seconds"), [270, 275, 280])
        answers = true
        assert.deepStrictEqual(yield* probedIn("25 seconds"), [285, 290, 295], "until it counts")
        answers = false
        heard.splice(0, 1, asked(300_000))
        yield* TestClock.adjust("20 minutes")
        assert.deepStrictEqual(yield* probedIn("180 seconds"), [1530, 1620], "who asked is gone")
      }).pipe(Effect.provide(layer))
    }
  )
})
