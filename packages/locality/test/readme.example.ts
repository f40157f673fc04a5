import { InMemoryGroups } from "@coterie/election"
import { LeaderLocality, RttProbe } from "@coterie/locality"
import { Console, Effect, Layer } from "effect"

// A group whose leader sits far from both other voters, and the agent beside that leader.
const world = InMemoryGroups.layer({ groups: { orders: { leader: "far", voters: ["far", "n1", "n2"] } } })
const rtt = RttProbe.layerMemory("far", { far: { n1: 256, n2: 235 } })

const agent = LeaderLocality.layer({ mode: "act" }).pipe(
  Layer.provide([InMemoryGroups.layerNode("far"), rtt]),
  Layer.provide(world)
)

const program = Effect.gen(function* () {
  const locality = yield* LeaderLocality
  for (const { group, action } of yield* locality.evaluateNow) yield* Console.log(group, action)
})

await Effect.runPromise(Effect.provide(program, agent))
// orders { _tag: 'Transfer', target: 'n2', gainMillis: 235, outcome: { _tag: 'moved', term: 2 }, tookMillis: 0.3 }
