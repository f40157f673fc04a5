import { assert, describe, it } from "@effect/vitest"

import { viewHash } from "../../../src/core/swim/comparison.ts"
import { explainFact } from "../../../src/core/swim/explain.ts"
import { instanceHash, type Ping, type PingReq } from "../../../src/core/swim/messages.ts"
import { alive, Bench, dead, suspect } from "./swimBench.ts"
import { recordOf } from "./swimWorld.ts"

const helpers = ["a", "b", "c"]

/** A node that knows `x` and possible helpers, at the moment it pings `x`. */
const pinging = (
  options: ConstructorParameters<typeof Bench>[0] = {},
  known = helpers
): { bench: Bench; ping: Ping } => {
  const bench = new Bench(options)
  for (const id of known) bench.hear(recordOf(id))
  bench.hear(alive(0))
  for (;;) {
    bench.state.awareness = 0
    begin(bench)
    const [ping] = bench.sent("Ping")
    if (ping?.to === "x") return { bench, ping: ping.message }
  }
}

/** Lets the stage of the round run into its time-out, and returns what helpers are asked. */
const expire = (bench: Bench): ReadonlyArray<{ to: string | undefined; message: PingReq }> => {
  bench.pass(bench.state.due.probe - bench.nowMillis)
  return bench.sent("PingReq")
}

const names = (asked: ReturnType<typeof expire>) => asked.map(({ to }) => to)

/** Begins a round at once. */
const begin = (bench: Bench) => {
  bench.state.round = undefined
  bench.state.due.probe = bench.nowMillis
  bench.tell({ _tag: "Tick" })
}

const targetX = { id: "x", generation: 1, instanceHash: instanceHash(recordOf("x").instance) }
const ackOf = (ping: { readonly seq: number }, target = targetX) =>
  ({ _tag: "Ack", seq: ping.seq, target, wantsRecord: false, view: 0 }) as const

const roundTrips = (bench: Bench) =>
  bench.effects.flatMap((effect) =>
    effect._tag === "Emit" && effect.news._tag === "RoundTrip" ? [effect.news.millis] : []
  )

