/** What every `PeerCalls` promises, checked between two members of one cluster that see each other alive. Takes real time. */
import { strict as assert } from "node:assert"

import { Context, Duration, Effect, Exit, type Schema } from "effect"

import type { NodeId } from "../Membership.ts"
import type { PeerCalls } from "../PeerCalls.ts"
import type { ContractCase } from "./ContractCase.ts"

/** Two members. */
export class PeerCallsWorld extends Context.Service<
  PeerCallsWorld,
  {
    readonly asker: { readonly id: NodeId; readonly calls: PeerCalls["Service"] }
    readonly answerer: { readonly id: NodeId; readonly calls: PeerCalls["Service"] }
  }
>()("@coterie/membership/testing/peerCallsContract/PeerCallsWorld") {}

const timeout = Duration.seconds(5)

/** The promises of `PeerCalls`. */
export const peerCallsContract: ReadonlyArray<ContractCase<PeerCallsWorld>> = [
  {
    name: "brings a question to whoever answers its name, with who asks, and the answer back",
    run: Effect.gen(function* () {
      const { answerer, asker } = yield* PeerCallsWorld
      yield* answerer.calls.answer("echo", (from, payload) => Effect.succeed({ from, payload }))
      const payload = [null, "zürich 😀", 1.5, { deep: [true] }]
      assert.deepEqual(yield* ask("echo", payload), { from: asker.id, payload })
    })
  },
  {
    name: "carries questions and answers of up to 60 KiB, and larger answers where they are wanted",
    run: Effect.gen(function* () {
      const { answerer, asker } = yield* PeerCallsWorld
      yield* answerer.calls.answer("twice", (_, payload) => Effect.succeed([payload, payload]))
      const long = "x".repeat(30_000)
      assert.deepEqual(yield* ask("twice", long), [long, long])
      const longer = "y".repeat(60_000)
      const failure = yield* Effect.flip(ask("twice", longer))
      assert.equal(failure.kind, "too_large")
      const question = { name: "twice", payload: longer, timeout, replyBytesMax: 200_000 }
      assert.deepEqual(yield* asker.calls.call(answerer.id, question), [longer, longer])
    })
  },
  {
    name: "carries an answer of one MiB",
    run: Effect.gen(function* () {
      const { answerer, asker } = yield* PeerCallsWorld
      const book = "ü".repeat(524_288)
      yield* answerer.calls.answer("book", () => Effect.succeed(book))
      const question = { name: "book", payload: null, timeout, replyBytesMax: 1_100_000 }
      assert.equal(yield* asker.calls.call(answerer.id, question), book)
    })
  },
  {
    name: "fails a question that is too large",
    run: Effect.gen(function* () {
      const { answerer } = yield* PeerCallsWorld
      yield* answerer.calls.answer("echo", (_, payload) => Effect.succeed(payload))
      const failure = yield* Effect.flip(ask("echo", "x".repeat(70_000)))
      assert.ok(["too_large", "refused"].includes(failure.kind), failure.kind)
    })
  },
  {
    name: "says why there is no answer: nobody answers the name, the peer is unknown, the answer died",
    run: Effect.gen(function* () {
      const { answerer, asker } = yield* PeerCallsWorld
      yield* answerer.calls.answer("broken", () => Effect.die("broken"))
      assert.equal((yield* Effect.flip(ask("nothing"))).kind, "refused")
      assert.equal((yield* Effect.flip(ask("broken"))).kind, "refused")
      const question = { name: "echo", payload: null, timeout }
      const stranger = yield* Effect.flip(asker.calls.call("nobody", question))
      assert.deepEqual([stranger.kind, stranger.peer, stranger.name], ["no_address", "nobody", "echo"])
      assert.equal(yield* asker.calls.addressOf("nobody"), undefined)
    })
  },
  {
    name: "gives up when the time is over, and serves others meanwhile",
    run: Effect.gen(function* () {
      const { answerer, asker } = yield* PeerCallsWorld
      yield* answerer.calls.answer("slow", () => Effect.never)
      yield* answerer.calls.answer("echo", (_, payload) => Effect.succeed(payload))
      const slow = asker.calls.call(answerer.id, { name: "slow", payload: null, timeout: "300 millis" })
      const [failure, answer] = yield* Effect.all([Effect.flip(slow), ask("echo", 7)], { concurrency: 2 })
      assert.deepEqual([failure.kind, answer], ["timeout", 7])
    })
  },
  {
    name: "keeps many answers apart, in both directions at once",
    run: Effect.gen(function* () {
      const { answerer, asker } = yield* PeerCallsWorld
      for (const { calls } of [asker, answerer]) {
        yield* calls.answer("echo", (_, payload) => Effect.as(Effect.yieldNow, payload))
      }
      const numbers = Array.from({ length: 50 }, (_, index) => index)
      const there = Effect.forEach(numbers, (number) => ask("echo", number), { concurrency: 25 })
      const back = Effect.forEach(
        numbers,
        (payload) => answerer.calls.call(asker.id, { name: "echo", payload, timeout }),
        { concurrency: 25 }
      )
      assert.deepEqual(yield* Effect.all([there, back], { concurrency: 2 }), [numbers, numbers])
    })
  },
  {
    name: "has one answer to a name, until its scope closes",
    run: Effect.gen(function* () {
      const { answerer } = yield* PeerCallsWorld
      const register = answerer.calls.answer("echo", (_, payload) => Effect.succeed(payload))
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* register
          assert.ok(Exit.isFailure(yield* Effect.exit(Effect.scoped(register))))
          assert.equal(yield* ask("echo", 1), 1)
        })
      )
      assert.equal((yield* Effect.flip(ask("echo", 1))).kind, "refused")
    })
  }
]

/** The answer of the second member to the first. */
const ask = (name: string, payload: Schema.Json = null) =>
  Effect.flatMap(PeerCallsWorld, ({ answerer, asker }) =>
    asker.calls.call(answerer.id, { name, payload, timeout })
  )
