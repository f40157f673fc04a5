/**
 * Starts the processes of one cluster in a scope: in waves, each wave ready before the next, with new
 * ports and a new folder when another program took a port first, and all of it ended and removed when the
 * scope closes.
 */
import { Effect, Exit, type Scope } from "effect"

import { type EngineName, engines } from "./Engine.ts"
import { EngineMissing, type EngineStartError, EngineStartFailed } from "./EngineError.ts"
import { keepLogs, makeFolder, removeFolder } from "./EngineFolder.ts"
import { awaitReady, type EngineNode, makeNode, type NodeParts } from "./EngineNode.ts"
import { EngineProcess, type ProcessSpec } from "./EngineProcess.ts"
import { locate } from "./locate.ts"
import { type NotYet, pollUntil } from "./pollUntil.ts"

/** How one node is to be started. */
export interface NodePlan extends Pick<NodeParts, "id" | "url" | "ports" | "ready"> {
  readonly process: Omit<ProcessSpec, "id" | "logPath">
  /** Nodes of wave 0 start first; a wave starts when the one before is ready. Default 0. */
  readonly wave?: number
}

/** How a cluster is to be started. */
export interface ClusterPlan<Node extends NodePlan> {
  readonly nodes: ReadonlyArray<Node>
  /** Work after every node is ready, such as joining them. */
  readonly join?: (signal: AbortSignal) => Promise<void>
  /** Why the cluster as a whole is not ready. Default: ready when its nodes are. */
  readonly ready?: () => Promise<NotYet>
}

/** What a plan is made from. */
export interface LaunchContext {
  /** Path of the engine's server program. */
  readonly program: string
  /** Folder of the cluster; data belongs under `data/`. */
  readonly directory: string
}

/** Bounds of a start. */
export interface LaunchOptions {
  /** Milliseconds each wave, and the cluster as a whole, may take to get ready. Default 30000. */
  readonly startTimeoutMillis?: number
}

/** A running cluster: its nodes, each with the plan it came from, and the folder of its data and logs. */
export interface Launched<Node extends NodePlan> {
  readonly directory: string
  readonly nodes: ReadonlyArray<{ readonly plan: Node; readonly node: EngineNode }>
}

/** Milliseconds a process gets to end when its cluster closes; its data goes anyway. */
const closeDeadlineMillis = 1000

/** How often a start is tried when ports turn out to be taken. */
const attempts = 3

/** Starts a cluster by the plan that `plan` makes; `plan` runs again, for new ports, on each attempt. */
export const launchCluster = <Node extends NodePlan>(
  engine: EngineName,
  options: LaunchOptions,
  plan: (context: LaunchContext) => Promise<ClusterPlan<Node>>
): Effect.Effect<Launched<Node>, EngineStartError, Scope.Scope> =>
  Effect.gen(function* () {
    const program = locate(engine)
    if (program === undefined) {
      const { binary, variable } = engines[engine]
      return yield* new EngineMissing({ engine, binary, variable })
    }
    const launch = yield* Effect.acquireRelease(
      Effect.sync(() => new Launch(engine, options.startTimeoutMillis ?? 30_000, program, plan)),
      (launch, exit) => Effect.promise(() => launch.close(Exit.isSuccess(exit)))
    )
    return yield* Effect.tryPromise({
      try: (signal) => launch.run(signal),
      catch: (cause) => launch.failure(cause)
    })
  })

class Launch<Node extends NodePlan> {
  readonly #engine: EngineName
  readonly #startTimeoutMillis: number
  readonly #program: string
  readonly #plan: (context: LaunchContext) => Promise<ClusterPlan<Node>>
  #directory = ""
  #processes: ReadonlyArray<EngineProcess> = []
  #failed = false

  constructor(
    engine: EngineName,
    startTimeoutMillis: number,
    program: string,
    plan: (context: LaunchContext) => Promise<ClusterPlan<Node>>
  ) {
    this.#engine = engine
    this.#startTimeoutMillis = startTimeoutMillis
    this.#program = program
    this.#plan = plan
  }

  async run(signal: AbortSignal): Promise<Launched<Node>> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#attempt(signal)
      } catch (cause) {
        if (signal.aborted || attempt === attempts || !this.#portWasTaken()) throw cause
        await this.close(true)
      }
    }
  }

  /** Ends every process; then the folder goes, or its logs stay when something failed. */
  async close(success: boolean): Promise<void> {
    await Promise.all(this.#processes.map((process) => process.stop(closeDeadlineMillis)))
    if (this.#directory === "") return
    if (success && !this.#failed) removeFolder(this.#directory)
    else keepLogs(this.#directory)
  }

  /** The typed error for whatever stopped the start. */
  failure(cause: unknown): EngineStartFailed {
    this.#failed = true
    if (cause instanceof EngineStartFailed) return cause
    return new EngineStartFailed({
      engine: this.#engine,
      node: "",
      problem: cause instanceof Error ? cause.message : String(cause),
      logTail: this.#processes.map((process) => process.logTail(10)).join("\n"),
      directory: this.#directory
    })
  }

  async #attempt(signal: AbortSignal): Promise<Launched<Node>> {
    const directory = makeFolder(this.#engine)
    this.#directory = directory
    this.#processes = []
    const plan = await this.#plan({ program: this.#program, directory })
    const nodes = plan.nodes.map((node) => ({ plan: node, parts: this.#parts(node) }))
    this.#processes = nodes.map(({ parts }) => parts.process)
    const waves = [...new Set(plan.nodes.map(({ wave }) => wave ?? 0))].toSorted(
      (left, right) => left - right
    )
    for (const wave of waves) {
      const members = nodes.filter(({ plan: { wave: own } }) => (own ?? 0) === wave)
      for (const { parts } of members) parts.process.start()
      await Promise.all(members.map(({ parts }) => awaitReady(parts, signal)))
    }
    await plan.join?.(signal)
    if (plan.ready !== undefined) {
      await pollUntil(plan.ready, { timeoutMillis: this.#startTimeoutMillis, signal })
    }
    return { directory, nodes: nodes.map(({ plan, parts }) => ({ plan, node: makeNode(parts) })) }
  }

  #parts(plan: NodePlan): NodeParts {
    const directory = this.#directory
    const logPath = `${directory}/${plan.id.replaceAll(/[^\w.-]/g, "_")}.log`
    return {
      engine: this.#engine,
      id: plan.id,
      url: plan.url,
      ports: plan.ports,
      ready: plan.ready,
      directory,
      startTimeoutMillis: this.#startTimeoutMillis,
      process: new EngineProcess({ ...plan.process, id: plan.id, logPath })
    }
  }

  #portWasTaken(): boolean {
    return this.#processes.some((process) => /address already in use|EADDRINUSE/i.test(process.logTail(50)))
  }
}
