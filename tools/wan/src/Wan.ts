/**
 * A wide area network in one machine, in user space: a network namespace per node and a hub process that
 * delays, loses and blocks the packets between them, per direction and changed while running. Programs in
 * the namespaces see real packets: handshakes, retransmissions, pings and UDP all take the time they would.
 *
 * Each node has two addresses. The overlay one (`address`, 10.77.0.x) is how nodes reach each other, with
 * delay. The underlay one (`underlayAddress`, 10.99.x.2) is how the root namespace, hence the test, reaches
 * a program in the node, without delay; the program must listen on it too (0.0.0.0 does).
 */
import { missingFor } from "@coterie/tools-engines"
import { Effect, type Scope } from "effect"

import { Hub } from "./Hub.ts"
import { nodeCountMax } from "./hub/layout.ts"
import type { LinkChange } from "./hub/link.ts"
import type { LinkStats, Reply } from "./hub/protocol.ts"
import { removeStale } from "./hub/slot.ts"
import { WanUnavailable } from "./WanUnavailable.ts"

/** Options of a WAN. */
export interface WanOptions {
  /** Number of nodes, 1 to 250. */
  readonly nodes: number
  /**
   * Round trip in milliseconds between node i and node j: `rttMillis[i][j]`, of which the direction from i
   * to j takes half. One number for all pairs, or a matrix of `nodes` rows and columns; its diagonal is not used.
   */
  readonly rttMillis: number | ReadonlyArray<ReadonlyArray<number>>
  /** Jitter of every direction in milliseconds: uniform in [0, jitter). Default 0. */
  readonly jitterMillis?: number
  /** Loss of every direction, 0 to 1. Default 0. */
  readonly loss?: number
  /** Seed of jitter and loss. Default 1. */
  readonly seed?: number
}

/** A node's place in the WAN. */
export interface WanNode {
  /** From 0. */
  readonly index: number
  /** Name of its network namespace, as `ip netns` takes it. */
  readonly namespace: string
  /** Overlay address: between nodes, delayed. */
  readonly address: string
  /** Underlay address: from the root namespace, not delayed, not subject to partitions. */
  readonly underlayAddress: string
  /** Words to put before a command to run it in the node's namespace. */
  readonly execPrefix: readonly [string, ...ReadonlyArray<string>]
}

/** A running WAN. Node indexes count from 0; one out of range is a defect, like a value out of range. */
export interface Wan {
  readonly nodes: ReadonlyArray<WanNode>
  /** Process id of the hub. */
  readonly hubPid: number | undefined
  /** The node at an index. Throws a `RangeError`. */
  node(index: number): WanNode
  /** Changes the direction from one node to another, from the next packet on. What is not named stays. */
  setLink(from: number, to: number, change: LinkChange): Effect.Effect<void, WanUnavailable>
  /** Changes both directions between two nodes. */
  setPair(left: number, right: number, change: LinkChange): Effect.Effect<void, WanUnavailable>
  /** Changes every direction to and from a node, as `{ partitioned: true }` to cut it off. */
  setNode(index: number, change: LinkChange): Effect.Effect<void, WanUnavailable>
  /** What each direction did so far: `stats[from][to]`. */
  readonly stats: Effect.Effect<ReadonlyArray<ReadonlyArray<LinkStats>>, WanUnavailable>
}

/**
 * Starts a WAN; takes about 0.1 s per node. When the scope closes, the processes in its namespaces are killed
 * and all of it is removed; so it is when this process dies. Several may run at once, also in several processes.
 */
export const startWan = (options: WanOptions): Effect.Effect<Wan, WanUnavailable, Scope.Scope> =>
  Effect.gen(function* () {
    const missing = missingFor("network-namespaces")
    if (missing !== undefined) return yield* new WanUnavailable({ reason: "NotSupported", problem: missing })
    const links = yield* Effect.sync(() => initialLinks(options))
    const hub = yield* Effect.acquireRelease(
      Effect.sync(() => new Hub()),
      // The second step finds nothing to do unless the hub was killed.
      (hub) => Effect.promise(() => hub.close().then(removeStale))
    )
    const started = yield* Effect.promise(() => hub.start({ kind: "start", links, seed: options.seed ?? 1 }))
    if (started.kind !== "ready") return yield* hubFailed(started)
    const nodes = started.nodes.map(({ index, namespace, overlayAddress, underlayAddress }): WanNode => ({
      index,
      namespace,
      address: overlayAddress,
      underlayAddress,
      execPrefix: ["ip", "netns", "exec", namespace]
    }))
    return makeWan(hub, nodes)
  })

const makeWan = (hub: Hub, nodes: ReadonlyArray<WanNode>): Wan => {
  const setLink = (from: number, to: number, change: LinkChange): Effect.Effect<void, WanUnavailable> =>
    Effect.gen(function* () {
      const reply = yield* Effect.promise(() => hub.ask({ kind: "change", from, to, change }))
      if (reply.kind === "refused") return yield* Effect.die(new RangeError(reply.problem))
      if (reply.kind !== "changed") return yield* hubFailed(reply)
    })
  const setPair = (left: number, right: number, change: LinkChange) =>
    setLink(left, right, change).pipe(Effect.andThen(setLink(right, left, change)))
  return {
    nodes,
    hubPid: hub.pid,
    node: (index) => {
      const node = nodes[index]
      if (node === undefined) throw new RangeError(`no node ${index} among ${nodes.length}`)
      return node
    },
    setLink,
    setPair,
    setNode: (index, change) =>
      Effect.forEach(
        nodes.filter((node) => node.index !== index),
        (node) => setPair(index, node.index, change),
        { discard: true }
      ),
    stats: Effect.gen(function* () {
      const reply = yield* Effect.promise(() => hub.ask({ kind: "stats" }))
      return reply.kind === "stats" ? reply.stats : yield* hubFailed(reply)
    })
  }
}

const initialLinks = (options: WanOptions): ReadonlyArray<ReadonlyArray<LinkChange>> => {
  const { loss = 0, jitterMillis = 0, nodes, rttMillis } = options
  if (!(Number.isInteger(nodes) && nodes >= 1 && nodes <= nodeCountMax)) {
    throw new RangeError(`nodes must be a whole number from 1 to ${nodeCountMax}, not ${nodes}`)
  }
  return Array.from({ length: nodes }, (_, from) =>
    Array.from({ length: nodes }, (__, to) => {
      const rtt = typeof rttMillis === "number" ? rttMillis : rttMillis[from]?.[to]
      if (rtt === undefined) throw new RangeError(`rttMillis has no entry from ${from} to ${to}`)
      return { rttMillis: from === to ? 0 : rtt, jitterMillis, loss }
    })
  )
}

const hubFailed = (reply: Reply): WanUnavailable =>
  new WanUnavailable({
    reason: "HubFailed",
    problem: reply.kind === "failed" ? reply.problem : `unexpected answer "${reply.kind}"`
  })
