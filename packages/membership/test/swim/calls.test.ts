import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"

import { makeCallAnswers } from "../../src/callAnswers.ts"
import type { MemberRecord } from "../../src/core/swim/memberRecord.ts"
import { swimProfiles } from "../../src/core/swim/options.ts"
import { targetOf } from "../../src/core/swim/probe.ts"
import { startSwim } from "../../src/core/swim/startSwim.ts"
import { step } from "../../src/core/swim/swim.ts"
import type { SwimState } from "../../src/core/swim/swimState.ts"
import type { Call, CallMessage } from "../../src/core/swimWire/callCodec.ts"
import type { CallFailed } from "../../src/index.ts"
import { answersMax, answersPerCallerMax, makeInboundCalls } from "../../src/swim/inboundCalls.ts"
import { makeOutboundCalls, waitingMax } from "../../src/swim/outboundCalls.ts"
import { recordOf, sizes } from "../core/swim/swimWorld.ts"
import { isolated } from "../support/isolated.ts"

const text = (value: unknown) => Buffer.from(JSON.stringify(value))

/** A member `a` that knows `b` and `c`. */
const startA = (known: ReadonlyArray<MemberRecord> = [recordOf("b"), recordOf("c")]): SwimState =>
  startSwim({
    options: swimProfiles.lan,
    self: recordOf("a"),
    known,
    sizes,
    nowMillis: 0,
    random: () => 0.5
  })

const told = (state: SwimState, from: string, item: "left" | "dead", about: MemberRecord) => {
  const { generation, id, incarnation, instance } = about
  const fact = { id, generation, instance, incarnation, by: from }
  const evidence = { cause: "silence", helpers: 0, nacks: 0, stream: false, confirmations: 0 } as const
  step(
    state,
    {
      _tag: "Received",
      from,
      address: `${from}:1`,
      sealed: true,
      message: { _tag: "Gossip" },
      gossip: [item === "left" ? { kind: "left", ...fact } : { kind: "dead", ...fact, evidence }]
    },
    0,
    () => 0.5
  )
}

const startAsking = (state = startA()) => {
  const posted: Array<CallMessage> = []
  const failed: Array<string> = []
  let drawn = 0
  const calls = makeOutboundCalls({
    state,
    random: () => ++drawn / 2 ** 20,
    post: (_, message) => posted.push(message),
    countFailed: (kind) => failed.push(kind)
  })
  const call = (peer: string, replyBytesMax?: number) =>
    Effect.forkChild(
      Effect.result(calls.call(peer, { name: "x", payload: 1, timeout: "1 second", replyBytesMax })),
      { startImmediately: true }
    )
  return { calls, call, posted, failed }
}

const kindOf = (result: { readonly _tag: string; readonly failure?: CallFailed }) => result.failure?.kind

