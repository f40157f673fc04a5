/** Where peers reach this node, as far as the configuration says. */
import type { AgentConfig } from "../AgentConfig.ts"

/** `node.advertise`, or this node's own entry among the peers; undefined when neither is given, and the listener's address must do. */
export const ownAddress = ({
  membership,
  node
}: Pick<AgentConfig, "membership" | "node">): string | undefined =>
  node.advertise ?? membership.peers.find(({ id }) => id === node.id)?.address
