import { Election, QuorumElection } from "@coterie/election"
import { HeartbeatMembership } from "@coterie/membership"
import { makeMemoryNetwork } from "@coterie/membership/testing"
import { Console, Duration, Effect, Layer, References } from "effect"

// Three nodes in one process. Over HTTP, each process runs one and provides the HTTP transport instead of the network in memory.
const peers = ["a", "b", "c"].map((id) => ({ id, address: id }))
const network = Effect.runSync(makeMemoryNetwork)
const node = (self: string) =>
  QuorumElection.layer().pipe(
    Layer.provide(
      HeartbeatMembership.layer({ cluster: "demo", self, peers, interval: Duration.millis(100) })
    ),
    Layer.provide(network.layer(self))
  )

const leadOnce = Effect.gen(function* () {
  const election = yield* Election
  // Starts when this node leads; interrupted, with its finalizers, as soon as it does not.
  yield* election.whileLeader(
    Effect.andThen(Console.log(`${election.self} leads`), Effect.sleep("300 millis"))
  )
  yield* election.resign
  return yield* Effect.never
})

const cluster = Effect.forEach(peers, ({ id }) => Effect.provide(leadOnce, node(id)), {
  concurrency: "unbounded"
})
await cluster.pipe(
  Effect.timeoutOption("2 seconds"),
  Effect.provideService(References.MinimumLogLevel, "Warn"),
  Effect.runPromise
)
// a leads
// b leads
// c leads
