/** The election among the agents that `election.strategy` names. */
import { join } from "node:path"

import {
  type Election,
  FilePromiseStore,
  HeartbeatLeaseTransport,
  layerSuspendClock,
  LeasedQuorumElection,
  type PromiseStoreFailed,
  QuorumElection,
  watchConfigs
} from "@coterie/election"
import { configOf } from "@coterie/election/core/leasedQuorumState"
import { electionConfig } from "@coterie/election/core/otherConfigs"
import { Heartbeats, type Membership, type PeerCalls } from "@coterie/membership"
import { Duration, Effect, Layer } from "effect"

import type { AgentConfig } from "./AgentConfig.ts"
import { AgentFailed } from "./AgentFailed.ts"
import { hasVote } from "./config/ownVote.ts"
import { FollowedElection } from "./FollowedElection.ts"
import { openStateFolder } from "./stateFolder.ts"

/** The election, or undefined when there is to be none; a node without a vote follows it. */
export const agentElection = (
  config: AgentConfig
): Layer.Layer<Election, AgentFailed, Heartbeats | Membership | PeerCalls> | undefined => {
  if (config.election.strategy !== "none" && !hasVote(config)) return followed(config)
  switch (config.election.strategy) {
    case "leased":
      return leased(config)
    case "quorum":
      return QuorumElection.layer({ masterCooldown: config.election.cooldown })
    case "none":
      return undefined
  }
}

const followed = ({ election, membership }: AgentConfig) => {
  const voters = membership.peers.map(({ id }) => id)
  const termsFence = election.strategy === "leased"
  const configured = termsFence
    ? configOf(voters, { leaseMillis: Duration.toMillis(election.lease) })
    : electionConfig(voters, election.strategy)
  return Layer.merge(
    FollowedElection.layer({
      voters,
      interval: membership.interval,
      deadAfter: membership.deadAfter,
      termsFence
    }),
    // Who asks other voters than the rest may be told of another leader.
    Layer.effectDiscard(Effect.flatMap(Heartbeats, (heartbeats) => watchConfigs(heartbeats, configured)))
  )
}

const leased = (config: AgentConfig) => {
  const { cooldown, lease } = config.election
  return LeasedQuorumElection.layer({
    cooldown,
    lease,
    // Time for the preferred candidate's bid to arrive.
    defer: Duration.times(config.membership.interval, 0.5)
  }).pipe(
    Layer.provide(HeartbeatLeaseTransport.layer),
    Layer.provide(Layer.unwrap(Effect.map(openStateFolder(config), promiseIn))),
    Layer.provide(layerSuspendClock),
    Layer.catchTag("PromiseStoreFailed", (failure) => Layer.effectContext(damaged(failure)))
  )
}

const promiseIn = (folder: string) => FilePromiseStore.layer(join(folder, "promise.json"))

/** The file must not simply be deleted: a node that forgot its promise could help to elect a second leader. */
const damaged = ({ message }: PromiseStoreFailed) =>
  new AgentFailed({
    key: "node.stateFolder",
    detail: `${message}; restore the file, or write {"promised": N} into it, N not below the highest term that any other node shows`
  })
