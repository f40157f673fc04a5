/** Real agents that know each other by SWIM. */
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { onTestFinished } from "@effect/vitest"

import { newSwimKey } from "../../src/config/swimKey.ts"
import { freePorts, type RunningAgent, startAgent } from "./AgentProcess.ts"

/** Running agents, and how to start one again with what it kept. */
export interface SwimCluster {
  readonly agents: Map<string, RunningAgent>
  /** Has the state of all. */
  readonly folder: string
  readonly restart: (id: string) => Promise<RunningAgent>
}

/** Starts agents of one cluster, which share a file with one key. */
export const startSwimCluster = async (
  ids: ReadonlyArray<string>,
  voters: ReadonlyArray<string>
): Promise<SwimCluster> => {
  const folder = await mkdtemp(join(tmpdir(), "coterie-swim-"))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const keysFile = join(folder, "swim.keys")
  await writeFile(keysFile, `${newSwimKey()}\n`, { mode: 0o600 })
  const ports = await freePorts(ids.length)
  const address = (id: string) => `127.0.0.1:${ports[ids.indexOf(id)]}`
  const peers = voters.map((id) => `{ id: ${id}, address: "${address(id)}" }`).join(", ")
  const startOne = (id: string) =>
    startAgent(`
cluster: e2e
node: { id: ${id}, stateFolder: "${folder}/state" }
api: { ops: "127.0.0.1:0" }
peer: { listen: "${address(id)}" }
membership: { interval: 200ms, deadAfter: 2s, profile: local, keys_file: "${keysFile}", peers: [${peers}] }
election: { lease: 2s, cooldown: 1m }
drain: { readinessDelay: 0s, deadline: 10s }
`)
  const agents = new Map<string, RunningAgent>()
  await Promise.all(ids.map(async (id) => agents.set(id, await startOne(id))))
  return { agents, folder, restart: startOne }
}
