/** The nodes of a WAN as places for an engine's nodes, reached by the trial without delay. */
import type { Wan, WanNode } from "@coterie/tools-wan"

/** One place per node, in order, with the node's own name or the engine's. */
export const placements = (wan: Wan, nameOf: (node: WanNode) => string = idOf) =>
  wan.nodes.map((node) => ({
    host: node.address,
    controlHost: node.underlayAddress,
    namespace: node.namespace,
    id: nameOf(node)
  }))

const idOf = ({ index }: WanNode): string => `n${index + 1}`
