/** Builds the blocks of an agent in the order of the floors, each on those below it. */
import { campaign, ConsensusGroups, Election } from "@coterie/election"
import {
  EngineProbe,
  HeartbeatRowExchange,
  LeaderLocality,
  type LocalityOptionsInput,
  type RttProbe,
  TcpConnectProbe
} from "@coterie/locality"
import { Heartbeats, Membership, Reachability } from "@coterie/membership"
import {
  type ControlStore,
  ElectionGate,
  layerKickOnMembershipChange,
  type LoadMetrics,
  type MigrationDispatcher,
  Rebalancer
} from "@coterie/rebalancer"
import { Context, Duration, Effect, Layer, type Scope } from "effect"

import type { AgentBlocks } from "./AgentBlocks.ts"
import type { AgentConfig } from "./AgentConfig.ts"
import { agentElection } from "./agentElection.ts"
import { AgentFailed } from "./AgentFailed.ts"
import { makeClusterKeyring } from "./ClusterKeyring.ts"
import { makeClusterLeader } from "./clusterLeader.ts"
import { completeJoin } from "./completeJoin.ts"
import { membershipMode } from "./config/membershipMode.ts"
import { hasVote, noVoteNotice } from "./config/ownVote.ts"
import { withholdLeadership } from "./drain.ts"
import { engineGroups } from "./engineGroups.ts"
import { makeEventLog } from "./EventLog.ts"
import { answerFollowers } from "./FollowedElection.ts"
import { buildGround, type GivenTransports, type Ground } from "./ground.ts"
import { Health, type WatchedLoop } from "./Health.ts"
import { memberLabels } from "./memberLabels.ts"
import { swimRtt } from "./swimRtt.ts"
import { udpEcho } from "./udpEcho.ts"
import { watchLeaders, watchMembers } from "./watchEvents.ts"

/** Parts that replace what the configuration would choose; an embedding program gives its own engine, network or probe. */
export interface AgentParts extends GivenTransports {
  readonly config: AgentConfig
  /** The groups of the engines, instead of `backend` and `backends`. */
  readonly consensusGroups?: Layer.Layer<ConsensusGroups, AgentFailed, Ground>
  /** Options of locality that the configuration has no key for; they win over its keys. */
  readonly localityOptions?: LocalityOptionsInput
  /** Round trips, instead of `locality.probe`. */
  readonly rttProbe?: Layer.Layer<RttProbe, AgentFailed, Ground | ConsensusGroups>
  /** What the rebalancer reads and changes; it runs on the elected node when `rebalancer.enabled` is set. */
  readonly rebalancing?: Layer.Layer<ControlStore | LoadMetrics | MigrationDispatcher, AgentFailed, Ground>
}

/** How long handing leadership over may take at the end. */
const resignTimeout = Duration.seconds(1)
/** How long saying goodbye to the peers may take after it; SWIM answers for a second more, so that the news can spread. */
const leaveTimeout = Duration.seconds(2)

/** Starts the blocks that the configuration enables; they stop with the scope. */
export const assembleBlocks = Effect.fn("assembleBlocks")(function* (parts: AgentParts) {
  const { config } = parts
  const health = yield* Health
  const { keyring: ownKeyring, services: ground, swim } = yield* buildGround(config, parts)
  const membership = Context.get(ground, Membership)
  const reachability = yield* serviceOf(Reachability, Reachability.layer(), ground)
  const { calls } = reachability
  const events = yield* makeEventLog
  yield* watchMembers(events, { membership, swim })
  // SWIM has them from the start.
  if (swim === undefined)
    yield* membership
      .setMetadata(memberLabels(config))
      .pipe(Effect.mapError((error) => new AgentFailed({ key: "node.tags", detail: error.message })))
  const election = yield* buildElection(config, ground)
  if (election !== undefined) yield* Effect.forkScoped(withholdLeadership(election))
  const clusterLeader =
    election === undefined ? undefined : yield* makeClusterLeader(election, calls, hasVote(config))
  if (election !== undefined) yield* answerFollowers(election, calls, hasVote(config))
  const keyring =
    ownKeyring === undefined ? undefined : yield* makeClusterKeyring(ownKeyring, membership, calls)
  const consensusGroups = yield* buildGroups(parts, ground)
  const locality = yield* buildLocality(parts, ground, consensusGroups)
  const rebalancer = yield* buildRebalancer(parts, ground, { consensusGroups, election })
  yield* Effect.addFinalizer(() => goodbye(membership, election))

  yield* Effect.forEach(watchedLoops(config, { election, locality, rebalancer }), (loop) =>
    health.watchLoop(loop)
  )
  yield* completeJoin(config, { health, heartbeats: Context.get(ground, Heartbeats), swim })
  yield* watchLeaders(events, { election, locality })
  return {
    config,
    membership,
    swim,
    reachability,
    keyring,
    events,
    election,
    clusterLeader,
    consensusGroups,
    locality,
    rebalancer
  } satisfies AgentBlocks["Service"]
})

