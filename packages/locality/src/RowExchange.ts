/**
 * The port over which agents tell each other what they measured and attempted.
 *
 * What is heard are claims. Times are monotonic ms of this node: the exchange turns the ages that travel into local times.
 */
import type { NodeId } from "@coterie/membership"
import { Context, Effect } from "effect"

import type { LinkEstimate } from "./core/linkRounds.ts"
import type { TransferAttempt } from "./core/transferGuards.ts"
import type { WantedLink } from "./core/wantedLinks.ts"

/** An attempt to move a group's leadership. */
export interface GroupAttempt extends TransferAttempt {
  readonly group: string
}

/** What one agent knows first-hand. Places are the addresses of replicas, or their ids where they have none. */
export interface RowReport {
  /** Round trips measured from the agent's places, by from and to. */
  readonly rows: ReadonlyMap<string, ReadonlyMap<string, LinkEstimate>>
  /** Places that are about to go away: they should be given no leadership. */
  readonly draining: ReadonlySet<string>
  /** The agent's attempts of the last 24 h. */
  readonly attempts: ReadonlyArray<GroupAttempt>
  /** Links by place that the agent must know to decide: the agents at their ends are asked to probe them. */
  readonly wanted: ReadonlyArray<WantedLink>
}

/** A report of another agent. */
export interface HeardReport extends RowReport {
  readonly agent: NodeId
}

/** Shares reports between agents. */
export interface RowExchange {
  /** Replaces what the others are told. */
  publish(report: RowReport): Effect.Effect<void>
  /** The newest report of each agent that was ever heard; old ones grow stale by themselves. */
  readonly heard: Effect.Effect<ReadonlyArray<HeardReport>>
}

/** Shares reports between agents; without a layer nothing is told and nothing heard. */
export const RowExchange: Context.Reference<RowExchange> = Context.Reference(
  "@coterie/locality/RowExchange",
  {
    defaultValue: (): RowExchange => ({ publish: () => Effect.void, heard: Effect.succeed([]) })
  }
)
