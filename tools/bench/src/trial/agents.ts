/** Real agents beside the nodes of a trial, each in its node's network namespace. */
import { type ChildProcess, spawn } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

import type { WanNode } from "@coterie/tools-wan"
import { Effect, type Scope } from "effect"

const bin = fileURLToPath(new URL("../../../../packages/node-agent/src/bin.ts", import.meta.url))
const opsPort = 7480
const peerPort = 7481

/** An agent of the trial. */
export interface TrialAgent {
  readonly id: string
  /** Address of its API, reached without delay. */
  readonly url: string
}

/** Starts one agent per node, all of one cluster, with what differs between trials in `settings`; they end with the scope. */
export const startAgents = (
  nodes: ReadonlyArray<WanNode>,
  settings: Readonly<Record<string, unknown>>
): Effect.Effect<ReadonlyArray<TrialAgent>, never, Scope.Scope> =>
  Effect.gen(function* () {
    const folder = yield* Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "coterie-trial-"))),
      (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
    )
    const peers = nodes.map((node) => ({ id: idOf(node), address: `http://${node.address}:${peerPort}` }))
    return yield* Effect.forEach(nodes, (node) => {
      const file = join(folder, `${idOf(node)}.yaml`)
      // JSON is YAML.
      writeFileSync(file, JSON.stringify(configOf(node, peers, settings)))
      return Effect.as(
        Effect.acquireRelease(
          Effect.sync(() => run(node, file)),
          (agent) => Effect.promise(() => stop(agent))
        ),
        { id: idOf(node), url: `http://${node.underlayAddress}:${opsPort}` }
      )
    })
  })

const idOf = (node: WanNode): string => `n${node.index + 1}`

const configOf = (
  node: WanNode,
  peers: ReadonlyArray<{ readonly id: string; readonly address: string }>,
  settings: Readonly<Record<string, unknown>>
) => ({
  cluster: "trial",
  node: { id: idOf(node), advertise: `http://${node.address}:${peerPort}` },
  peer: { listen: `${node.address}:${peerPort}` },
  membership: { peers },
  // The trial reads the API from outside the namespace.
  api: { ops: `${node.underlayAddress}:${opsPort}`, allowPlaintext: true },
  drain: { readinessDelay: "0s" },
  ...settings
})

const run = (node: WanNode, file: string): ChildProcess => {
  const [command, ...words] = node.execPrefix
  return spawn(
    command,
    [...words, process.execPath, "--conditions=@coterie/source", bin, "agent", "-c", file],
    {
      stdio: ["ignore", "ignore", process.env["TRIAL_LOGS"] === undefined ? "ignore" : "inherit"]
    }
  )
}

const stop = (agent: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    if (agent.exitCode !== null || agent.signalCode !== null) return resolve()
    const hard = setTimeout(() => agent.kill("SIGKILL"), 5000)
    agent.once("exit", () => {
      clearTimeout(hard)
      resolve()
    })
    agent.kill("SIGTERM")
  })
