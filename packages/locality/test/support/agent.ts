import { ConsensusGroups, InMemoryGroups, type InMemoryGroupsOptions } from "@coterie/election"
import { Effect, Layer, Metric, Random } from "effect"

import {
  type Decision,
  EngineProbe,
  type HandOverOutcome,
  LeaderLocality,
  type LocalityOptionsInput,
  RowExchange,
  RttProbe,
  type StayReason
} from "../../src/index.ts"

/** Round trips of three nodes of which `far` is 256 ms from the other two, which are neighbours. */
const loneFarLeader: InMemoryGroupsOptions = {
  groups: { db: { leader: "far", voters: ["far", "n1", "n2"] } },
  rtt: (from, to) => (from === "far" || to === "far" ? "256 millis" : "20 millis")
}

type Groups = ConsensusGroups["Service"]

/** What a test changes about a node's agent. */
export interface AgentOptions {
  readonly node?: string
  readonly world?: InMemoryGroupsOptions
  readonly options?: LocalityOptionsInput
  /** Replaces calls to the engine. */
  readonly engine?: (groups: Groups) => Partial<Groups>
  /** What other agents tell; nothing by default. */
  readonly exchange?: RowExchange
  /** Replaces the probe through the engine. */
  readonly probe?: RttProbe["Service"]
  /** Shifts passes and probes; evenly, which is not at all, by default. */
  readonly chance?: Layer.Layer<never>
}

/** Chance that shifts nothing: passes and probes are on time. */
export const evenChance = Layer.succeed(Random.Random, {
  nextDoubleUnsafe: () => 0.5,
  nextIntUnsafe: () => 0
})

const silence: RowExchange = { publish: () => Effect.void, heard: Effect.succeed([]) }

/** The agent of one node of an in-memory world, in mode `act` with one probe a round unless the test says otherwise. */
export const agent = ({
  node = "far",
  world = loneFarLeader,
  options = {},
  engine = () => ({}),
  exchange = silence,
  probe,
  chance = evenChance
}: AgentOptions = {}) => {
  const groups = Layer.effect(
    ConsensusGroups,
    Effect.map(InMemoryGroups, (inMemory) => {
      const real = inMemory.at(node)
      return { ...real, ...engine(real) }
    })
  )
  return LeaderLocality.layer({ mode: "act", policy: "nearestPeer", probesPerRound: 1, ...options }).pipe(
    Layer.provide(Layer.succeed(RowExchange, exchange)),
    Layer.provide(probe === undefined ? EngineProbe.layer : Layer.succeed(RttProbe, probe)),
    Layer.provide(groups),
    Layer.provideMerge(InMemoryGroups.layer(world)),
    Layer.provide(chance),

    Layer.provideMerge(Layer.succeed(Metric.MetricRegistry, new Map()))
  )
}

/** One pass now. */
export const evaluate = Effect.flatMap(LeaderLocality, (locality) => locality.evaluateNow)

/** One pass now over a world of one group. */
export const evaluateOne = Effect.flatMap(evaluate, (decisions) => {
  const [decision, ...others] = decisions
  return decision === undefined || others.length > 0
    ? Effect.die(`expected one decision, got ${decisions.length}`)
    : Effect.succeed(decision)
})

/** The reason of a decision to stay. */
export const reasonOf = ({ action }: Decision): StayReason | undefined =>
  action._tag === "Stay" ? action.reason : undefined

/** The outcome of a decision to transfer. */
export const outcomeOf = ({ action }: Decision): HandOverOutcome | undefined =>
  action._tag === "Transfer" ? action.outcome : undefined

/** The value of a counter or gauge whose attributes include these; undefined when there is none. */
export const metric = (id: string, attributes: Readonly<Record<string, string>> = {}) =>
  Effect.map(Metric.snapshot, (snapshots) => {
    const found = snapshots.find(
      (one) =>
        one.id === id && Object.entries(attributes).every(([key, value]) => one.attributes?.[key] === value)
    )
    if (found?.type === "Counter") return Number(found.state.count)
    return found?.type === "Gauge" ? Number(found.state.value) : undefined
  })
