/**
 * The demo: its node processes, what they report, and the hands that kill and restart them.
 *
 * No node outlives the scope, nor this process: a node ends when its standard input does.
 */
import { Context, Duration, Effect, FileSystem, Layer, Ref, Schema } from "effect"
import type { ChildProcessSpawner } from "effect/process"

import { newSwimKey } from "../config/swimKey.ts"
import { type DemoEvent, type DemoState, emptyDemo, observe } from "./core/demoState.ts"
import { demoTiming } from "./core/demoTiming.ts"
import { farthestNode, type Latencies } from "./core/latencies.ts"
import { freePorts } from "./freePorts.ts"
import { monotonicMillis } from "./monotonicMillis.ts"
import { makeNodeFleet, type NodeFleet } from "./nodeFleet.ts"
import type { NodeProgram } from "./NodeProcess.ts"
import type { NodeCommand, NodeReport } from "./nodeProtocol.ts"
import { makePendingWrites, type WriteReport } from "./pendingWrites.ts"
import { seenDecision } from "./seenDecision.ts"

/** The nodes could not be started. */
export class DemoFailed extends Schema.TaggedError<DemoFailed>()("DemoFailed", { detail: Schema.String }) {
  override get message(): string {
    return `the demo could not start: ${this.detail}`
  }
}

/** What to show. */
export interface DemoPlan {
  readonly latencies: Latencies
  /** How the agents know each other. */
  readonly membership: "swim" | "heartbeat"
}

/** The five nodes of the demo. */
export class Demo extends Context.Service<
  Demo,
  {
    readonly latencies: Latencies
    /** What is known now. */
    readonly state: Effect.Effect<DemoState>
    /** Records what happened. */
    record(event: DemoEvent): Effect.Effect<void>
    /** Writes through a node and waits for the end; a dead node answers nothing, which is a failure too. */
    write(node: string, value: string): Effect.Effect<WriteReport>
    /** Ends a node's process at once (SIGKILL). Does nothing when it is dead. */
    kill(node: string): Effect.Effect<void>
    /** Starts a dead node again; it remembers what it promised, nothing else. Does nothing when it runs. */
    restart(node: string): Effect.Effect<void>
    /** Ms since the demo began. */
    readonly elapsedMillis: Effect.Effect<number>
  }
>()("@coterie/node-agent/dev/Demo") {
  /** Starts the nodes and waits until all run. Fails with `DemoFailed` when they do not, three times in a row. */
  static readonly layer = (
    program: NodeProgram,
    plan: DemoPlan
  ): Layer.Layer<Demo, DemoFailed, ChildProcessSpawner.ChildProcessSpawner | FileSystem.FileSystem> =>
    Layer.effect(Demo, make(program, plan))
}

/** Longest that a start of all nodes may take; five processes load at once. */
const startTimeout = Duration.seconds(20)
/** Another program may take a port between finding it free and using it. */
const startAttempts = 3

const make = Effect.fnUntraced(function* (program: NodeProgram, { latencies, membership }: DemoPlan) {
  const ids = Object.keys(latencies)
  const firstLeader = farthestNode(latencies)
  const beganMillis = yield* monotonicMillis
  const state = yield* Ref.make(emptyDemo(ids, firstLeader))
  const record = (event: DemoEvent) => Ref.update(state, (before) => observe(before, event))
  const writes = makePendingWrites()
  const fleet = yield* makeNodeFleet(program, {
    onReport: (node, report) => hear(node, report),
    onDeath: (node, lastWords) =>
      Effect.andThen(writes.abandon(node), record({ _tag: "Died", node, lastWords }))
  })

  const hear = (node: string, report: NodeReport): Effect.Effect<void> => {
    switch (report._tag) {
      case "Started":
        return record({ _tag: "Started", node, opsUrl: report.opsUrl })
      case "Status":
        return record({ _tag: "Seen", node, status: report.status })
      case "Decided":
        return record({ _tag: "Decided", decision: seenDecision(node, report.decision) })
      case "Written":
        return writes.end(report.request, { millis: report.millis, failure: report.failure })
      case "Loaded":
      case "Failed":
        return Effect.void
    }
  }

  const stateFolder = yield* temporaryFolder
  const load = (node: string) => Effect.andThen(record({ _tag: "Spawned", node }), fleet.load(node))
  const starts = yield* startAll({ ...fleet, load }, latencies, {
    bootstrapLeader: firstLeader,
    stateFolder,
    swimKey: membership === "swim" ? newSwimKey() : undefined
  })
  return Demo.of({
    latencies,
    state: Ref.get(state),
    record,
    write: (node, value) =>
      fleet.isRunning(node)
        ? writes.wait(node, (request) => fleet.tell(node, { _tag: "Write", request, value }))
        : Effect.succeed({ millis: 0, failure: `${node} is dead` }),
    kill: (node) => fleet.kill(node),
    restart: Effect.fnUntraced(function* (node) {
      const command = starts.get(node)
      if (command === undefined || fleet.isRunning(node)) return
      // A node that does not start ends, and its last words are in the state.
      yield* Effect.ignore(Effect.andThen(load(node), fleet.begin(node, command)))
    }),
    elapsedMillis: Effect.map(monotonicMillis, (now) => now - beganMillis)
  })
})

/** A folder that is gone with the demo; a demo that is killed leaves it to the system, which clears temporary files. */
const temporaryFolder = Effect.flatMap(FileSystem.FileSystem, (files) =>
  files.makeTempDirectoryScoped({ prefix: "coterie-dev-" })
).pipe(Effect.mapError(({ message }) => new DemoFailed({ detail: message })))

type Start = Extract<NodeCommand, { _tag: "Start" }>

/** What a new group starts with besides its nodes. */
interface Beginning {
  readonly bootstrapLeader: string
  readonly stateFolder: string
  /** New for each run of the demo; undefined for heartbeats. */
  readonly swimKey: string | undefined
}

/** Starts a new group of all nodes, and returns what to tell a node that is started again. */
const startAll = Effect.fnUntraced(
  function* (fleet: NodeFleet, latencies: Latencies, { bootstrapLeader, stateFolder, swimKey }: Beginning) {
    const ids = Object.keys(latencies)
    const ports = yield* freePorts(2 * ids.length)
    const nodes = ids.map((id, index) => ({
      id,
      peerPort: ports[2 * index] ?? 0,
      opsPort: ports[2 * index + 1] ?? 0
    }))
    const timing = demoTiming(latencies)
    const starts = new Map(
      ids.map((self): [string, Start] => [
        self,
        { _tag: "Start", self, nodes, rttMillis: latencies[self] ?? {}, timing, stateFolder, swimKey }
      ])
    )
    const together = { concurrency: "unbounded", discard: true } as const
    yield* Effect.forEach(ids, fleet.load, together).pipe(
      Effect.andThen(
        Effect.forEach(starts, ([id, start]) => fleet.begin(id, { ...start, bootstrapLeader }), together)
      ),
      Effect.mapError(({ message }) => new DemoFailed({ detail: message })),
      Effect.timeoutOrElse({
        duration: startTimeout,
        orElse: () =>
          Effect.fail(new DemoFailed({ detail: `not all nodes ran after ${Duration.format(startTimeout)}` }))
      }),
      Effect.tapError(() => Effect.forEach(ids, fleet.kill, together))
    )
    return starts
  },
  Effect.retry({ times: startAttempts - 1 })
)
