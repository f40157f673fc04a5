/** One node of a running engine, as tests see it: its addresses, and ways to hurt and heal it. */
import { Effect } from "effect"

import { EngineStartFailed } from "./EngineError.ts"
import type { EngineProcess } from "./EngineProcess.ts"
import { type NotYet, pollUntil, PollTimeout } from "./pollUntil.ts"

/** Milliseconds an engine gets to end in an orderly way before it is killed. */
export const stopDeadlineMillis = 5000

/** A node of a cluster. Its ports, data and id stay the same over restarts. */
export interface EngineNode {
  /** The engine's own name for the node. */
  readonly id: string
  /** Address of the client API. */
  readonly url: string
  /** Ports by purpose, such as `http`, `raft`, `client`, `peer`. */
  readonly ports: Readonly<Record<string, number>>
  /** File with everything the node printed, over all its runs. */
  readonly logPath: string
  /** Process id; `undefined` while the node is down. */
  readonly pid: number | undefined
  /** Stops the process in its tracks (SIGSTOP): connections stay open and nothing answers. */
  pause(): Effect.Effect<void>
  /** Lets a paused process go on (SIGCONT). */
  resume(): Effect.Effect<void>
  /** Kills the process (SIGKILL) and waits until it is gone. */
  kill(): Effect.Effect<void>
  /** Ends the process in an orderly way, after 5 s by SIGKILL, and waits until it is gone. */
  stop(): Effect.Effect<void>
  /**
   * Starts the node again with its data, after ending it if it runs, and waits until it serves, which in a
   * cluster takes a quorum: restart several nodes concurrently. Fails after the cluster's start timeout.
   */
  restart(): Effect.Effect<void, EngineStartFailed>
}

/** What a node is made of. */
export interface NodeParts {
  readonly engine: string
  readonly id: string
  readonly url: string
  readonly ports: Readonly<Record<string, number>>
  readonly process: EngineProcess
  /** Folder that holds the cluster's logs. */
  readonly directory: string
  /** Why the node is not ready; `undefined` when it is. */
  readonly ready: () => Promise<NotYet>
  /** Milliseconds a (re)start may take. */
  readonly startTimeoutMillis: number
}

/** Waits until the node is ready. Rejects with `EngineStartFailed` when its process ends or time is up. */
export const awaitReady = async (parts: NodeParts, signal?: AbortSignal): Promise<void> => {
  const { process } = parts
  const wait = { timeoutMillis: parts.startTimeoutMillis, ...(signal === undefined ? {} : { signal }) }
  try {
    await pollUntil(async () => (process.exit === undefined ? parts.ready() : undefined), wait)
  } catch (cause) {
    throw cause instanceof PollTimeout ? startFailed(parts, cause.message) : cause
  }
  if (process.exit !== undefined) throw startFailed(parts, `its process ended with ${process.exit}`)
}

const startFailed = (parts: NodeParts, problem: string): EngineStartFailed =>
  new EngineStartFailed({
    engine: parts.engine,
    node: parts.id,
    problem,
    logTail: parts.process.logTail(30),
    directory: parts.directory
  })

/** The handle of a node. */
export const makeNode = (parts: NodeParts): EngineNode => {
  const { process } = parts
  return {
    id: parts.id,
    url: parts.url,
    ports: parts.ports,
    logPath: process.spec.logPath,
    get pid() {
      return process.pid
    },
    pause: () => Effect.sync(() => void process.signal("SIGSTOP")),
    resume: () => Effect.sync(() => void process.signal("SIGCONT")),
    kill: () => Effect.promise(() => process.kill()),
    stop: () => Effect.promise(() => process.stop(stopDeadlineMillis)),
    restart: () =>
      Effect.tryPromise({
        try: async (signal) => {
          await process.stop(stopDeadlineMillis)
          process.start()
          await awaitReady(parts, signal)
        },
        catch: (cause) => asStartFailed(parts, cause)
      })
  }
}

/** The handle with an engine's own fields added; `pid` stays live, which a spread would freeze. */
export const extendNode = <Extra extends object>(node: EngineNode, extra: Extra): EngineNode & Extra =>
  Object.defineProperties({ ...extra }, Object.getOwnPropertyDescriptors(node)) as EngineNode & Extra

const asStartFailed = (parts: NodeParts, cause: unknown): EngineStartFailed =>
  cause instanceof EngineStartFailed ? cause : startFailed(parts, String(cause))