describe("prober", () => {
  it("names the process that it means, and itself in short", () => {
    const { ping } = pinging()
    assert.deepStrictEqual(ping.target, targetX)
    assert.deepStrictEqual(ping.sender, {
      generation: 1,
      instanceHash: instanceHash(recordOf("me").instance),
      incarnation: 0
    })
  })

  it("ends a round with the first answer, and starts the next a period after the last", () => {
    const { bench, ping } = pinging()
    const started = bench.nowMillis
    bench.state.awareness = 2
    bench.nowMillis += 30
    bench.receive("x", ackOf(ping))
    assert.isUndefined(bench.state.round)
    assert.strictEqual(bench.state.awareness, 1)
    assert.strictEqual(bench.state.due.probe, started + 1000)
  })

  it("tells the round trip of an answer that comes from the member itself, even late", () => {
    const { bench, ping } = pinging()
    bench.nowMillis += 30
    bench.receive("x", ackOf(ping))
    assert.deepStrictEqual(roundTrips(bench), [30])
    const late = pinging()
    expire(late.bench)
    late.bench.receive("x", ackOf(late.ping))
    assert.deepStrictEqual(roundTrips(late.bench), [500])
  })

  it("tells no round trip of an answer through a helper, over a stream, or across a stall of its own", () => {
    const helped = pinging()
    const [helper] = expire(helped.bench)
    helped.bench.receive(helper?.to ?? "", ackOf(helped.ping))
    assert.isUndefined(helped.bench.state.round)
    assert.deepStrictEqual(roundTrips(helped.bench), [])
    const streamed = pinging()
    expire(streamed.bench)
    streamed.bench.tell({ _tag: "StreamPinged", seq: streamed.ping.seq, answer: "ack" })
    assert.deepStrictEqual(roundTrips(streamed.bench), [])
    for (const ticks of [0, 1]) {
      const { bench, ping } = pinging()
      bench.nowMillis += 2010
      bench.tell({ _tag: "Stalled", millis: 2000 })
      for (let tick = 0; tick < ticks; tick++) bench.tell({ _tag: "Tick" })
      bench.receive("x", ackOf(ping))
      assert.isUndefined(bench.state.round)
      assert.deepStrictEqual(roundTrips(bench), [])
    }
  })

  it("scales period and time-out by local health", () => {
    const { bench } = pinging()
    bench.state.awareness = 3
    begin(bench)
    assert.strictEqual(bench.state.due.probe - bench.nowMillis, 2000)
    assert.strictEqual(bench.state.round?.deadlineMillis, bench.nowMillis + 4000)
  })

  it("asks three helpers and a stream when the direct ping is not answered in time", () => {
    const { bench } = pinging()
    const asked = expire(bench)
    assert.sameMembers(names(asked), helpers)
    assert.strictEqual(asked[0]?.message.budgetMillis, 1000 - 500 - 50)
    assert.isTrue(bench.effects.some((effect) => effect._tag === "StreamPing" && effect.address === "x:1"))
  })

  it("asks at once when the ping cannot be sent", () => {
    const { bench } = pinging()
    bench.tell({ _tag: "SendFailed", address: "elsewhere:1" })
    assert.strictEqual(bench.sent("PingReq").length, 0)
    bench.tell({ _tag: "SendFailed", address: "x:1" })
    assert.strictEqual(bench.sent("PingReq")[0]?.message.budgetMillis, 950)
  })

  it("asks no suspect for help", () => {
    const { bench } = pinging()
    bench.hear({ ...suspect(0), id: "b", instance: recordOf("b").instance }, "z", 0)
    assert.sameMembers(names(expire(bench)), ["a", "c"])
  })

  it("after a failed round suspects, with what it saw, and blames itself for missing nacks only", () => {
    const { bench, ping } = pinging()
    expire(bench)
    for (const helper of ["a", "c", "c", "stranger"]) {
      bench.receive(helper, { _tag: "Nack", seq: ping.seq, reason: "no_answer" })
    }
    expire(bench)
    assert.strictEqual(bench.view, "suspect 1/0 timer")
    assert.strictEqual(bench.state.awareness, 1)
    const fact = bench.state.table.suspicions.values().next().value?.fact
    assert(fact !== undefined)
    assert.strictEqual(
      explainFact(fact),
      "suspected by me: direct, 3 indirect probes and a stream probe failed, 2 of 3 helpers heard nothing either"
    )
  })

  it("without helpers blames itself once for a member that stays silent", () => {
    const { bench } = pinging({ streamPings: false }, [])
    expire(bench)
    expire(bench)
    assert.strictEqual(bench.state.awareness, 1)
    const fact = bench.state.table.suspicions.values().next().value?.fact
    assert(fact !== undefined)
    assert.strictEqual(explainFact(fact), "suspected by me: direct probe failed")
    begin(bench)
    expire(bench)
    expire(bench)
    assert.strictEqual(bench.state.awareness, 1)
  })

  it.each([
    [
      "another sequence number",
      (bench: Bench, ping: Ping) => bench.receive("x", ackOf({ seq: ping.seq + 1 }))
    ],
    [
      "another process",
      (bench: Bench, ping: Ping) => bench.receive("x", ackOf(ping, { ...targetX, generation: 2 }))
    ],
    [
      "another member",
      (bench: Bench, ping: Ping) => bench.receive("x", ackOf(ping, { ...targetX, id: "a" }))
    ],
    ["a member that was not asked", (bench: Bench, ping: Ping) => bench.receive("a", ackOf(ping))],
    [
      "another address in the open",
      (bench: Bench, ping: Ping) =>
        bench.tell({
          _tag: "Received",
          from: "x",
          address: "forged:1",
          sealed: false,
          message: ackOf(ping),
          gossip: []
        })
    ]
  ])("does not believe an answer of %s", (_name, answer) => {
    const { bench, ping } = pinging()
    answer(bench, ping)
    assert.isDefined(bench.state.round)
    assert.strictEqual(bench.state.counters.strayAnswers, 1)
  })

  it("believes a helper, and the address that it pinged where packets are open", () => {
    const one = pinging()
    expire(one.bench)
    one.bench.receive("b", ackOf(one.ping))
    assert.isUndefined(one.bench.state.round)
    const { bench, ping } = pinging()
    bench.tell({
      _tag: "Received",
      from: "x",
      address: "x:1",
      sealed: false,
      message: ackOf(ping),
      gossip: []
    })
    assert.isUndefined(bench.state.round)
  })

  it("takes a stranger at the address for the member's failure, at no cost to its own health", () => {
    const { bench, ping } = pinging()
    bench.tell({
      _tag: "Received",
      from: "stranger",
      address: "x:1",
      sealed: true,
      message: { _tag: "NotMe", seq: ping.seq, id: "stranger", generation: 4 },
      gossip: [recordOf("stranger", { address: "x:1" })]
    })
    assert.strictEqual(bench.view, "suspect 1/0 timer")
    assert.strictEqual(bench.state.awareness, 0)
    const fact = bench.state.table.suspicions.values().next().value?.fact
    assert.strictEqual(
      fact === undefined ? "" : explainFact(fact),
      "suspected by me: another process answers at its address"
    )
  })

  it("takes a newer process of the member for no failure", () => {
    const { bench, ping } = pinging()
    const renewed = recordOf("x", { generation: 2, process: 9 })
    bench.receive("x", { _tag: "NotMe", seq: ping.seq, id: "x", generation: 2 }, [renewed])
    assert.strictEqual(bench.view, "alive 2/0")
    assert.deepStrictEqual(bench.changes, ["Restarted alive>alive"])
  })

  it("tells a suspect first of all that it is one, outside the count of transmits", () => {
    const { bench } = pinging()
    bench.hear(suspect(0), "z", 0)
    const pings = Array.from({ length: 30 }, () => {
      begin(bench)
      return bench.effects.flatMap((effect) =>
        effect._tag === "Send" && effect.to === "x" ? [effect.gossip[0]?.kind] : []
      )
    }).flat()
    assert.isAbove(pings.length, 4)
    assert.isTrue(pings.every((kind) => kind === "suspect"))
  })

  it("does not accuse a member that refuted during the round", () => {
    const { bench } = pinging()
    expire(bench)
    bench.receive("x", { _tag: "Gossip" }, [alive(1)])
    expire(bench)
    assert.strictEqual(bench.view, "alive 1/1")
  })
})

