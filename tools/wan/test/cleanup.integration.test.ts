import { spawn } from "node:child_process"
import { existsSync } from "node:fs"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"

import { pollUntil, requireCapability } from "@coterie/tools-engines"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

import { startWan, type WanNode } from "../src/index.ts"
import { nothingRemains, remainsOf } from "./remains.ts"

interface Owned {
  readonly nodes: readonly [WanNode, WanNode]
  readonly hubPid: number
}

/** Starts the owner in a process group of its own, and waits for the line that names what it owns. */
const startOwner = async () => {
  const file = fileURLToPath(new URL("./wanOwner.ts", import.meta.url))
  const owner = spawn(process.execPath, ["--conditions=@coterie/source", file], {
    stdio: ["ignore", "pipe", "inherit"],
    detached: true
  })
  for await (const line of createInterface(owner.stdout)) return { owner, owned: JSON.parse(line) as Owned }
  throw new Error("the owner ended without a word")
}

const hubEnds = (pid: number) =>
  pollUntil(() => (existsSync(`/proc/${pid}/exe`) ? "the hub runs" : undefined), { timeoutMillis: 20_000 })

describe.skipIf(!requireCapability("network-namespaces", "WAN cleanup").available)("WAN cleanup", () => {
  it.effect("happens when the owner is killed", () =>
    Effect.gen(function* () {
      const { owned, owner } = yield* Effect.promise(startOwner)
      assert.isAbove(remainsOf(owned.nodes[0]).length, 0)
      owner.kill("SIGKILL")
      yield* Effect.promise(() => nothingRemains(owned.nodes[0]))
      yield* Effect.promise(() => hubEnds(owned.hubPid))
    })
  )

  it.effect("happens at the next start when the hub is killed too", () =>
    Effect.gen(function* () {
      const { owned, owner } = yield* Effect.promise(startOwner)
      process.kill(owned.hubPid, "SIGKILL")
      owner.kill("SIGKILL")
      yield* Effect.promise(() => hubEnds(owned.hubPid))
      assert.isAbove(remainsOf(owned.nodes[0]).length, 0, "nobody was left to clean up")
      yield* Effect.scoped(startWan({ nodes: 1, rttMillis: 0 }))
      yield* Effect.promise(() => nothingRemains(owned.nodes[0]))
    })
  )

  it.effect("happens at the scope's end when the hub was killed, which is a typed error until then", () =>
    Effect.gen(function* () {
      const node = yield* Effect.scoped(
        Effect.gen(function* () {
          const wan = yield* startWan({ nodes: 2, rttMillis: 0 })
          process.kill(wan.hubPid ?? 0, "SIGKILL")
          yield* Effect.promise(() => hubEnds(wan.hubPid ?? 0))
          const failure = yield* Effect.flip(wan.stats)
          assert.strictEqual(failure._tag, "WanUnavailable")
          assert.strictEqual(failure.reason, "HubFailed")
          return wan.node(0)
        })
      )
      assert.deepStrictEqual(remainsOf(node), [])
    })
  )
})
