/** What every `SwimTransport` promises, checked between endpoints of one world. */
import { strict as assert } from "node:assert"

import { Context, Deferred, Effect, Exit, Queue, Scope } from "effect"

import type { SwimStream, SwimTransport, SwimTransportHandler } from "../SwimTransport.ts"
import type { ContractCase } from "./ContractCase.ts"

/** Where endpoints of the transport under test come from. */
export class SwimTransportWorld extends Context.Service<
  SwimTransportWorld,
  {
    /** A new endpoint that lives until the scope closes. */
    readonly endpoint: Effect.Effect<SwimTransport["Service"], unknown, Scope.Scope>
    /** An address where nobody lives. */
    readonly deadAddress: string
  }
>()("@coterie/membership/testing/swimTransportContract/SwimTransportWorld") {}

/** The promises of `SwimTransport`. */
export const swimTransportContract: ReadonlyArray<ContractCase<SwimTransportWorld>> = [
  {
    name: "brings packets with the address that they came from",
    run: Effect.gen(function* () {
      const { a, b, heard } = yield* pair
      a.send(b.address, Uint8Array.of(1, 2, 3))
      assert.deepEqual(yield* Queue.take(heard), { from: a.address, bytes: [1, 2, 3] })
      a.send(b.address, new Uint8Array(1400).fill(7))
      assert.equal((yield* Queue.take(heard)).bytes.length, 1400)
    })
  },
  {
    name: "loses what goes nowhere, or has no address, without a word",
    run: Effect.gen(function* () {
      const { a, b, heard } = yield* pair
      const { deadAddress } = yield* SwimTransportWorld
      for (const nowhere of [deadAddress, "", "no address", "x".repeat(300)]) {
        a.send(nowhere, Uint8Array.of(0))
      }
      a.send(b.address, Uint8Array.of(9))
      assert.deepEqual((yield* Queue.take(heard)).bytes, [9])
    })
  },
  {
    name: "carries streams both ways, in order, to their end",
    run: Effect.gen(function* () {
      const { a, b } = yield* pair
      const said = yield* Deferred.make<string>()
      let text = ""
      const stream = a.connect(b.address, {
        onBytes: (bytes) => (text += Buffer.from(bytes).toString()),
        onClosed: () => Deferred.doneUnsafe(said, Effect.succeed(text))
      })
      stream.write(Buffer.from("one "))
      stream.write(Buffer.from("two."))
      assert.equal(yield* Deferred.await(said), "heard: one two.")
    })
  },
  {
    name: "says when what was written to a stream has left, in order and not at once",
    run: Effect.gen(function* () {
      const { a, b } = yield* pair
      const done = yield* Deferred.make<void>()
      const told: Array<string> = []
      const tell = (text: string) => () => void told.push(text)
      const stream = a.connect(b.address, {
        onBytes: () => undefined,
        onClosed: () => Deferred.doneUnsafe(done, Effect.void)
      })
      stream.write(Buffer.alloc(100_000, "x"), tell("large"))
      stream.write(Buffer.from("."), tell("small"))
      assert.deepEqual(told, [])
      yield* Deferred.await(done)
      assert.deepEqual(told, ["large", "small"])
    })
  },
  {
    name: "says from which host a stream comes",
    run: Effect.gen(function* () {
      const { endpoint } = yield* SwimTransportWorld
      const [a, b] = [yield* endpoint, yield* endpoint]
      const from = yield* Deferred.make<string>()
      const onStream = (_: SwimStream, address: string) => {
        Deferred.doneUnsafe(from, Effect.succeed(address))
        return { onBytes: () => undefined, onClosed: () => undefined }
      }
      yield* b.serve({ onPacket: () => undefined, onUnreachable: () => undefined, onStream })
      const stream = a.connect(b.address, { onBytes: () => undefined, onClosed: () => undefined })
      assert.equal(hostOf(yield* Deferred.await(from)), hostOf(a.address))
      stream.destroy()
    })
  },
  {
    name: "tells that nobody answers a stream",
    run: Effect.gen(function* () {
      const { a } = yield* pair
      const { deadAddress } = yield* SwimTransportWorld
      const closed = yield* Deferred.make<string>()
      a.connect(deadAddress, {
        onBytes: () => undefined,
        onClosed: (detail) => Deferred.doneUnsafe(closed, Effect.succeed(detail))
      })
      assert.notEqual(yield* Deferred.await(closed), "")
    })
  },
  {
    name: "knows its own kind of address",
    run: Effect.gen(function* () {
      const { a, b } = yield* pair
      assert.ok(a.isAddress(b.address))
      assert.deepEqual(yield* a.resolve(b.address), [b.address])
      for (const text of ["", "with space", "x".repeat(65)]) assert.ok(!a.isAddress(text), text)
    })
  },
  {
    name: "has one handler at a time, and loses everything without one",
    run: Effect.gen(function* () {
      const { endpoint } = yield* SwimTransportWorld
      const [a, b] = [yield* endpoint, yield* endpoint]
      const heard = yield* Queue.unbounded<Heard>()
      const scope = yield* Scope.make()
      yield* Scope.provide(b.serve(listener(heard)), scope)
      assert.ok(Exit.isFailure(yield* Effect.exit(Effect.scoped(b.serve(listener(heard))))))
      yield* Scope.close(scope, Exit.void)
      a.send(b.address, Uint8Array.of(1))
      yield* b.drain
      yield* b.serve(listener(heard))
      a.send(b.address, Uint8Array.of(2))
      assert.deepEqual((yield* Queue.take(heard)).bytes, [2])
    })
  }
]

const hostOf = (address: string): string => address.replace(/:\d+$/, "")

interface Heard {
  readonly from: string
  readonly bytes: ReadonlyArray<number>
}

/** Keeps packets, and repeats to a stream what it said up to a full stop. */
const listener = (heard: Queue.Queue<Heard>): SwimTransportHandler => ({
  onPacket: (packet, from) => void Queue.offerUnsafe(heard, { from, bytes: [...packet] }),
  onUnreachable: () => undefined,
  onStream: (stream: SwimStream) => {
    let text = ""
    return {
      onBytes: (bytes) => {
        text += Buffer.from(bytes).toString()
        if (!text.endsWith(".")) return
        stream.write(Buffer.from(`heard: ${text}`))
        stream.end()
      },
      onClosed: () => undefined
    }
  }
})

/** Two endpoints, of which the second keeps what it hears. */
const pair = Effect.gen(function* () {
  const { endpoint } = yield* SwimTransportWorld
  const [a, b] = [yield* endpoint, yield* endpoint]
  const heard = yield* Queue.unbounded<Heard>()
  yield* b.serve(listener(heard))
  return { a, b, heard }
})
