import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"

import { commandLine, commandsFrom, reportLine, reportsFrom } from "../../src/dev/nodeProtocol.ts"

const bytes = (...chunks: ReadonlyArray<string>) => Stream.encodeText(Stream.fromIterable(chunks))

describe("the node protocol", () => {
  it.effect("carries commands and reports as lines, however they are cut", () =>
    Effect.gen(function* () {
      const command = { _tag: "Write", request: 1, value: "x\ny" } as const
      const line = yield* commandLine(command)
      const commands = yield* Stream.runCollect(commandsFrom(bytes(line.slice(0, 5), line.slice(5), line)))
      assert.deepStrictEqual(commands, [command, command])
      const report = { _tag: "Written", request: 1, millis: 2.5 } as const
      const reports = yield* Stream.runCollect(reportsFrom(bytes(yield* reportLine(report))))
      assert.deepStrictEqual(reports, [report])
    })
  )

  it.effect("takes a line that is no report for text, and goes on", () =>
    Effect.gen(function* () {
      const reports = yield* Stream.runCollect(
        reportsFrom(bytes('oops\n\n{"_tag":"Nonsense"}\n{"_tag":"Loaded"}\n'))
      )
      assert.deepStrictEqual(reports, ["oops", '{"_tag":"Nonsense"}', { _tag: "Loaded" }])
    })
  )

  it.effect("fails at a command that is none", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(
        Stream.runDrain(commandsFrom(bytes('{"_tag":"Write","request":"one"}\n')))
      )
      assert.include(error.message, "request")
    })
  )
})