describe("calls of a node", () => {
  it.effect("are answered by the member that was asked, once, and by nobody else", () =>
    Effect.gen(function* () {
      const { call, calls, posted } = startAsking()
      const asked = yield* call("b")
      const { id } = posted[0] ?? { id: -1 }
      const reply = { _tag: "Reply", id, payload: text("yes") } as const
      assert.isFalse(calls.hear("c", reply), "another member's")
      assert.isFalse(calls.hear("b", { ...reply, id: id + 1 }), "to another question")
      assert.isFalse(calls.hear("c", { _tag: "CallRefused", id, reason: "busy", detail: "" }))
      assert.isTrue(calls.hear("b", reply))
      assert.isFalse(calls.hear("b", { ...reply, payload: text("no") }), "a second one")
      const result = yield* Fiber.join(asked)
      assert.strictEqual(result._tag === "Success" && result.success, "yes")
    })
  )

  it.effect("refuse answers that are larger than was asked for, no text, no JSON, or nested too deep", () =>
    Effect.gen(function* () {
      const { call, calls, failed, posted } = startAsking()
      const answers: ReadonlyArray<readonly [Uint8Array, string]> = [
        [text("x".repeat(99)), "too_large"],
        [Uint8Array.of(0xff), "unreadable"],
        [Buffer.from("{"), "unreadable"],
        [Buffer.from("[".repeat(65)), "unreadable"]
      ]
      for (const [payload, kind] of answers) {
        const asked = yield* call("b", 100)
        const { id } = posted.at(-1) ?? { id: -1 }
        assert.isTrue(calls.hear("b", { _tag: "Reply", id, payload }))
        assert.strictEqual(kindOf(yield* Fiber.join(asked)), kind)
      }
      assert.deepStrictEqual(failed, ["too_large", "unreadable", "unreadable", "unreadable"])
    })
  )

  it.effect("expect large answers over streams of those members only that are asked for them", () =>
    Effect.gen(function* () {
      const { call, calls } = startAsking()
      yield* call("b", 1_000_000)
      yield* call("b", 5)
      assert.deepStrictEqual([calls.expectedBytes("b"), calls.expectedBytes("c")], [1_000_000, 0])
      yield* call("c", 2 ** 40)
      assert.strictEqual(calls.expectedBytes("c"), 16_777_216)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(calls.expectedBytes("b"), 0)
    })
  )

  it.effect("wait in a bounded number, and give their places back", () =>
    Effect.gen(function* () {
      const { call, failed, posted } = startAsking()
      for (let count = 0; count < waitingMax; count++) yield* call("b")
      assert.strictEqual(kindOf(yield* Fiber.join(yield* call("c"))), "busy")
      assert.deepStrictEqual([posted.length, failed], [waitingMax, ["busy"]])
      yield* TestClock.adjust("1 second")
      yield* call("c")
      assert.strictEqual(posted.length, waitingMax + 1)
    })
  )

  it.effect("go to the dead, who may live, but not to strangers, to the left or to this node itself", () =>
    Effect.gen(function* () {
      const state = startA([recordOf("b"), recordOf("c"), recordOf("d")])
      told(state, "b", "left", recordOf("c"))
      told(state, "b", "dead", recordOf("d"))
      const { call, posted } = startAsking(state)
      for (const peer of ["z", "c", "a"]) {
        assert.strictEqual(kindOf(yield* Fiber.join(yield* call(peer))), "no_address", peer)
      }
      yield* call("d")
      assert.deepStrictEqual(
        posted.map((message) => message._tag === "Call" && message.target.id),
        ["d"]
      )
      step(state, { _tag: "Leave" }, 0, () => 0.5)
      assert.strictEqual(kindOf(yield* Fiber.join(yield* call("b"))), "left")
    })
  )

  it.effect("name the process that is meant, how long they wait and how much they read", () =>
    Effect.gen(function* () {
      const { call, posted } = startAsking()
      yield* call("b")
      const [first] = posted
      assert.deepInclude(first, {
        target: targetOf(recordOf("b")),
        name: "x",
        budgetMillis: 1000,
        replyBytesMax: 65_536
      })
    })
  )
})

const startAnswering = Effect.fnUntraced(function* (state = startA()) {
  const posted: Array<string> = []
  const refused: Array<string> = []
  const answers = makeCallAnswers()
  const fibers = yield* Effect.context()
  const hear = makeInboundCalls({
    state,
    answers,
    post: ({ address, id }, message) =>
      posted.push(
        `${id} at ${address}: ${
          message._tag === "Reply"
            ? Buffer.from(message.payload).toString()
            : message._tag === "CallRefused"
              ? message.reason
              : "a call"
        }`
      ),
    run: Effect.runForkWith(fibers),
    countRefused: (reason) => refused.push(reason)
  })
  yield* answers.answer("echo", (from, payload) => Effect.succeed([from, payload]))
  yield* answers.answer("slow", () => Effect.never)
  yield* answers.answer("broken", () => Effect.die("broken"))
  return { hear, posted, refused }
})

const callOf = (more: Partial<Call> = {}): Call => ({
  _tag: "Call",
  id: 7,
  target: targetOf(recordOf("a")),
  name: "echo",
  budgetMillis: 1000,
  replyBytesMax: 1000,
  payload: text(1),
  ...more
})

const heard = (from: MemberRecord, more: Partial<Call> = {}) => ({
  from,
  address: "somewhere:9",
  call: callOf(more)
})

