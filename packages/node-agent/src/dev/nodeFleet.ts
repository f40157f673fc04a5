/** The node processes of the demo: loaded, begun, told, killed. */
import { Deferred, Effect, FiberMap, Schema, type Scope } from "effect"
import type { ChildProcessSpawner } from "effect/process"

import { type NodeProcess, type NodeProgram, spawnNode } from "./NodeProcess.ts"
import type { NodeCommand, NodeReport } from "./nodeProtocol.ts"

/** A node did not start. */
export class NodeFailed extends Schema.TaggedError<NodeFailed>()("NodeFailed", {
  node: Schema.String,
  detail: Schema.String
}) {
  override get message(): string {
    return `node ${this.node} did not start: ${this.detail}`
  }
}

/** Who listens to the fleet. */
export interface FleetListener {
  readonly onReport: (node: string, report: NodeReport) => Effect.Effect<void>
  /** The process ended; `lastWords` is what it wrote for people last, empty for nothing. */
  readonly onDeath: (node: string, lastWords: string) => Effect.Effect<void>
}

/** The processes, by node. */
export interface NodeFleet {
  readonly isRunning: (node: string) => boolean
  /** Starts a process and waits until it can be told to start. */
  readonly load: (node: string) => Effect.Effect<void, NodeFailed>
  /** Tells a loaded node to start and waits until it has. */
  readonly begin: (node: string, command: NodeCommand) => Effect.Effect<void, NodeFailed>
  /** Tells a running node something; nothing happens when it is dead. */
  readonly tell: (node: string, command: NodeCommand) => Effect.Effect<void>
  /** Kills the process and waits until it is gone. */
  readonly kill: (node: string) => Effect.Effect<void>
}

interface Running {
  readonly loaded: Deferred.Deferred<NodeProcess, NodeFailed>
  readonly started: Deferred.Deferred<void, NodeFailed>
}

/** A fleet without processes; those it gets are killed when the scope closes. */
export const makeNodeFleet = Effect.fnUntraced(function* (
  program: NodeProgram,
  { onDeath, onReport }: FleetListener
): Effect.fn.Return<NodeFleet, never, ChildProcessSpawner.ChildProcessSpawner | Scope.Scope> {
  const run = yield* FiberMap.makeRuntime<ChildProcessSpawner.ChildProcessSpawner, string>()
  const running = new Map<string, Running>()

  /** The life of one process, from its start to its end. */
  const live = Effect.fnUntraced(function* (node: string, { loaded, started }: Running) {
    const progress = (report: NodeReport, self: NodeProcess): Effect.Effect<unknown> => {
      switch (report._tag) {
        case "Loaded":
          return Deferred.succeed(loaded, self)
        case "Started":
          return Deferred.succeed(started, undefined)
        case "Failed":
          return Deferred.fail(started, new NodeFailed({ node, detail: report.detail }))
        case "Status":
        case "Decided":
        case "Written":
          return Effect.void
      }
    }
    const process = yield* spawnNode(program, (report, self) =>
      Effect.andThen(onReport(node, report), progress(report, self))
    )
    const lastWords = yield* process.ended
    running.delete(node)
    const failed = new NodeFailed({ node, detail: lastWords === "" ? "its process ended" : lastWords })
    yield* Deferred.fail(loaded, failed)
    yield* Deferred.fail(started, failed)
    yield* onDeath(node, lastWords)
  }, Effect.scoped)

  const load = Effect.fnUntraced(function* (node: string) {
    const entry = {
      loaded: yield* Deferred.make<NodeProcess, NodeFailed>(),
      started: yield* Deferred.make<void, NodeFailed>()
    }
    running.set(node, entry)
    run(node, live(node, entry))
    yield* Deferred.await(entry.loaded)
  })

  const tell = Effect.fnUntraced(function* (node: string, command: NodeCommand) {
    const entry = running.get(node)
    if (entry !== undefined)
      yield* Effect.ignore(Effect.flatMap(Deferred.await(entry.loaded), ({ send }) => send(command)))
  })

  const begin = Effect.fnUntraced(function* (node: string, command: NodeCommand) {
    const entry = running.get(node)
    if (entry === undefined) return yield* new NodeFailed({ node, detail: "its process ended" })
    yield* tell(node, command)
    yield* Deferred.await(entry.started)
  })

  const kill = Effect.fnUntraced(function* (node: string) {
    const entry = running.get(node)
    if (entry === undefined) return
    yield* Effect.ignore(
      Effect.flatMap(Deferred.await(entry.loaded), (process) => Effect.andThen(process.kill, process.ended))
    )
  })

  return { isRunning: (node) => running.has(node), load, begin, tell, kill }
})
