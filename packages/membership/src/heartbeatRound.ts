/** One round of beats, in the order that rules Q5 and Q6 of the election specification need. */
import { Effect, FiberSet, Latch } from "effect"

import { makeBeatFailures } from "./beatFailures.ts"
import type { Exchange, Useless } from "./heartbeatExchange.ts"
import { recordMembers } from "./heartbeatMetrics.ts"
import type { HeartbeatNode } from "./heartbeatNode.ts"
import type { Riders } from "./heartbeatRiders.ts"
import type { NodeId } from "./Membership.ts"

/**
 * A round: judges, sends one beat to every peer without waiting, and lets the riders tick before any answer
 * counts. Answers are awaited in fibers of `inFlight`, each for one interval at most.
 */
export const makeRound = (
  node: HeartbeatNode,
  riders: Riders,
  exchange: Exchange,
  inFlight: FiberSet.FiberSet
): Effect.Effect<void> => {
  const failures = makeBeatFailures(node.configured)

  const beat = (peer: NodeId, address: string, ticked: Latch.Latch) =>
    Effect.gen(function* () {
      const reply = yield* Effect.result(exchange.beat(address, yield* riders.request(peer), peer))
      yield* ticked.await
      if (reply._tag === "Success") {
        yield* exchange.accept(reply.success)
        return yield* failures.answered(peer)
      }
      yield* node.apply({ _tag: "Unanswered", peer, address })
      return yield* Effect.fail(reply.failure)
    }).pipe(Effect.catch((useless) => failures.failed(peer, useless)))

  return Effect.gen(function* () {
    const effects = yield* node.apply({ _tag: "Tick" })
    const ticked = yield* Latch.make()
    for (const effect of node.hasLeft() ? [] : effects) {
      if (effect._tag === "Send") yield* FiberSet.run(inFlight, beat(effect.peer, effect.address, ticked))
      if (effect._tag === "NoAddress") yield* failures.failed(effect.peer, noAddress)
    }
    yield* riders.onTick
    yield* ticked.open
    yield* Effect.flatMap(node.members, recordMembers)
  })
}

const noAddress: Useless = {
  kind: "no_address",
  detail: "no address is configured, and none was learned yet"
}
