import { HeartbeatMembership, Membership } from "@coterie/membership"
import { HttpTransport } from "@coterie/membership/transport/http"
import { Effect, Layer, Stream } from "effect"

const peers = [
  { id: "a", address: "http://127.0.0.1:17071" },
  { id: "b", address: "http://127.0.0.1:17072" }
]

/** One member with a port of its own; in real life each runs in another process. */
const member = (self: string, port: number) =>
  HeartbeatMembership.layer({ cluster: "readme", self, peers }).pipe(
    Layer.provide(HttpTransport.layerListening({ listen: { port } }))
  )

const program = Effect.gen(function* () {
  const membership = yield* Membership
  yield* Effect.forkScoped(Layer.launch(member("b", 17072)))
  yield* membership.changes.pipe(
    Stream.tap(({ member, previous, reason }) =>
      Effect.log(`${member.id}: ${previous} > ${member.state} (${reason})`)
    ),
    Stream.takeUntil(({ member }) => member.id === "b" && member.state === "alive"),
    Stream.runDrain
  )
  yield* membership.leave
}).pipe(Effect.scoped, Effect.provide(member("a", 17071)))

await Effect.runPromise(program)
