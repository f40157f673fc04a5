/** Whether this node votes in the election among the agents. */
import type { AgentConfig } from "../AgentConfig.ts"
import { membershipMode } from "./membershipMode.ts"

type Configured = Pick<AgentConfig, "election" | "membership" | "node">

/** With SWIM the peers are the voters; else every node votes. */
export const hasVote = (config: Configured): boolean =>
  membershipMode(config) !== "swim" || config.membership.peers.some(({ id }) => id === config.node.id)

/** What an operator should know of a node that follows the election without a vote: that may be meant, or a list made for heartbeats. */
export const noVoteNotice = (config: Configured): string | undefined =>
  config.election.strategy === "none" || hasVote(config)
    ? undefined
    : `${config.node.id} has no vote and never leads: membership.peers, with SWIM the voters, does not list it; if it is to vote, list it there too, the same on every node`
