/**
 * The port that the election contract drives: a small cluster whose nodes start and crash, whose links are cut, and whose time passes on
 * request. Each strategy brings one.
 */
import type { NodeId } from "@coterie/membership"
import { Context, type Duration, type Effect } from "effect"

import type { Election } from "../Election.ts"

/** A cluster of one election, of which no node runs at first. */
export class ElectionWorld extends Context.Service<
  ElectionWorld,
  {
    /** The configured members, sorted; three or more. */
    readonly members: readonly [NodeId, NodeId, NodeId, ...ReadonlyArray<NodeId>]
    /** The longest time that the strategy needs, after any change, until a quorum in full contact agrees on one leader. */
    readonly settling: Duration.Duration
    /** Starts a node, remembering only what its strategy stores. */
    start(node: NodeId): Effect.Effect<Election["Service"]>
    /** Stops a node without a goodbye. */
    crash(node: NodeId): Effect.Effect<void>
    /** Loses everything that one node sends to another, requests and answers. */
    cut(from: NodeId, to: NodeId): Effect.Effect<void>
    heal(from: NodeId, to: NodeId): Effect.Effect<void>
    /** Lets time pass; running nodes have done what was due when it returns. */
    advance(duration: Duration.Duration): Effect.Effect<void>
  }
>()("@coterie/election/testing/ElectionWorld") {}
