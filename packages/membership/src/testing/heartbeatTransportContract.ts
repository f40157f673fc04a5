/** What every `HeartbeatTransport` promises, checked between endpoints of one world. */
import { strict as assert } from "node:assert"

import { Context, Deferred, Effect, Exit, Fiber, Scope } from "effect"

import { type Beat, type HeartbeatReply, messageBytesMax, protocolVersion } from "../HeartbeatMessage.ts"
import type { HeartbeatHandler, HeartbeatTransport } from "../HeartbeatTransport.ts"
import type { ContractCase } from "./ContractCase.ts"

/** One end of a transport and the address under which the others reach it. */
export interface TransportEndpoint {
  readonly transport: HeartbeatTransport["Service"]
  readonly address: string
}

/** Where endpoints of the transport under test come from. */
export class TransportWorld extends Context.Service<
  TransportWorld,
  {
    /** A new endpoint that lives until the scope closes. */
    readonly endpoint: Effect.Effect<TransportEndpoint, unknown, Scope.Scope>
    /** An address where nobody listens. */
    readonly deadAddress: string
  }
>()("@coterie/membership/testing/heartbeatTransportContract/TransportWorld") {}

/** A well-formed beat of a node `a`. */
export const sampleBeat = (riders: Beat["riders"] = {}): Beat => ({
  _tag: "Beat",
  protocol: protocolVersion,
  cluster: "contract",
  from: "a",
  instance: "00000000000000aa",
  metadata: {},
  riders
})

const echo: HeartbeatHandler = (request) =>
  Effect.succeed<HeartbeatReply>(
    request._tag === "Beat"
      ? { ...request, from: "b" }
      : { _tag: "Refusal", reason: "no_answer", detail: "?" }
  )

/** The promises of `HeartbeatTransport`. */
export const heartbeatTransportContract: ReadonlyArray<ContractCase<TransportWorld>> = [
  {
    name: "brings a request to the handler and its reply back, unchanged",
    run: Effect.gen(function* () {
      const riders = { election: { term: 3, leader: null }, text: 'quotes " and \u{1f680}' }
      const { a, b } = yield* pair(echo)
      const reply = yield* a.transport.send(b.address, sampleBeat(riders))
      assert.deepEqual(reply, { ...sampleBeat(riders), from: "b" })
    })
  },
  {
    name: "gives each of many concurrent requests its own reply",
    run: Effect.gen(function* () {
      const { a, b } = yield* pair(echo)
      const replies = yield* Effect.forEach(
        Array.from({ length: 20 }, (_, index) => index),
        (index) => a.transport.send(b.address, sampleBeat({ index })),
        { concurrency: "unbounded" }
      )
      assert.deepEqual(
        replies.map((reply) => (reply._tag === "Beat" ? reply.riders["index"] : reply)),
        replies.map((_, index) => index)
      )
    })
  },
  {
    name: "returns a refusal as a reply",
    run: Effect.gen(function* () {
      const refusal = { _tag: "Refusal", reason: "wrong_cluster", detail: "this is another cluster" } as const
      const { a, b } = yield* pair(() => Effect.succeed(refusal))
      assert.deepEqual(yield* a.transport.send(b.address, sampleBeat()), refusal)
    })
  },
  {
    name: "refuses requests while nobody serves, and again after the server's scope closed",
    run: Effect.gen(function* () {
      const world = yield* TransportWorld
      const [a, b] = [yield* world.endpoint, yield* world.endpoint]
      const reason = Effect.map(a.transport.send(b.address, sampleBeat()), reasonOf)
      assert.equal(yield* reason, "not_serving")
      const scope = yield* Scope.make()
      yield* Scope.provide(b.transport.serve(echo), scope)
      assert.equal(yield* reason, undefined)
      yield* Scope.close(scope, Exit.void)
      assert.equal(yield* reason, "not_serving")
    })
  },
  {
    name: "has one handler at a time",
    run: Effect.gen(function* () {
      const { b } = yield* pair(echo)
      const second = yield* Effect.exit(Effect.scoped(b.transport.serve(echo)))
      assert.ok(Exit.isFailure(second), "a second handler was accepted")
    })
  },
  {
    name: "survives a handler that dies",
    run: Effect.gen(function* () {
      const { a, b } = yield* pair(() => Effect.die("a broken handler, on purpose"))
      assert.equal(reasonOf(yield* a.transport.send(b.address, sampleBeat())), "internal")
      assert.equal(reasonOf(yield* a.transport.send(b.address, sampleBeat())), "internal")
    })
  },
  {
    name: "fails as unreachable where nobody listens",
    run: Effect.gen(function* () {
      const { endpoint, deadAddress } = yield* TransportWorld
      const { transport } = yield* endpoint
      const error = yield* Effect.flip(transport.send(deadAddress, sampleBeat()))
      assert.equal(error.kind, "unreachable")
      assert.ok(error.message.includes(deadAddress), error.message)
    })
  },
  {
    name: "does not send a request beyond 64 KiB",
    run: Effect.gen(function* () {
      const { a, b } = yield* pair(() => Effect.die("must not arrive"))
      const error = yield* Effect.flip(
        a.transport.send(b.address, sampleBeat({ big: "x".repeat(messageBytesMax) }))
      )
      assert.equal(error.kind, "too_large")
    })
  },
  {
    name: "reads a reply only up to the limit of the call",
    run: Effect.gen(function* () {
      const big: HeartbeatReply = { ...sampleBeat({ big: "x".repeat(messageBytesMax) }), from: "b" }
      const { a, b } = yield* pair(() => Effect.succeed(big))
      assert.equal((yield* Effect.flip(a.transport.send(b.address, sampleBeat()))).kind, "too_large")
      const reply = yield* a.transport.send(b.address, sampleBeat(), { replyBytesMax: 2 * messageBytesMax })
      assert.deepEqual(reply, big)
    })
  },
  {
    name: "lets go of a peer that never answers when the caller gives up",
    run: Effect.gen(function* () {
      const arrived = yield* Deferred.make<void>()
      const { a, b } = yield* pair((request) =>
        request._tag === "Beat" && request.riders["hang"] === true
          ? Effect.andThen(Deferred.succeed(arrived, undefined), Effect.never)
          : echo(request)
      )
      const hanging = yield* Effect.forkChild(a.transport.send(b.address, sampleBeat({ hang: true })))
      yield* Deferred.await(arrived)
      yield* Fiber.interrupt(hanging)
      assert.equal((yield* a.transport.send(b.address, sampleBeat()))._tag, "Beat")
    })
  }
]

/** Two endpoints, of which the second serves. */
const pair = Effect.fnUntraced(function* (handler: HeartbeatHandler) {
  const { endpoint } = yield* TransportWorld
  const [a, b] = [yield* endpoint, yield* endpoint]
  yield* b.transport.serve(handler)
  return { a, b }
})

const reasonOf = (reply: HeartbeatReply) => (reply._tag === "Refusal" ? reply.reason : undefined)
