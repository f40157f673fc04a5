/** Agents beside the nodes of an engine in memory, and the command line against them; time passes when the test says so. */
import { type ConsensusGroups, InMemoryGroups, type InMemoryGroupsOptions } from "@coterie/election"
import type { LocalityOptionsInput } from "@coterie/locality"
import { makeMemoryNetwork } from "@coterie/membership/testing"
import { NodeServices } from "@effect/platform-node"
import { Console, Context, Effect, Exit, Layer, Metric, Random, References, Scope } from "effect"
import { Command } from "effect/cli"
import { TestClock } from "effect/testing"

import { Agent } from "../../src/Agent.ts"
import { AgentBlocks } from "../../src/AgentBlocks.ts"
import { ApiServer } from "../../src/api/ApiServer.ts"
import type { AgentParts } from "../../src/assembleBlocks.ts"
import { coterie } from "../../src/cli/coterie.ts"
import { StopSignal } from "../../src/cli/StopSignal.ts"
import { configFrom } from "../../src/config/loadConfig.ts"

type Groups = ConsensusGroups["Service"]
type LocalityConfig = Parameters<typeof configFrom>[0]["locality"]

/** What a test changes. */
export interface FleetOptions {
  readonly world?: InMemoryGroupsOptions
  readonly locality?: LocalityConfig
  readonly options?: LocalityOptionsInput
  readonly nodes?: ReadonlyArray<string>
  /** Replaces calls to the engine beside `far`. */
  readonly engine?: (groups: Groups) => Partial<Groups>
}

/** A group led from `far`, 256 ms from two neighbours. */
const loneFarLeader: InMemoryGroupsOptions = {
  groups: { db: { leader: "far", voters: ["far", "n1", "n2"] } },
  rtt: (from, to) => (from === "far" || to === "far" ? 256 : 20)
}

/** Policies that act at the second look: the first measures, and the second knows what the others measured. */
export const eager = {
  mode: "act",
  persistence: "0s",
  settle: "0s"
} as const

/** What a command printed, and its exit. */
export interface Ran {
  readonly out: string
  readonly err: string
  readonly exit: Exit.Exit<void, unknown>
}

/** A running fleet. */
export interface Fleet {
  readonly world: InMemoryGroups["Service"]
  readonly blocks: (node: string) => AgentBlocks["Service"]
  readonly url: (node: string) => string
  readonly stop: (node: string) => Effect.Effect<void>
  /** Lets so many looks of every agent pass. */
  readonly looks: (count: number) => Effect.Effect<void>
  /** Runs a command against the agent beside a node; `far` unless said otherwise. */
  readonly run: (args: ReadonlyArray<string>, node?: string) => Effect.Effect<Ran>
}

/** Time between two looks: the default. */
const interval = "90 seconds"

/** Starts an agent beside each node; they end with the scope. */
export const startFleet = Effect.fnUntraced(
  function* ({
    engine = () => ({}),
    locality = {},
    nodes = ["far", "n1", "n2"],
    options = {},
    world: worldOptions = loneFarLeader
  }: FleetOptions) {
    const world = Context.get(yield* Layer.build(InMemoryGroups.layer(worldOptions)), InMemoryGroups)
    const network = yield* makeMemoryNetwork
    const fleetScope = yield* Effect.scope
    const agents = new Map<
      string,
      { readonly context: Context.Context<AgentBlocks | ApiServer>; readonly scope: Scope.Closeable }
    >()
    for (const node of nodes) {
      const config = yield* configFrom({
        cluster: "test",
        node: { id: node, advertise: `http://${node}`, zone: node === "far" ? "remote" : "home" },
        api: { ops: "127.0.0.1:0" },
        membership: {
          // Slow beats make hours pass quickly; a look is slower still.
          interval: "20s",
          deadAfter: "80s",
          peers: nodes.map((id) => ({ id, address: `http://${id}` }))
        },
        election: { strategy: "none" },
        drain: { readinessDelay: "0s" },
        locality
      })
      const groups = world.at(node)
      const parts: AgentParts = {
        config,
        consensusGroups: InMemoryGroups.layerNode(node).pipe(
          Layer.provide(
            Layer.succeed(InMemoryGroups, {
              ...world,
              at: () => ({ ...groups, ...(node === "far" ? engine(groups) : {}) })
            })
          )
        ),
        heartbeatTransport: network.layer(`http://${node}`),
        localityOptions: { probesPerRound: 1, ...options }
      }
      const scope = yield* Scope.fork(fleetScope)
      const context = yield* Layer.buildWithScope(
        Agent.layerWith(parts).pipe(Layer.provide(Layer.succeed(Metric.MetricRegistry, new Map()))),
        scope
      )
      agents.set(node, { context, scope })
    }
    const at = (node: string) => {
      const found = agents.get(node)
      if (found === undefined) throw new Error(`no agent beside ${node}`)
      return found
    }
    return {
      world,
      blocks: (node) => Context.get(at(node).context, AgentBlocks),
      url: (node) => Context.get(at(node).context, ApiServer).url,
      stop: (node) => Scope.close(at(node).scope, Exit.void),
      looks: (count) => Effect.replicateEffect(TestClock.adjust(interval), count, { discard: true }),
      run: (args, node = "far") =>
        runCommand([...args, "--endpoint", Context.get(at(node).context, ApiServer).url])
    } satisfies Fleet
  },
  Effect.provideService(References.MinimumLogLevel, "None"),
  // Chance that shifts nothing: looks are on time.
  Effect.provideService(Random.Random, { nextDoubleUnsafe: () => 0.5, nextIntUnsafe: () => 0 })
)

/** Runs a command in this process. */
export const runCommand = Effect.fnUntraced(function* (args: ReadonlyArray<string>) {
  const out: Array<string> = []
  const err: Array<string> = []
  const exit = yield* Command.runWith(coterie, { version: "0.0.0", renderErrors: false })(args).pipe(
    Effect.provideService(Console.Console, {
      ...globalThis.console,
      log: (...words: ReadonlyArray<unknown>) => void out.push(words.join(" ")),
      error: (...words: ReadonlyArray<unknown>) => void err.push(words.join(" "))
    }),
    Effect.provideService(StopSignal, { claim: Effect.succeed(Effect.never), endWithin: () => Effect.void }),
    Effect.provide(NodeServices.layer),
    Effect.exit
  )
  return { out: out.join("\n"), err: err.join("\n"), exit } satisfies Ran
})
