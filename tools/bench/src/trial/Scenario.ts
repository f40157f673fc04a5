/** A situation to put a cluster and its agents into, and what must come of it. Nodes are indexes into the WAN. */
import type { Wan } from "@coterie/tools-wan"
import type { Duration, Effect } from "effect"

import type { TrialAgents } from "./agents.ts"
import type { FirstPlacement, Look, TrialCluster, TrialEngine } from "./TrialEngine.ts"

/** What must hold in the end. Elections that the engine held of itself allow as many hand-overs more. */
export interface Expectation {
  /** Nodes of which one must lead each group. */
  readonly leaders: ReadonlyArray<number>
  /** Least and most hand-overs that the agents may ask for, over all groups. */
  readonly handOvers: readonly [number, number]
  /** Hand-overs that may aim at a node; without an entry any number. */
  readonly handOversTo?: Readonly<Record<number, number>>
  /** How much the median write must fall, at least. */
  readonly writeRatio?: number
  /** Most ms between two successful writes. */
  readonly writeGapMillis?: number
}

/** What a scenario works with. */
export interface Stage {
  readonly wan: Wan
  readonly engine: TrialEngine
  readonly cluster: TrialCluster
  readonly agents: TrialAgents
  say(line: string): Effect.Effect<void>
  /** Whether the cluster's latest look is as wished. */
  sees(wished: (look: Look) => boolean): Effect.Effect<boolean>
  /** Every request that the agents sent to the engine so far, as `TrialEngine.requestName` writes them. */
  readonly requests: Effect.Effect<Readonly<Record<string, number>>>
  /** Waits until the condition holds; a wait in vain is a broken promise, and the scenario goes on. */
  until(what: string, condition: Effect.Effect<boolean>, timeout: Duration.Input): Effect.Effect<void>
}

/** A situation. */
export interface Scenario extends FirstPlacement {
  readonly name: string
  /** What is shown, in one sentence. */
  readonly shows: string
  /** Round trips in ms. */
  readonly rttMillis: ReadonlyArray<ReadonlyArray<number>>
  /** Node through which the client writes. */
  readonly client: number
  readonly expect: Expectation
  /** What happens once the agents were started; ends when leadership is where it should stay. */
  run(stage: Stage): Effect.Effect<void>
}
