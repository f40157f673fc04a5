/** The operator's plan: even out the number of shards, whatever their load. */
import { Effect, Schema } from "effect"

import { ControlStore } from "./ControlStore.ts"
import { countPlan } from "./core/nodedbCompat/countPlan.ts"

/** There is no node to put shards on. */
export class NoActiveNodes extends Schema.TaggedError<NoActiveNodes>()("NoActiveNodes", {
  known: Schema.Int
}) {
  override get message(): string {
    return `no active nodes: none of the ${this.known} nodes in the topology is active`
  }
}

/** Plans against the current control state and changes nothing. Fails with `NoActiveNodes`, or when the control store cannot be read. */
export const planByCount = Effect.fn("planByCount")(function* () {
  const { topology, routing } = (yield* (yield* ControlStore).read).state
  const plan = countPlan(routing, topology)
  return plan._tag === "Counted" ? plan : yield* new NoActiveNodes({ known: topology.nodes.size })
})
