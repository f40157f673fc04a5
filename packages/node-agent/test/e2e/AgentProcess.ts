/** Real `coterie` processes, run from source. */
import { type ChildProcess, spawn } from "node:child_process"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

import { onTestFinished } from "@effect/vitest"
import { Schema } from "effect"

const bin = fileURLToPath(new URL("../../src/bin.ts", import.meta.url))

/** How a process ended. */
export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A process that runs until the test ends at the latest. */
export interface Running {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  /** What it wrote so far. */
  readonly stdout: () => string
  readonly stderr: () => string
}

/** Starts `coterie` with these arguments. */
export const start = (
  args: ReadonlyArray<string>,
  environment: Readonly<Record<string, string>> = {}
): Running => {
  const child = spawn(process.execPath, ["--conditions=@coterie/source", bin, ...args], {
    env: { PATH: process.env["PATH"] ?? "", NO_COLOR: "1", ...environment },
    stdio: ["ignore", "pipe", "pipe"]
  })
  let stdout = ""
  let stderr = ""
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()))
  const ended = new Promise<Ended>((resolve) =>
    child.on("close", (code) => resolve({ code, stdout, stderr }))
  )
  onTestFinished(async () => {
    child.kill("SIGKILL")
    await ended
  })
  return { child, ended, stdout: () => stdout, stderr: () => stderr }
}

/** Runs `coterie` with these arguments to its end. */
export const run = (
  args: ReadonlyArray<string>,
  environment: Readonly<Record<string, string>> = {}
): Promise<Ended> => start(args, environment).ended

/** Writes a configuration into a private folder and returns its path. */
export const configFile = async (text: string): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), "coterie-e2e-"))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const file = join(folder, "coterie.yaml")
  await writeFile(file, text, { mode: 0o600 })
  return file
}

/** Ports that were free a moment ago, all different. */
export const freePorts = async (count: number): Promise<ReadonlyArray<number>> => {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve) => {
          const server = createServer()
          server.listen(0, "127.0.0.1", () => resolve(server))
        })
    )
  )
  const ports = servers.map((server) => {
    const address = server.address()
    return typeof address === "object" && address !== null ? address.port : 0
  })
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}

/** Tries until the value satisfies the condition, for 20 s at most; the last value or error is in the failure. */
export const eventually = async <A>(
  attempt: () => Promise<A>,
  satisfies: (value: A) => boolean
): Promise<A> => {
  const deadline = performance.now() + 20_000
  for (;;) {
    const outcome = await attempt().then(
      (value) => ({ ok: satisfies(value), value: value as unknown }),
      (error: unknown) => ({ ok: false, value: error })
    )
    if (outcome.ok) return outcome.value as A
    if (performance.now() > deadline)
      throw new Error(
        `not within 20 s; last: ${outcome.value instanceof Error ? outcome.value.message : JSON.stringify(outcome.value)}`
      )
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** An agent whose API answers. */
export interface RunningAgent extends Running {
  readonly url: string
  readonly status: (path: string) => Promise<number>
  readonly text: (path: string) => Promise<string>
  /** The answer, checked against the schema of the API. */
  readonly read: <A>(schema: Schema.Codec<A, unknown>, path: string) => Promise<A>
}

/** Starts an agent and waits until it has started. */
export const startAgent = async (
  configuration: string,
  environment: Readonly<Record<string, string>> = {}
): Promise<RunningAgent> => {
  const running = start(["agent", "-c", await configFile(configuration)], environment)
  const started = await eventually(
    async () =>
      running
        .stderr()
        .split("\n")
        .find((line) => line.includes('"agent.started"')),
    (line) => line !== undefined || running.child.exitCode !== null
  )
  if (started === undefined) throw new Error(`the agent ended: ${(await running.ended).stderr}`)
  const { api } = JSON.parse(started) as { api: string }
  const text = (path: string) => fetch(api + path).then((response) => response.text())
  return {
    ...running,
    url: api,
    status: (path) => fetch(api + path).then(({ status }) => status),
    text,
    read: async (schema, path) => Schema.decodeUnknownSync(schema)(JSON.parse(await text(path)))
  }
}

/** A configuration for a test: any free port for the API, state in the configuration's own folder. */
export const agentConfig = (id: string, more = "", peerPort = 0): string => `
cluster: e2e
node: { id: ${id}, stateFolder: state }
api: { ops: "127.0.0.1:0" }
peer: { listen: "127.0.0.1:${peerPort}" }
${more}`
