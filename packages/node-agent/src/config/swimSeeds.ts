/** Where an agent finds its SWIM cluster. */
import type { AgentConfig } from "../AgentConfig.ts"

/** Most seeds of one node. */
export const seedsMax = 16

/** `membership.seeds` and the addresses of the peers, each once, without this node's own. */
export const seedsOf = ({
  membership,
  node
}: Pick<AgentConfig, "membership" | "node">): ReadonlyArray<string> => [
  ...new Set([
    ...(membership.seeds ?? []),
    ...membership.peers.flatMap(({ address, id }) =>
      address === undefined || id === node.id ? [] : [address]
    )
  ])
]
