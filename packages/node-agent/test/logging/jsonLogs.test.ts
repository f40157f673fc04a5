import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect } from "effect"

import { configFrom } from "../../src/config/loadConfig.ts"
import { jsonLogs } from "../../src/logging/jsonLogs.ts"

/** Runs the effect with logs of the given level and returns the lines as objects. */
const linesOf = (level: "info" | "debug", effect: Effect.Effect<unknown>) =>
  Effect.gen(function* () {
    const lines: Array<Record<string, unknown>> = []
    const output = { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) }
    const config = yield* configFrom({ cluster: "prod", node: { id: "n1" }, telemetry: { log: { level } } })
    yield* Effect.provide(effect, jsonLogs(config, output))
    return lines
  })

describe("jsonLogs", () => {
  it.effect("writes one object a line: who, when, what, and the fields of the line", () =>
    Effect.gen(function* () {
      const [line] = yield* linesOf(
        "info",
        Effect.logInfo("leader changed", { event: "x", leader: "n2", node: "n9" })
      )
      assert.match(String(line?.["time"]), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
      assert.deepStrictEqual(
        { ...line, time: "t" },
        {
          level: "info",
          time: "t",
          cluster: "prod",
          node: "n9",
          event: "x",
          leader: "n2",
          msg: "leader changed"
        }
      )
    })
  )
  it.effect("leaves out what is below its level", () =>
    Effect.gen(function* () {
      const logs = Effect.andThen(Effect.logDebug("fine print"), Effect.logWarning("look here"))
      assert.deepStrictEqual(
        (yield* linesOf("info", logs)).map(({ level, msg }) => [level, msg]),
        [["warn", "look here"]]
      )
      assert.lengthOf(yield* linesOf("debug", logs), 2)
    })
  )
  it.effect("replaces secrets by name, also inside of fields", () =>
    Effect.gen(function* () {
      const lines = yield* linesOf(
        "info",
        Effect.logInfo("calling", {
          password: "hunter2",
          headers: { authorization: "Basic hunter2" },
          a: { b: { token: "hunter2" } }
        })
      )
      assert.notInclude(JSON.stringify(lines), "hunter2")
      assert.include(JSON.stringify(lines), "***")
    })
  )
  it.effect("writes an error with its type and stack", () =>
    Effect.gen(function* () {
      const [line] = yield* linesOf("info", Effect.logError("failed", Cause.fail(new TypeError("odd"))))
      assert.include(line?.["err"], { type: "TypeError", message: "odd" })
    })
  )
})
