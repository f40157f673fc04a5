import { Membership, SwimMembership } from "@coterie/membership"
import { UdpTransport } from "@coterie/membership/transport/udp"
import { Effect, Layer, Redacted, Stream } from "effect"

/** 32 random bytes in base64, equal on all members: `openssl rand -base64 32`. */
const keys = [Redacted.make("Sdnr1Q0vyrGV5VmzVYMdzvuCDJZZmKsfm9hYWQ9kEx4=")] as const

/** One member with a port of its own; in real life each runs on another machine. */
const member = (self: string, port: number) =>
  SwimMembership.layer({ cluster: "readme", self, keys, seeds: ["127.0.0.1:17071"] }).pipe(
    Layer.provide(UdpTransport.layer({ port }))
  )

const program = Effect.gen(function* () {
  const membership = yield* Membership
  yield* membership.changes.pipe(
    Stream.tap(({ member, previous, reason }) =>
      Effect.log(`${member.id}: ${previous} > ${member.state} (${reason})`)
    ),
    Stream.takeUntil(({ member }) => member.id === "b" && member.state === "alive"),
    Stream.runDrain,
    Effect.race(Effect.andThen(Effect.yieldNow, Layer.launch(member("b", 17072))))
  )
  yield* membership.leave
}).pipe(Effect.provide(member("a", 17071)))

await Effect.runPromise(program)
