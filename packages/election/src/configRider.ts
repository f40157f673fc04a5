/**
 * Tells every node what this node's election has configured, and hears it of them, so that lists of voters that differ do not go unnoticed
 * even where no voter of the one is in the other.
 */
import type { Heartbeats, NodeId } from "@coterie/membership"
import { Clock, Effect, Metric, Option, Schema } from "effect"

import { type ConfigNews, disagrees, hearConfig, type HeardConfigs } from "./core/otherConfigs.ts"

/** An `electionConfig` as it is sent. */
export const ElectionConfig = Schema.String.check(Schema.isPattern(/^[0-9a-f]{16}[ -~]{1,48}$/))
const decodeConfig = Schema.decodeUnknownOption(ElectionConfig)

const metrics = {
  others: Metric.gauge("election_other_configs", {
    description: "Nodes heard of whose voters, strategy or lease are others than this node's"
  }),
  unreadable: Metric.counter("election_configs_unreadable_total", {
    description: "What nodes said of their election and could not be understood",
    incremental: true
  })
}

/** A node that is no peer of ours is told again after this time; whoever changes its list restarts, and says so itself. */
const tellAgainMillis = 600_000
/** Nodes of which it is remembered when they were told. */
const toldMax = 4096

/** Rides on the heartbeats until the scope closes: tells `config` to all, and hands `hear` what they have. */
export const rideConfig = Effect.fnUntraced(function* (
  heartbeats: Heartbeats["Service"],
  config: string,
  hear: (from: NodeId, config: string) => Effect.Effect<void>
) {
  yield* Metric.update(metrics.others, 0)
  const told = new Map<NodeId, number>()
  const peers = new Set(heartbeats.configured)

  const take = Effect.fnUntraced(function* (from: NodeId, payload: Schema.Json) {
    const theirs = decodeConfig(payload)
    if (Option.isSome(theirs)) return yield* hear(from, theirs.value)
    yield* Metric.update(metrics.unreadable, 1)
    yield* Effect.logDebug("what a node said of its election could not be read", { from })
  })

  yield* heartbeats.ride({
    name: "election.config",
    audience: "everybody",
    request: Effect.fnUntraced(function* (peer) {
      const isTold = (yield* monotonicMillis) - (told.get(peer) ?? -Infinity) < tellAgainMillis
      return isTold && !peers.has(peer) ? undefined : config
    }),
    onTick: Effect.void,
    onBeat: (from, payload) =>
      payload === undefined ? Effect.undefined : Effect.as(take(from, payload), config),
    onReply: Effect.fnUntraced(function* (from, payload) {
      if (payload === undefined) return
      if (told.size >= toldMax) told.clear()
      told.set(from, yield* monotonicMillis)
      yield* take(from, payload)
    })
  })
})

const monotonicMillis = Effect.map(Clock.monotonicTimeNanos, (nanos) => Number(nanos / 1_000_000n))

/** Rides likewise for an election whose core looks at no configurations: warns of what differs, and returns what was heard. */
export const watchConfigs = Effect.fnUntraced(function* (heartbeats: Heartbeats["Service"], own: string) {
  let heard: HeardConfigs = { own, voters: heartbeats.configured, others: new Map() }
  yield* rideConfig(heartbeats, own, (from, config) =>
    Effect.flatMap(monotonicMillis, (nowMillis) => {
      const [others, news] = hearConfig(heard, from, config, nowMillis)
      heard = { ...heard, others }
      return news === undefined ? Effect.void : reportConfigNews(news)
    })
  )
  return Effect.sync(() => heard)
})

/** Warns of a node that has another configuration, and tells when it has ours. */
export const reportConfigNews = Effect.fnUntraced(function* ({ count, from, other, own }: ConfigNews) {
  yield* Metric.update(metrics.others, count)
  if (other === undefined) return yield* Effect.logInfo("a node's election is configured as ours", { from })
  yield* Effect.logWarning(
    "a node's election is configured in another way, so two may lead: give every node the same voters, strategy and lease",
    {
      event: "election.other_config",
      from,
      difference: other.difference,
      detail: disagrees(other, own, other.heardMillis).detail
    }
  )
})