describe("member that is pinged", () => {
  const me = { id: "me", generation: 1, instanceHash: instanceHash(recordOf("me").instance) }
  const sender = { generation: 1, instanceHash: instanceHash(recordOf("a").instance), incarnation: 0 }

  it("answers, and asks for the record of a prober that it does not know", () => {
    const bench = new Bench()
    bench.receive("a", { _tag: "Ping", seq: 7, target: me, sender })
    assert.deepStrictEqual(bench.sent("Ack"), [
      {
        to: "a",
        message: { _tag: "Ack", seq: 7, target: me, wantsRecord: true, view: viewHash(bench.state) }
      }
    ])
    bench.hear(recordOf("a"))
    bench.receive("a", { _tag: "Ping", seq: 8, target: me, sender })
    assert.isFalse(bench.sent("Ack")[0]?.message.wantsRecord)
    bench.receive("a", { _tag: "Ping", seq: 9, target: me, sender: { ...sender, incarnation: 1 } })
    assert.isTrue(bench.sent("Ack")[0]?.message.wantsRecord)
  })

  it("introduces itself where its record is wanted", () => {
    const { bench, ping } = pinging()
    bench.receive("x", { ...ackOf(ping), wantsRecord: true })
    assert.deepStrictEqual(bench.sends, ["x@x:9 alive 1/0"])
  })

  it.each([
    ["another member", { ...me, id: "you" }],
    ["a past process", { ...me, generation: 0 }],
    ["another process", { ...me, instanceHash: 2 }]
  ])("says that it is not %s", (_name, target) => {
    const bench = new Bench()
    bench.receive("a", { _tag: "Ping", seq: 7, target, sender })
    assert.deepStrictEqual(bench.sent("NotMe"), [
      { to: "a", message: { _tag: "NotMe", seq: 7, id: "me", generation: 1 } }
    ])
    assert.deepStrictEqual(bench.sends, ["a@a:9 alive 1/0"])
  })
})

