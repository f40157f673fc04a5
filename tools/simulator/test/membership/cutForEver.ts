import type { Scenario } from "../../src/membership/scenarios.ts"

/** A scenario that cannot end well: one member is cut off and stays so. */
export const cutForEver: Scenario = {
  name: "cut for ever",
  settleMillis: 1000,
  plan: ({ nodes, world }) => {
    world.addConverged(nodes)
    world.links.part([0], 1)
    return 60_000
  }
}