/** Hands leadership over while the peers still count this node, then tells them that it leaves. */
const goodbye = Effect.fnUntraced(function* (
  membership: Membership["Service"],
  election: Election["Service"] | undefined
) {
  if (election !== undefined) yield* Effect.ignore(Effect.timeout(election.resign, resignTimeout))
  yield* Effect.ignore(Effect.timeout(membership.leave, leaveTimeout))
})

/** SWIM has something to do much more often, at the least to look whether the process stood still. */
const swimTurnInterval = Duration.seconds(1)

/**
 * The loops that must go on for the process to be alive. A slow engine may hold up a step of locality, never longer than the step's own
 * deadlines; each decision counts as a step, as there may be many groups in one pass. The rebalancer runs on the elected node only, so its
 * silence means nothing elsewhere.
 */
const watchedLoops = (
  config: AgentConfig,
  { election, locality, rebalancer }: Pick<AgentBlocks["Service"], "election" | "locality" | "rebalancer">
): ReadonlyArray<WatchedLoop> => [
  {
    name: "heartbeat",
    interval: config.membership.interval,
    counters: ["heartbeat_loop_iterations_total"]
  },
  ...(membershipMode(config) === "swim"
    ? [{ name: "swim", interval: swimTurnInterval, counters: ["swim_loop_iterations_total"] }]
    : []),
  ...(locality === undefined
    ? []
    : [
        {
          name: "locality",
          interval: locality.options.interval,
          // List, status and the two objections before a hand-over may each take the whole time.
          stepTimeout: Duration.sum(
            Duration.times(locality.options.evaluationTimeout, 4),
            locality.options.transferTimeout
          ),
          counters: ["locality_loop_iterations_total", "locality_decisions_total"]
        }
      ]),
  ...(rebalancer === undefined || election !== undefined
    ? []
    : [
        {
          name: "rebalancer",
          interval: rebalancer.options.interval,
          stepTimeout: Duration.times(rebalancer.options.readTimeout, 3),
          counters: ["rebalancer_loop_iterations_total"]
        }
      ])
]

const buildElection = Effect.fnUntraced(function* (config: AgentConfig, ground: Context.Context<Ground>) {
  const notice = noVoteNotice(config)
  if (notice !== undefined) yield* Effect.logWarning(notice, { event: "election.no_vote" })
  const layer = agentElection(config)
  return layer === undefined ? undefined : yield* serviceOf(Election, layer, ground)
})

const buildGroups = ({ config, consensusGroups }: AgentParts, ground: Context.Context<Ground>) => {
  const layer = consensusGroups ?? engineGroups(config)
  return layer === undefined ? Effect.undefined : serviceOf(ConsensusGroups, layer, ground)
}

const buildLocality = Effect.fnUntraced(function* (
  { config, localityOptions, rttProbe }: AgentParts,
  ground: Context.Context<Ground>,
  groups: ConsensusGroups["Service"] | undefined
) {
  const { enabled, probe, probeKey: _key, probeKey_file: _file, ...keys } = config.locality
  if (groups === undefined || !enabled) return undefined
  const probes = {
    engine: EngineProbe.layer,
    tcp: TcpConnectProbe.layer(),
    udp: udpEcho(config),
    swim: swimRtt
  }
  const probing = rttProbe ?? probes[probe]
  const layer = LeaderLocality.layer({ ...keys, ...localityOptions }).pipe(
    Layer.provide([probing, HeartbeatRowExchange.layer])
  )
  return yield* serviceOf(LeaderLocality, layer, Context.add(ground, ConsensusGroups, groups))
})

const buildRebalancer = Effect.fnUntraced(function* (
  { config, rebalancing }: AgentParts,
  ground: Context.Context<Ground>,
  { consensusGroups, election }: Pick<AgentBlocks["Service"], "consensusGroups" | "election">
) {
  if (!config.rebalancer.enabled) return undefined
  if (rebalancing === undefined)
    return yield* new AgentFailed({
      key: "rebalancer.enabled",
      detail:
        "needs a control store, load metrics and a dispatcher, which only code can give so far; set it to false"
    })
  const gate =
    consensusGroups === undefined
      ? ElectionGate.layerAlwaysReady
      : ElectionGate.layerConsensusGroups.pipe(Layer.provide(Layer.succeed(ConsensusGroups, consensusGroups)))
  const layer = layerKickOnMembershipChange.pipe(
    Layer.provideMerge(Rebalancer.layer({ interval: config.rebalancer.interval })),
    Layer.provide([gate, rebalancing])
  )
  const rebalancer = yield* serviceOf(Rebalancer, layer, ground)
  const sweeping =
    election === undefined
      ? rebalancer.run()
      : Effect.provideService(campaign(rebalancer.run()), Election, election)
  yield* Effect.forkScoped(sweeping)
  return rebalancer
})

/** Builds a layer on what there is, for the rest of the scope, and picks one service out of it. */
const serviceOf = <Id, Service, E, R>(
  tag: Context.Key<Id, Service>,
  layer: Layer.Layer<Id, E, R>,
  services: Context.Context<R>
): Effect.Effect<Service, E, Scope.Scope> =>
  Effect.map(Layer.build(Layer.provide(layer, Layer.succeedContext(services))), Context.get(tag))
