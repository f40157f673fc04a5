/** The port to the blocks that run in this process; the API reads them, and so can a program that embeds the agent. */
import type { ConsensusGroups, Election } from "@coterie/election"
import type { LeaderLocality } from "@coterie/locality"
import type { Membership, Reachability, Swim } from "@coterie/membership"
import type { Rebalancer } from "@coterie/rebalancer"
import { Context } from "effect"

import type { AgentConfig } from "./AgentConfig.ts"
import type { ClusterKeyring } from "./ClusterKeyring.ts"
import type { ClusterLeader } from "./clusterLeader.ts"
import type { EventLog } from "./EventLog.ts"

/** The running blocks of one node; one that is off is undefined. */
export class AgentBlocks extends Context.Service<
  AgentBlocks,
  {
    readonly config: AgentConfig
    readonly membership: Membership["Service"]
    /** What SWIM offers besides; there with `membership.mode: swim`. */
    readonly swim: Swim["Service"] | undefined
    /** Which members answer this node's calls. */
    readonly reachability: Reachability["Service"]
    /** The keys of SWIM; there unless it runs in plaintext. */
    readonly keyring: ClusterKeyring | undefined
    readonly election: Election["Service"] | undefined
    /** The leadership of the election, asked for anywhere and answered by the leader; there when `election` is. */
    readonly clusterLeader: ClusterLeader | undefined
    readonly consensusGroups: ConsensusGroups["Service"] | undefined
    readonly locality: LeaderLocality["Service"] | undefined
    readonly rebalancer: Rebalancer["Service"] | undefined
    /** What happened here. */
    readonly events: EventLog
  }
>()("@coterie/node-agent/AgentBlocks") {}
