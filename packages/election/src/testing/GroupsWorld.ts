/** The port that the contract of `ConsensusGroups` drives: one group on an engine whose nodes can be hung, killed and brought back. */
import { Context, type Effect } from "effect"

import type { ConsensusGroups } from "../ConsensusGroups.ts"

/** A group with three or more voters and, where the engine knows such, a non-voter, all up and led by a voter before each case. */
export class GroupsWorld extends Context.Service<
  GroupsWorld,
  {
    readonly group: string
    readonly voters: readonly [string, string, string, ...ReadonlyArray<string>]
    /** Undefined for an engine whose replicas all vote. */
    readonly nonVoter: string | undefined
    /** The driver beside a replica. */
    at(replica: string): ConsensusGroups["Service"]
    /** The replica's process stops; its kernel still takes connections. */
    hang(replica: string): Effect.Effect<void>
    /** The replica is gone. */
    kill(replica: string): Effect.Effect<void>
    /** Ends a hang or a kill, and returns when the replica answers again. */
    revive(replica: string): Effect.Effect<void>
  }
>()("@coterie/election/testing/GroupsWorld") {}
