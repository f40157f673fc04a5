import { once } from "node:events"
import { createServer } from "node:net"
import { fileURLToPath } from "node:url"

import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem } from "effect"

import { demoTiming } from "../../src/dev/core/demoTiming.ts"
import { freePorts } from "../../src/dev/freePorts.ts"
import { makeNodeFleet } from "../../src/dev/nodeFleet.ts"

const bin = fileURLToPath(new URL("../../src/bin.ts", import.meta.url))
const nodeProgram = {
  executable: process.execPath,
  args: ["--conditions=@coterie/source", bin, "dev", "node"]
}
const script = (text: string) => ({ executable: process.execPath, args: ["-e", text] })
const nobody = { onReport: () => Effect.void, onDeath: () => Effect.void }

/** A port that somebody listens on while the scope is open. */
const takenPort = Effect.acquireRelease(
  Effect.promise(async () => {
    const server = createServer().listen(0, "127.0.0.1")
    await once(server, "listening")
    return server
  }),
  (server) => Effect.sync(() => server.close())
).pipe(
  Effect.map((server) => {
    const address = server.address()
    return typeof address === "object" && address !== null ? address.port : 0
  })
)

const temporaryFolder = Effect.flatMap(FileSystem.FileSystem, (files) => files.makeTempDirectoryScoped())

describe("a node process", () => {
  it.live("that ends before it has loaded fails with its last words", () =>
    Effect.gen(function* () {
      const fleet = yield* makeNodeFleet(
        script("console.log('no report'); console.error('no memory')"),
        nobody
      )
      const failure = yield* Effect.flip(fleet.load("a"))
      assert.match(failure.message, /^node a did not start: no (report|memory)$/)
      assert.isFalse(fleet.isRunning("a"))
    }).pipe(Effect.provide(NodeServices.layer))
  )

  it.live("whose port is taken fails and names the port", () =>
    Effect.gen(function* () {
      const fleet = yield* makeNodeFleet(nodeProgram, nobody)
      const [opsPort = 0] = yield* freePorts(1)
      const peerPort = yield* takenPort
      yield* fleet.load("a")
      const start = {
        _tag: "Start",
        self: "a",
        nodes: [{ id: "a", peerPort, opsPort }],
        rttMillis: {},
        timing: demoTiming({}),
        stateFolder: yield* temporaryFolder
      } as const
      const failure = yield* Effect.flip(fleet.begin("a", start))
      assert.include(failure.message, `port ${peerPort} on 127.0.0.1 is in use`)
    }).pipe(Effect.provide(NodeServices.layer))
  )

  it.live("is killed at once, and can be loaded again", () =>
    Effect.gen(function* () {
      const deaths: Array<string> = []
      const fleet = yield* makeNodeFleet(nodeProgram, {
        ...nobody,
        onDeath: (node, lastWords) => Effect.sync(() => void deaths.push(node + lastWords))
      })
      yield* fleet.load("a")
      yield* fleet.kill("a")
      assert.deepStrictEqual(deaths, ["a"])
      yield* fleet.kill("a")
      yield* fleet.load("a")
      assert.isTrue(fleet.isRunning("a"))
    }).pipe(Effect.provide(NodeServices.layer))
  )
})