describe("answers of a node", () => {
  it.effect("go to where the caller says that it lives, not to where the packet came from", () =>
    Effect.gen(function* () {
      const { hear, posted } = yield* startAnswering()
      hear(heard(recordOf("b")))
      assert.deepStrictEqual(posted, ['b at b:1: ["b",1]'])
    })
  )

  it.effect("are for living members only, in the process that is known", () =>
    isolated(
      Effect.gen(function* () {
        const state = startA()
        told(state, "b", "dead", recordOf("c"))
        const { hear, posted, refused } = yield* startAnswering(state)
        hear(heard(recordOf("z")))
        hear(heard(recordOf("c")))
        hear(heard(recordOf("b", { process: 2 })))
        hear(heard(recordOf("a", { process: 2 })))
        hear({ ...heard(recordOf("z")), address: undefined })
        assert.deepStrictEqual(
          refused,
          Array.from({ length: 5 }, () => "unknown_caller")
        )
        assert.deepStrictEqual(
          posted,
          ["z", "c", "b", "a"].map((id) => `${id} at somewhere:9: unknown_caller`)
        )
      })
    )
  )

  it.effect("are not given for another member or another process of this one", () =>
    Effect.gen(function* () {
      const { hear, posted } = yield* startAnswering()
      hear(heard(recordOf("b"), { target: targetOf(recordOf("c")) }))
      hear(heard(recordOf("b"), { target: targetOf(recordOf("a", { process: 2 })) }))
      hear(heard(recordOf("b"), { target: targetOf(recordOf("a", { generation: 2 })) }))
      assert.deepStrictEqual(
        posted,
        Array.from({ length: 3 }, () => "b at b:1: not_me")
      )
    })
  )

  it.effect("say what is wrong with a question or with the answer", () =>
    isolated(
      Effect.gen(function* () {
        const { hear, posted } = yield* startAnswering()
        hear(heard(recordOf("b"), { name: "nothing" }))
        hear(heard(recordOf("b"), { payload: Uint8Array.of(0xff) }))
        hear(heard(recordOf("b"), { payload: Buffer.from("{") }))
        hear(heard(recordOf("b"), { payload: Buffer.from("[".repeat(65)) }))
        hear(heard(recordOf("b"), { payload: text("x".repeat(1000)) }))
        hear(heard(recordOf("b"), { name: "broken" }))
        assert.deepStrictEqual(
          posted,
          ["no_answer", "malformed", "malformed", "malformed", "too_large", "internal"].map(
            (reason) => `b at b:1: ${reason}`
          )
        )
      })
    )
  )

  it.effect("are worked on in a bounded number, of one caller too, and no longer than the caller waits", () =>
    Effect.gen(function* () {
      const callers = Array.from({ length: answersMax / answersPerCallerMax + 1 }, (_, index) =>
        recordOf(`m${index}`)
      )
      const { hear, posted, refused } = yield* startAnswering(startA(callers))
      const [first = recordOf("m0"), ...others] = callers
      for (let count = 0; count < answersPerCallerMax; count++) hear(heard(first, { name: "slow" }))
      assert.deepStrictEqual(posted, [])
      hear(heard(first))
      assert.deepStrictEqual(posted, ["m0 at m0:1: busy"])
      for (const caller of others.slice(0, -1)) {
        for (let count = 0; count < answersPerCallerMax; count++) hear(heard(caller, { name: "slow" }))
      }
      const last = others.at(-1) ?? first
      hear(heard(last))
      assert.deepStrictEqual(posted.slice(1), [`${last.id} at ${last.id}:1: busy`])
      yield* TestClock.adjust("1 second")
      hear(heard(first))
      assert.strictEqual(posted.at(-1), 'm0 at m0:1: ["m0",1]')
      assert.strictEqual(refused.filter((reason) => reason === "expired").length, answersMax)
    })
  )

  it.effect("are given up after a minute, whatever the caller says", () =>
    Effect.gen(function* () {
      const { hear, refused } = yield* startAnswering()
      hear(heard(recordOf("b"), { name: "slow", budgetMillis: 2 ** 32 - 1 }))
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(refused, ["expired"])
    })
  )

  it.effect("end when the node has left", () =>
    Effect.gen(function* () {
      const state = startA()
      const { hear, posted } = yield* startAnswering(state)
      step(state, { _tag: "Leave" }, 0, () => 0.5)
      hear(heard(recordOf("b")))
      assert.deepStrictEqual(posted, ["b at b:1: left"])
    })
  )
})
