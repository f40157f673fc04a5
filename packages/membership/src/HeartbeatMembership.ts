/**
 * Membership from regular request/response beats between a fixed list of peers.
 *
 * For small clusters and networks that drop UDP: every node beats every other, so messages grow with the
 * square of the cluster. The rules are in `core/heartbeat.ts`; the files `heartbeat*.ts` give them time, a
 * transport and subscribers.
 */
import { Context, Duration, Effect, FiberSet, Layer, SchemaIssue } from "effect"

import { makeCall, makeGoodbyes, makeJoin } from "./heartbeatContact.ts"
import { makeExchange } from "./heartbeatExchange.ts"
import { makeInbound } from "./heartbeatInbound.ts"
import { heartbeatLoop } from "./heartbeatMetrics.ts"
import { makeHeartbeatNode } from "./heartbeatNode.ts"
import { HeartbeatOptions, type HeartbeatOptionsInput, HeartbeatOptionsInvalid } from "./HeartbeatOptions.ts"
import { makeRiders } from "./heartbeatRiders.ts"
import { makeRound } from "./heartbeatRound.ts"
import { Heartbeats } from "./Heartbeats.ts"
import { HeartbeatTransport } from "./HeartbeatTransport.ts"
import { Membership, Metadata, MetadataInvalid } from "./Membership.ts"
import { PeerCalls } from "./PeerCalls.ts"

const build = Effect.fnUntraced(function* (input: HeartbeatOptionsInput) {
  const options = yield* HeartbeatOptions.makeEffect(input).pipe(
    Effect.mapError((issue) => new HeartbeatOptionsInvalid({ detail: describe(issue) }))
  )
  const transport = yield* HeartbeatTransport
  const node = yield* makeHeartbeatNode(options)
  const riders = makeRiders()
  const inbound = makeInbound(node, riders)
  const exchange = makeExchange(node, riders, transport)
  const round = makeRound(node, riders, exchange, yield* FiberSet.make())
  const join = makeJoin(exchange)

  yield* transport.serve(inbound.handle)
  yield* node.untilDueMillis.pipe(
    Effect.flatMap(Effect.sleep),
    Effect.andThen(heartbeatLoop.iteration(round)),
    Effect.forever,
    heartbeatLoop.whileRunning,
    Effect.forkScoped
  )

  const membership = Membership.of({
    self: options.self,
    members: node.members,
    changes: node.changes,
    join: (addresses) => Effect.andThen(node.enter("alive", "joined again"), join(addresses)),
    leave: Effect.andThen(node.enter("left", "left on purpose"), makeGoodbyes(node, exchange)),
    setMetadata: Effect.fn("Membership.setMetadata")(function* (metadata) {
      const checked = yield* Metadata.makeEffect(metadata).pipe(
        Effect.mapError((issue) => new MetadataInvalid({ detail: describe(issue) }))
      )
      yield* node.publishMetadata(checked)
    })
  })
  const heartbeats = Heartbeats.of({
    self: options.self,
    configured: node.configured,
    intervalMillis: Duration.toMillis(options.interval),
    deadAfterMillis: Duration.toMillis(options.deadAfter),
    ride: riders.ride
  })
  const calls = PeerCalls.of({
    addressOf: (peer) => Effect.sync(() => node.addressOf(peer)),
    call: makeCall(node, exchange),
    answer: inbound.answer
  })
  return Context.make(Membership, membership).pipe(
    Context.add(Heartbeats, heartbeats),
    Context.add(PeerCalls, calls)
  )
})

const describe = SchemaIssue.makeFormatterDefault()

/** Membership over regular beats between a fixed list of peers. */
export const HeartbeatMembership = {
  /**
   * Starts beating one interval after the layer is built (Q5) and stops with its scope, without a goodbye:
   * call `Membership.leave` first to be seen as `left`. Fails with `HeartbeatOptionsInvalid` before anything
   * starts.
   */
  layer: (
    options: HeartbeatOptionsInput
  ): Layer.Layer<Membership | Heartbeats | PeerCalls, HeartbeatOptionsInvalid, HeartbeatTransport> =>
    Layer.effectContext(build(options))
} as const