describe("helper", () => {
  const request = {
    _tag: "PingReq",
    seq: 77,
    target: targetX,
    address: "x:1",
    incarnation: 0,
    budgetMillis: 450
  } as const

  it("pings, and passes the answer on at once", () => {
    const bench = new Bench()
    bench.receive("p", request)
    const [ping] = bench.sent("Ping")
    assert(ping !== undefined)
    assert.strictEqual(ping.to, "x")
    bench.receive("x", ackOf(ping.message))
    assert.deepStrictEqual(bench.sent("Ack"), [{ to: "p", message: { ...ackOf(ping.message), seq: 77 } }])
    assert.strictEqual(bench.state.relays.size, 0)
  })

  it("reports silence at 0.8 of the time, still passes a late answer on, and forgets at the end", () => {
    const bench = new Bench()
    bench.receive("p", request)
    const [ping] = bench.sent("Ping")
    assert(ping !== undefined)
    bench.pass(359)
    assert.deepStrictEqual(bench.sent("Nack"), [])
    bench.pass(1)
    assert.deepStrictEqual(bench.sent("Nack"), [
      { to: "p", message: { _tag: "Nack", seq: 77, reason: "no_answer" } }
    ])
    bench.pass(50)
    bench.receive("x", ackOf(ping.message))
    assert.strictEqual(bench.sent("Ack")[0]?.message.seq, 77)
    bench.receive("p", request)
    bench.pass(450)
    assert.strictEqual(bench.state.relays.size, 0)
  })

  it("sends the target's refutation beside the answer", () => {
    const bench = new Bench()
    bench.receive("p", request)
    const [ping] = bench.sent("Ping")
    assert(ping !== undefined)
    bench.receive("x", ackOf(ping.message), [alive(1)])
    assert.deepStrictEqual(bench.sends, ["p@p:9 alive 1/1"])
  })

  it("does twenty pings a second for one asker, and tells the rest that it is too often", () => {
    const bench = new Bench()
    for (let count = 0; count < 25; count += 1) {
      bench.receive("p", request)
      assert.strictEqual(bench.sent("Ping").length, count < 20 ? 1 : 0)
      assert.strictEqual(bench.sent("Nack")[0]?.message.reason, count < 20 ? undefined : "rate_limited")
    }
    assert.strictEqual(bench.state.counters.pingReqsRefused, 5)
    bench.receive("q", request)
    assert.strictEqual(bench.sent("Ping").length, 1)
  })

  it.each([
    ["another address, where packets are open", { from: "x", address: "forged:1", sealed: false }],
    ["another member, where packets are sealed", { from: "evil", address: "evil:9", sealed: true }]
  ])("passes no answer on of %s", (_name, sender) => {
    const bench = new Bench()
    bench.receive("p", request)
    const [ping] = bench.sent("Ping")
    assert(ping !== undefined)
    for (const message of [
      ackOf(ping.message),
      { _tag: "NotMe", seq: ping.message.seq, id: "evil", generation: 1 } as const
    ]) {
      bench.tell({ _tag: "Received", ...sender, message, gossip: [] })
      assert.deepStrictEqual(bench.effects, [])
    }
    assert.strictEqual(bench.state.counters.strayAnswers, 2)
    bench.receive("x", ackOf(ping.message))
    assert.strictEqual(bench.sent("Ack").length, 1)
  })

  it("passes on that a stranger answers at the address", () => {
    const bench = new Bench()
    bench.receive("p", request)
    const [ping] = bench.sent("Ping")
    assert(ping !== undefined)
    const message = { _tag: "NotMe", seq: ping.message.seq, id: "stranger", generation: 1 } as const
    bench.tell({ _tag: "Received", from: "stranger", address: "x:1", sealed: true, message, gossip: [] })
    assert.deepStrictEqual(bench.sent("NotMe"), [{ to: "p", message: { ...message, seq: 77 } }])
  })

  it("keeps no ping for longer than the longest round, and leaves room for others whoever asks", () => {
    const bench = new Bench()
    const greedy = { ...request, budgetMillis: 2 ** 32 - 1 }
    for (let second = 0; second < 20; second += 1) {
      for (let count = 0; count < 20; count += 1) bench.receive("evil", greedy)
      assert.isAtMost(bench.state.relays.size, 32)
      bench.pass(1000)
    }
    for (let count = 0; count < 100; count += 1) {
      const message = { ...greedy, seq: count }
      bench.tell({
        _tag: "Received",
        from: `f${count}`,
        address: "evil:9",
        sealed: false,
        message,
        gossip: []
      })
    }
    assert.isAtMost(bench.state.relays.size, 32)
    bench.receive("good", request)
    assert.strictEqual(bench.sent("Ping").length, 1)
    bench.pass(8000)
    assert.strictEqual(bench.state.relays.size, 0)
  })

  it("answers for itself", () => {
    const bench = new Bench()
    const me = { id: "me", generation: 1, instanceHash: instanceHash(recordOf("me").instance) }
    bench.receive("p", { ...request, target: me })
    const message = { ...ackOf({ seq: 77 }, me), view: viewHash(bench.state) }
    assert.deepStrictEqual(bench.sent("Ack"), [{ to: "p", message }])
  })
})

describe("dead members", () => {
  it("are not probed, and are told that they are for half a minute", () => {
    const bench = new Bench()
    bench.hear(alive(0))
    bench.hear(dead(0))
    bench.state.due.probe = bench.nowMillis
    bench.tell({ _tag: "Tick" })
    assert.deepStrictEqual(bench.sent("Ping"), [])
    bench.pass(200)
    assert.deepStrictEqual(bench.sends, ["x@x:1 dead 1/0"])
  })
})
