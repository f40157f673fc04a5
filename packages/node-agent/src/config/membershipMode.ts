/** How an agent knows its peers, also where the configuration does not say. */
import type { AgentConfig } from "../AgentConfig.ts"

/** The kinds of membership. */
export const membershipModes = ["swim", "heartbeat", "static"] as const
/** A kind of membership. */
export type MembershipMode = (typeof membershipModes)[number]

/** Keys that only SWIM has, but for the profile, which has a default. */
export const swimKeys = ["seeds", "keys_file", "keys", "plaintext"] as const

/** Most nodes that know each other by heartbeats unless that is asked for: each beats each, so traffic grows with the square. */
export const heartbeatNodesMax = 9

type Configured = Pick<AgentConfig, "membership" | "node">

/** `membership.mode`; without it SWIM where one of its keys is set or too many nodes for heartbeats are listed. */
export const membershipMode = (config: Configured): MembershipMode =>
  config.membership.mode ??
  (swimKeys.some((key) => config.membership[key] !== undefined) || nodesListed(config) > heartbeatNodesMax
    ? "swim"
    : "heartbeat")

/** This node and its peers. */
export const nodesListed = ({ membership, node }: Configured): number =>
  new Set([node.id, ...membership.peers.map(({ id }) => id)]).size
