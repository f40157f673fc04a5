import { mkdir, stat, writeFile } from "node:fs/promises"
import { join } from "node:path"

import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Layer, References } from "effect"

import { Agent } from "../src/Agent.ts"
import { configFrom } from "../src/config/loadConfig.ts"
import { openStateFolder } from "../src/stateFolder.ts"
import { temporaryFolder } from "./temporaryFolder.ts"

/** Opens the state folder of a node in this environment. */
const open = (
  node: { readonly id: string; readonly stateFolder?: string },
  env: Record<string, string> = {}
) =>
  Effect.flatMap(Effect.orDie(configFrom({ cluster: "prod", node })), openStateFolder).pipe(
    Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnv({ env }))
  )

describe("the state folder of a node", () => {
  it.live("is its own below node.stateFolder, and nobody else may look into it", () =>
    Effect.gen(function* () {
      const stateFolder = yield* temporaryFolder
      const folder = yield* open({ id: "n1", stateFolder })
      assert.strictEqual(folder, join(stateFolder, "prod", "n1"))
      for (const made of [folder, join(stateFolder, "prod")])
        assert.strictEqual((yield* Effect.promise(() => stat(made))).mode & 0o777, 0o700, made)
      assert.strictEqual(yield* open({ id: "n1", stateFolder }), folder, "a second time")
      for (const id of ["..", ".", "a/../../b", "%2E%2E"]) {
        const other = yield* open({ id, stateFolder })
        assert.strictEqual(join(other, ".."), join(stateFolder, "prod"), `${id} stays inside`)
      }
      assert.notStrictEqual(
        yield* open({ id: "..", stateFolder }),
        yield* open({ id: "%2E%2E", stateFolder })
      )
    })
  )

  it.live("is below the folder of the service, else of the user", () =>
    Effect.gen(function* () {
      const at = yield* temporaryFolder
      const inHome = yield* open({ id: "n1" }, { XDG_STATE_HOME: join(at, "xdg"), STATE_DIRECTORY: "" })
      assert.strictEqual(inHome, join(at, "xdg", "coterie", "prod", "n1"))
      const ofService = yield* open(
        { id: "n1" },
        { STATE_DIRECTORY: `${at}/first:${at}/second`, XDG_STATE_HOME: join(at, "xdg") }
      )
      assert.strictEqual(ofService, join(at, "first", "prod", "n1"))
    })
  )

  it.live("that cannot be is named with its key", () =>
    Effect.gen(function* () {
      const nowhere = yield* Effect.flip(open({ id: "n1" }))
      assert.match(nowhere.message, /^node\.stateFolder: is not set, and there is no default: /)
      const file = join(yield* temporaryFolder, "file")
      yield* Effect.promise(() => writeFile(file, ""))
      const noFolder = yield* Effect.flip(open({ id: "n1", stateFolder: file }))
      assert.strictEqual(
        noFolder.message,
        `node.stateFolder: cannot make ${file}/prod/n1: a part of the path is no folder; name a folder that this user can write and that survives restarts`
      )
    })
  )

  it.live("with a damaged promise keeps the agent from voting, and it says what to do", () =>
    Effect.gen(function* () {
      const stateFolder = yield* temporaryFolder
      const folder = join(stateFolder, "prod", "n1")
      yield* Effect.promise(() => mkdir(folder, { recursive: true }))
      yield* Effect.promise(() => writeFile(join(folder, "promise.json"), '{"promised": "'))
      const config = yield* Effect.orDie(
        configFrom({
          cluster: "prod",
          node: { id: "n1", stateFolder },
          api: { ops: "127.0.0.1:0" },
          peer: { listen: "127.0.0.1:0" }
        })
      )
      const { key, message } = yield* Effect.flip(Layer.build(Agent.layer(config)))
      assert.strictEqual(key, "node.stateFolder")
      assert.include(message, join(folder, "promise.json"))
      assert.include(message, 'write {"promised": N} into it')
    }).pipe(Effect.provideService(References.MinimumLogLevel, "None"))
  )
})
