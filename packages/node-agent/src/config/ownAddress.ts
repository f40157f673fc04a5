/** Where peers reach this node, as far as the configuration says. */
import { isIP } from "node:net"

import type { AgentConfig } from "../AgentConfig.ts"
import { parseHostPort } from "./configValues.ts"
import { membershipMode } from "./membershipMode.ts"

/**
 * `node.advertise`, or this node's own entry among the peers, with SWIM only when that is an IP address; undefined when neither is given, and the
 * listener's address must do.
 */
export const ownAddress = (config: Pick<AgentConfig, "membership" | "node">): string | undefined => {
  const { membership, node } = config
  const listed = membership.peers.find(({ id }) => id === node.id)?.address
  const usable = listed === undefined || membershipMode(config) !== "swim" || isIpAddress(listed)
  return node.advertise ?? (usable ? listed : undefined)
}

/** Whether the text is an IP address and a port. */
export const isIpAddress = (text: string): boolean => isIP(parseHostPort(text).host) !== 0
