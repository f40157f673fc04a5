import { InMemoryGroups } from "@coterie/election"
import { RttProbe } from "@coterie/locality"
import { Agent, AgentBlocks, ApiServer, configFrom } from "@coterie/node-agent"
import { Console, Effect, Layer, References } from "effect"

// An engine of the program's own: a group whose leader sits far from both other voters.
const engine = InMemoryGroups.layerNode("far").pipe(
  Layer.provide(InMemoryGroups.layer({ groups: { orders: { leader: "far", voters: ["far", "n1", "n2"] } } }))
)
const rtt = RttProbe.layerMemory("far", { far: { n1: 256, n2: 235 } })

const program = Effect.gen(function* () {
  const { locality } = yield* AgentBlocks
  const { url } = yield* ApiServer
  yield* Console.log(`coterie status --endpoint ${url}`)
  if (locality === undefined) return
  for (const { action, group } of yield* locality.evaluateNow) yield* Console.log(group, action)
})

const config = await Effect.runPromise(
  configFrom({
    cluster: "demo",
    api: { ops: "127.0.0.1:0" },
    peer: { listen: "127.0.0.1:0" },
    election: { strategy: "none" },
    locality: { mode: "act", policy: "nearestPeer" }
  })
)
const agent = Agent.layerWith({ config, consensusGroups: engine, rttProbe: rtt })
await Effect.runPromise(
  program.pipe(Effect.provide(agent), Effect.provideService(References.MinimumLogLevel, "Warn"))
)
// orders { _tag: 'Transfer', target: 'n2', gainMillis: 235, outcome: { _tag: 'moved', term: 2 }, tookMillis: 0.4 }
