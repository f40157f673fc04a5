import { spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync } from "node:fs"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"

import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

import { requireEngine, startRqliteCluster } from "../src/index.ts"
import { allGone, isRunning } from "./processes.ts"

interface Owned {
  readonly directory: string
  readonly pids: ReadonlyArray<number>
}

/** Starts the owner and waits for the line that names what it owns. */
const startOwner = async () => {
  const owner = spawn(process.execPath, [fileURLToPath(new URL("./orphanOwner.ts", import.meta.url))], {
    stdio: ["ignore", "pipe", "inherit"]
  })
  for await (const line of createInterface(owner.stdout)) return { owner, owned: JSON.parse(line) as Owned }
  throw new Error("the owner ended without a word")
}

describe.skipIf(!requireEngine("rqlite", "engines of a killed owner").available)(
  "engines of a killed owner",
  () => {
    it.effect("end with it, and the next start removes their folder", () =>
      Effect.gen(function* () {
        const { owned, owner } = yield* Effect.promise(startOwner)
        assert.isTrue(owned.pids.every(isRunning))
        // Until its end has been noticed here the owner is a zombie, which counts as a running process.
        const ended = once(owner, "exit")
        owner.kill("SIGKILL")
        yield* Effect.promise(() => ended)
        yield* Effect.promise(() => allGone(owned.pids))
        assert.isTrue(existsSync(owned.directory))
        yield* Effect.scoped(startRqliteCluster({ voters: 1 }))
        assert.isFalse(existsSync(owned.directory))
      })
    )
  }
)
