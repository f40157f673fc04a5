/** What every `Heartbeats` promises its riders, checked between two configured members that see each other. Takes some rounds of real time. */
import { strict as assert } from "node:assert"

import { Context, Effect, Exit, Queue } from "effect"

import type { HeartbeatRider, Heartbeats } from "../Heartbeats.ts"
import type { ContractCase } from "./ContractCase.ts"

/** Two members, and nobody rides yet. */
export class HeartbeatsWorld extends Context.Service<
  HeartbeatsWorld,
  { readonly one: Heartbeats["Service"]; readonly other: Heartbeats["Service"] }
>()("@coterie/membership/testing/heartbeatsContract/HeartbeatsWorld") {}

/** The promises of `Heartbeats`. */
export const heartbeatsContract: ReadonlyArray<ContractCase<HeartbeatsWorld>> = [
  {
    name: "knows itself and the configured members, sorted",
    run: Effect.gen(function* () {
      const { one, other } = yield* HeartbeatsWorld
      assert.deepEqual(one.configured, other.configured)
      assert.deepEqual(one.configured, [...one.configured].toSorted())
      for (const { configured, deadAfterMillis, intervalMillis, self } of [one, other]) {
        assert.ok(configured.includes(self))
        assert.ok(deadAfterMillis > intervalMillis)
      }
    })
  },
  {
    name: "asks for a payload, ticks, brings the payload to the peer, and its answer back, again and again",
    run: Effect.gen(function* () {
      const { one, other } = yield* HeartbeatsWorld
      const heard = yield* Queue.unbounded<string>()
      const say = (line: string) => Effect.asVoid(Queue.offer(heard, line))
      yield* other.ride({ ...silent, onBeat: (from, payload) => Effect.succeed({ [from]: payload ?? null }) })
      yield* one.ride({
        ...silent,
        request: (peer) => Effect.as(say(`asked for ${peer}`), { beat: 1 }),
        onTick: say("tick"),
        onReply: (from, payload) => say(`${from} answered ${JSON.stringify(payload)}`)
      })
      for (let round = 0; round < 2; round++) {
        yield* takeUntil(heard, `asked for ${other.self}`)
        const before = yield* takeUntil(heard, `${other.self} answered {"${one.self}":{"beat":1}}`)
        assert.ok(before.includes("tick"), before.join())
      }
    })
  },
  {
    name: "shows a rider the beats that have nothing for it",
    run: Effect.gen(function* () {
      const { one, other } = yield* HeartbeatsWorld
      const heard = yield* Queue.unbounded<string>()
      yield* one.ride({ ...silent, name: "talker", request: () => Effect.succeed(1) })
      yield* other.ride({
        ...silent,
        onBeat: (from, payload) =>
          Effect.as(Queue.offer(heard, `${from}: ${JSON.stringify(payload)}`), undefined)
      })
      assert.equal(yield* Queue.take(heard), `${one.self}: undefined`)
    })
  },
  {
    name: "goes on when a rider dies",
    run: Effect.gen(function* () {
      const { one, other } = yield* HeartbeatsWorld
      const heard = yield* Queue.unbounded<string>()
      const dies = Effect.die("broken")
      const broken = {
        name: "broken",
        request: () => dies,
        onTick: dies,
        onBeat: () => dies,
        onReply: () => dies
      }
      for (const member of [one, other]) yield* member.ride(broken)
      yield* other.ride(silent)
      yield* one.ride({
        ...silent,
        request: () => Effect.succeed(1),
        onReply: (from) => Effect.asVoid(Queue.offer(heard, from))
      })
      assert.deepEqual(yield* Queue.takeN(heard, 2), [other.self, other.self])
    })
  },
  {
    name: "has one rider of a name, until its scope closes",
    run: Effect.gen(function* () {
      const { one } = yield* HeartbeatsWorld
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* one.ride(silent)
          assert.ok(Exit.isFailure(yield* Effect.exit(Effect.scoped(one.ride(silent)))))
        })
      )
      yield* one.ride(silent)
      assert.ok(Exit.isFailure(yield* Effect.exit(Effect.scoped(one.ride({ ...silent, name: "No Name" })))))
    })
  }
]

/** A rider that says nothing. */
const silent: HeartbeatRider = {
  name: "rider",
  request: () => Effect.undefined,
  onTick: Effect.void,
  onBeat: () => Effect.undefined,
  onReply: () => Effect.void
}

/** What was heard before the line. */
const takeUntil = Effect.fnUntraced(function* (heard: Queue.Queue<string>, line: string) {
  const before: Array<string> = []
  for (let taken = yield* Queue.take(heard); taken !== line; taken = yield* Queue.take(heard)) {
    before.push(taken)
  }
  return before
})
