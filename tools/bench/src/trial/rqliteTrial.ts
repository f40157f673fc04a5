/**
 * The main job on real servers: five rqlite nodes over a WAN, the leader 256 ms from the other four, an agent beside each. A client writes
 * and reads through a near node all the while.
 */
import { httpAnswer, startRqliteCluster } from "@coterie/tools-engines"
import { startWan } from "@coterie/tools-wan"
import { Effect, Schema } from "effect"

import { startAgents, type TrialAgent } from "./agents.ts"
import { longestGapMillis, summarize, type Summary } from "./latencies.ts"
import { counterSamples, sumBy } from "./metrics.ts"
import { now, prepare, readSeries, type Series, writeSeries } from "./rqliteClient.ts"

/** How long each part of a trial takes. */
export interface RqliteTrialOptions {
  /** Measured before the agents start, in s. */
  readonly beforeSeconds: number
  /** Measured after the hand-over, in s; long enough for several looks of the agents. */
  readonly afterSeconds: number
  /** The agents' `locality.interval`. */
  readonly interval: string
}

/** What a trial showed. Latencies are of operations through a near node. */
export interface RqliteTrialReport {
  readonly before: { readonly leader: string; readonly writes: Summary; readonly reads: Summary }
  readonly after: { readonly leader: string; readonly writes: Summary; readonly reads: Summary }
  /** From the start of the agents until another node led, in s. */
  readonly secondsToTransfer: number
  readonly longestWriteGapMillis: number
  readonly failedWrites: number
  /** Hand-overs that the agents made, by outcome. */
  readonly transfers: Readonly<Record<string, number>>
  /** Leader changes as the engine counts them. */
  readonly termsPassed: number
  /** The cluster's nodes with their suffrage, before and after: no agent may change them. */
  readonly configuration: { readonly before: string; readonly after: string }
  /** Every request that the agents sent to the engine, by method and path. */
  readonly engineRequests: Readonly<Record<string, number>>
}

const nodeCount = 5
const far = 4
const nearMillis = 20
const farMillis = 256
/** The client's node is the far leader's nearest by a little, so that noise does not choose the target. */
const client = 0
const clientMillis = 250

const roundTrip = (from: number, to: number): number => {
  if (from === to) return 0
  if (from !== far && to !== far) return nearMillis
  return from === client || to === client ? clientMillis : farMillis
}
const rttMillis = Array.from({ length: nodeCount }, (_, from) =>
  Array.from({ length: nodeCount }, (_, to) => roundTrip(from, to))
)

/** rqlite's settings for links of 256 ms (specification 5.3). */
const raftTiming = { raftTimeout: "2 seconds", raftElectionTimeout: "5 seconds" } as const

const Status = Schema.fromJsonString(
  Schema.Struct({
    store: Schema.Struct({
      leader: Schema.Struct({ node_id: Schema.String }),
      raft: Schema.Struct({ term: Schema.Int }),
      nodes: Schema.Array(Schema.Struct({ id: Schema.String, suffrage: Schema.String }))
    })
  })
)

const leadership = (url: string) =>
  Effect.promise(() => httpAnswer(`${url}/status`)).pipe(
    Effect.flatMap(({ body }) => Schema.decodeEffect(Status)(body)),
    Effect.map(({ store }) => ({
      leader: store.leader.node_id,
      term: store.raft.term,
      configuration: store.nodes.map(({ id, suffrage }) => `${id} ${suffrage}`).join(", ")
    })),
    Effect.orDie
  )

/** The node ids of rqlite are its Raft addresses in the WAN; people know the nodes by number. */
const nameOf = (ids: ReadonlyArray<string>, id: string): string => `n${ids.indexOf(id) + 1}`

const summaries = (writer: Series, reader: Series, since: number) =>
  Effect.map(Effect.all([writer.since(since), reader.since(since)]), ([writes, reads]) => ({
    writes: summarize(writes),
    reads: summarize(reads)
  }))

const agentCounters = (agents: ReadonlyArray<TrialAgent>) =>
  Effect.map(
    Effect.forEach(agents, ({ url }) => Effect.promise(() => httpAnswer(`${url}/metrics`))),
    (answers) => {
      const text = answers.map(({ body }) => body).join("\n")
      return {
        transfers: sumBy(
          counterSamples(text, "coterie_locality_transfers_total"),
          ({ outcome }) => outcome ?? ""
        ),
        engineRequests: sumBy(
          counterSamples(text, "coterie_rqlite_requests_total"),
          ({ method, path }) => `${method} ${path}`
        )
      }
    }
  )

/** Runs the trial. Fails when the WAN or the engine cannot be started, or when nobody moved the leader in two minutes. */
export const rqliteTrial = (options: RqliteTrialOptions, say: (line: string) => Effect.Effect<void>) =>
  Effect.gen(function* () {
    yield* say(
      `WAN: ${nodeCount} nodes, ${nearMillis} ms apart; n${far + 1} is ${clientMillis} ms from n${client + 1}, ${farMillis} ms from the rest`
    )
    const wan = yield* startWan({ nodes: nodeCount, rttMillis })
    const cluster = yield* startRqliteCluster({
      ...raftTiming,
      firstLeader: far,
      placements: wan.nodes.map((node) => ({
        host: node.address,
        controlHost: node.underlayAddress,
        namespace: node.namespace,
        id: `${node.address}:4002`
      })),
      startTimeoutMillis: 120_000
    })
    const ids = cluster.nodes.map(({ id }) => id)
    const near = cluster.nodes[client]?.url ?? ""
    yield* prepare(near)
    const first = yield* leadership(near)

    yield* say(`led by ${nameOf(ids, first.leader)}; measuring for ${options.beforeSeconds} s`)
    const writer = yield* writeSeries(near)
    const reader = yield* readSeries(near)
    const beforeStart = yield* now
    yield* Effect.sleep(`${options.beforeSeconds} seconds`)
    const before = yield* summaries(writer, reader, beforeStart)

    yield* say("starting an agent beside each node")
    const agentsStart = yield* now
    const agents = yield* startAgents(wan.nodes, {
      backend: { kind: "rqlite", url: "http://127.0.0.1:4001" },
      locality: { mode: "act", interval: options.interval }
    })
    yield* leadership(near).pipe(
      Effect.delay("100 millis"),
      Effect.repeat({ until: ({ leader }) => leader !== first.leader && leader !== "" }),
      Effect.timeout("2 minutes")
    )
    const moved = yield* now

    yield* say(`leadership moved; measuring for ${options.afterSeconds} s`)
    // What was in flight while it moved belongs to the gap, not to the new placement.
    yield* Effect.sleep("2 seconds")
    const afterStart = yield* now
    yield* Effect.sleep(`${options.afterSeconds} seconds`)
    const after = yield* summaries(writer, reader, afterStart)
    const last = yield* leadership(near)
    const writes = yield* writer.since(agentsStart)
    return {
      before: { leader: nameOf(ids, first.leader), ...before },
      after: { leader: nameOf(ids, last.leader), ...after },
      secondsToTransfer: (moved - agentsStart) / 1000,
      longestWriteGapMillis: longestGapMillis(writes),
      failedWrites: summarize(writes).failed,
      termsPassed: last.term - first.term,
      configuration: { before: first.configuration, after: last.configuration },
      ...(yield* agentCounters(agents))
    } satisfies RqliteTrialReport
  }).pipe(Effect.scoped)
