import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"

import {
  addressOf,
  type Changed,
  type HeartbeatEffect,
  type HeartbeatEvent,
  type HeartbeatState,
  initial,
  type Peer,
  step
} from "../../src/core/heartbeat.ts"

const settings = {
  self: "a",
  peers: [
    { id: "b", address: "http://b" },
    { id: "c", address: undefined }
  ],
  intervalMillis: 1_000,
  deadAfterMillis: 4_000
}

const heard = (from: string, nowMillis: number, more: Partial<Peer> & { advertise?: string } = {}) =>
  ({
    _tag: "Heard",
    nowMillis,
    from,
    instance: more.instance ?? `${from}1`,
    advertise: more.advertise,
    metadata: more.metadata ?? {}
  }) as const

const tick = (nowMillis: number) => ({ _tag: "Tick", nowMillis }) as const
const goodbye = (from: string, nowMillis: number, instance = `${from}1`) =>
  ({ _tag: "Goodbye", nowMillis, from, instance }) as const

/** Applies the events with on-time ticks in between, and returns the final state and all effects. */
const play = (
  events: ReadonlyArray<HeartbeatEvent>,
  start: HeartbeatState = initial(settings, 0)
): { state: HeartbeatState; effects: ReadonlyArray<HeartbeatEffect> } => {
  let state = start
  const effects: Array<HeartbeatEffect> = []
  const apply = (event: HeartbeatEvent) => {
    const [next, out] = step(state, event)
    state = next
    effects.push(...out)
  }
  for (const event of events) {
    while (state.dueMillis < event.nowMillis) apply(tick(state.dueMillis))
    apply(event)
  }
  return { state, effects }
}

const changesOf = (effects: ReadonlyArray<HeartbeatEffect>, id: string) =>
  effects
    .filter((effect): effect is Changed => effect._tag === "Changed" && effect.peer.id === id)
    .map(({ previous, peer, reason }) => `${previous} > ${peer.state}: ${reason}`)

const stateOf = (state: HeartbeatState, id: string) => state.peers.get(id)?.state

const contact = (state: HeartbeatState, id: string) => {
  const peer = state.peers.get(id)
  return peer && addressOf(peer)
}

const transitions = (effects: ReadonlyArray<HeartbeatEffect>) =>
  ["b", "c"].map((id) => changesOf(effects, id))

describe("liveness", () => {
  it("doubts a peer until it is heard, and gives it up after the whole silence", () => {
    const early = play([tick(4_000)])
    assert.strictEqual(stateOf(early.state, "b"), "suspect")
    const late = play([tick(4_001)])
    assert.deepStrictEqual(changesOf(late.effects, "b"), ["suspect > dead: never heard in 4.0 s"])
  })

  it("a beat or a reply makes the sender alive at once", () => {
    const { state, effects } = play([heard("b", 300)])
    assert.strictEqual(stateOf(state, "b"), "alive")
    assert.deepStrictEqual(changesOf(effects, "b"), ["suspect > alive: first heartbeat"])
  })

  it("a peer silent for exactly deadAfter is alive, and dead one millisecond later", () => {
    const alive = play([heard("b", 500), tick(4_500)])
    assert.strictEqual(stateOf(alive.state, "b"), "alive")
    const dead = play([heard("b", 500), tick(4_501)])
    assert.deepStrictEqual(changesOf(dead.effects, "b").slice(1), ["alive > dead: no heartbeat for 4.0 s"])
  })

  it("a dead peer that is heard again is alive, with a new streak", () => {
    const { state } = play([heard("b", 500), heard("b", 9_000)])
    assert.strictEqual(stateOf(state, "b"), "alive")
    assert.strictEqual(state.peers.get("b")?.sinceMillis, 9_000)
  })

  it("beats within the window never touch the start of the streak", () => {
    const { state } = play([heard("b", 500), heard("b", 1_400), heard("b", 4_900)])
    assert.strictEqual(state.peers.get("b")?.sinceMillis, 500)
  })

  it("a flap restarts the streak even when no tick saw the gap", () => {
    const slow = { ...settings, intervalMillis: 60_000 }
    const { state, effects } = play([heard("b", 500), heard("b", 4_501)], initial(slow, 0))
    assert.strictEqual(state.peers.get("b")?.sinceMillis, 4_501)
    assert.deepStrictEqual(changesOf(effects, "b").slice(1), [
      "alive > dead: no heartbeat for 4.0 s",
      "dead > alive: heartbeat again"
    ])
  })

  it("an id outside the list is ignored, whatever it says", () => {
    const before = play([heard("b", 100)]).state
    for (const event of [heard("x", 200), goodbye("x", 200), heard("a", 200)]) {
      const [after, effects] = step(before, event)
      assert.deepStrictEqual(effects, [{ _tag: "Ignored", from: event.from, reason: "unknown_sender" }])
      assert.deepStrictEqual(after.peers, before.peers)
    }
  })

  it("says what else changed about a peer that is alive", () => {
    const { effects } = play([
      heard("b", 100),
      heard("b", 200, { metadata: { zone: "x" } }),
      heard("b", 300, { metadata: { zone: "x" }, advertise: "http://b2" }),
      heard("b", 400, { metadata: { zone: "x" }, instance: "b2" }),
      heard("b", 500, { metadata: { zone: "x" }, instance: "b2" })
    ])
    assert.deepStrictEqual(changesOf(effects, "b").slice(1), [
      "alive > alive: new metadata",
      "alive > alive: advertises http://b2",
      "alive > alive: restarted"
    ])
  })
})

describe("goodbye", () => {
  it("makes a peer left at once, and silence does not turn that into dead", () => {
    const { effects } = play([heard("b", 100), goodbye("b", 200), tick(60_000)])
    assert.deepStrictEqual(changesOf(effects, "b").slice(1), ["alive > left: said goodbye"])
  })

  it("a straggler of the run that left is no proof of life", () => {
    const { state, effects } = play([heard("b", 100), goodbye("b", 200), heard("b", 300)])
    assert.strictEqual(stateOf(state, "b"), "left")
    assert.deepStrictEqual(effects.at(-1), { _tag: "Ignored", from: "b", reason: "already_left" })
  })

  it("a new run of a peer that left is alive", () => {
    const { effects } = play([heard("b", 100), goodbye("b", 200), heard("b", 300, { instance: "b2" })])
    assert.deepStrictEqual(changesOf(effects, "b").slice(2), ["left > alive: restarted after being left"])
  })

  it("the late goodbye of an older run does not remove the new one", () => {
    const { state } = play([heard("b", 100), heard("b", 200, { instance: "b2" }), goodbye("b", 300, "b1")])
    assert.strictEqual(stateOf(state, "b"), "alive")
  })

  it("said twice is heard once", () => {
    const { effects } = play([goodbye("b", 100), goodbye("b", 200)])
    assert.deepStrictEqual(changesOf(effects, "b"), ["suspect > left: said goodbye"])
  })
})

describe("a stall of this process", () => {
  it("is not held against the peers, whichever event comes first afterwards", () => {
    for (const first of [tick(61_000), heard("c", 61_000), goodbye("c", 61_000)]) {
      const before = play([heard("b", 900), heard("c", 900)]).state
      const [after, effects] = step(before, first)
      assert.deepStrictEqual(effects[0], { _tag: "Stalled", millis: 60_000 })
      assert.strictEqual(stateOf(after, "b"), "alive")
      assert.strictEqual(after.peers.get("b")?.lastSeenMillis, 60_900)
    }
  })

  it("is counted once, and silence after it counts in full", () => {
    const before = play([heard("b", 900)]).state
    const { state, effects } = play([tick(61_000), tick(64_900), tick(64_901)], step(before, tick(61_000))[0])
    assert.strictEqual(effects.filter(({ _tag }) => _tag === "Stalled").length, 0)
    assert.strictEqual(stateOf(state, "b"), "dead")
    assert.deepStrictEqual(changesOf(effects, "b"), ["alive > dead: no heartbeat for 4.0 s"])
  })

  it("shorter than a quarter of the interval is an ordinary delay", () => {
    const [, effects] = step(initial(settings, 0), tick(1_250))
    assert.isFalse(effects.some(({ _tag }) => _tag === "Stalled"))
    const [, more] = step(initial(settings, 0), tick(1_251))
    assert.isTrue(more.some(({ _tag }) => _tag === "Stalled"))
  })
})

describe("addresses", () => {
  it("a tick sends to every peer with an address and reports the others", () => {
    const [, effects] = step(initial(settings, 0), tick(1_000))
    assert.deepStrictEqual(effects, [
      { _tag: "Send", peer: "b", address: "http://b" },
      { _tag: "NoAddress", peer: "c" }
    ])
  })

  it("an advertised address fills a gap", () => {
    const { effects } = play([heard("c", 100, { advertise: "http://c" }), tick(1_000)])
    assert.deepStrictEqual(effects.at(-1), { _tag: "Send", peer: "c", address: "http://c" })
  })

  it("an address once advertised is kept when a later beat names none", () => {
    const { state } = play([heard("c", 100, { advertise: "http://c" }), heard("c", 200)])
    assert.strictEqual(contact(state, "c"), "http://c")
  })

  it("a peer that moved is tried at both addresses in turn until one answers", () => {
    const moved = play([heard("b", 100, { advertise: "http://b2" })]).state
    const fail = (state: HeartbeatState) =>
      step(state, { _tag: "Unanswered", nowMillis: 200, peer: "b", address: contact(state, "b") ?? "" })[0]
    assert.strictEqual(contact(moved, "b"), "http://b")
    assert.strictEqual(contact(fail(moved), "b"), "http://b2")
    assert.strictEqual(contact(fail(fail(moved)), "b"), "http://b")
  })
})

describe("any history", () => {
  const peer = fc.constantFrom("b", "c", "x", "a")
  const instance = fc.constantFrom("1", "2")
  const event = fc.oneof(
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("tick" as const) }) },
    { weight: 5, arbitrary: fc.record({ kind: fc.constant("heard" as const), peer, instance }) },
    fc.record({ kind: fc.constant("goodbye" as const), peer, instance })
  )
  const history = fc.array(fc.tuple(fc.integer({ min: 0, max: 6_000 }), event), { maxLength: 60 })

  const dated = (
    steps: ReadonlyArray<readonly [number, typeof event extends fc.Arbitrary<infer E> ? E : never]>,
    startMillis: number
  ) => {
    let nowMillis = startMillis
    return steps.map(([gap, what]): HeartbeatEvent => {
      nowMillis += gap
      if (what.kind === "tick") return tick(nowMillis)
      if (what.kind === "goodbye") return goodbye(what.peer, nowMillis, what.instance)
      return heard(what.peer, nowMillis, { instance: what.instance })
    })
  }

  it("announces every transition, in an unbroken chain, and knows only the configured peers", () => {
    fc.assert(
      fc.property(history, (steps) => {
        let state = initial(settings, 0)
        for (const next of dated(steps, 0)) {
          const seen = new Map([...state.peers].map(([id, { state }]) => [id, state]))
          const [after, effects] = step(state, next)
          for (const effect of effects) {
            if (effect._tag !== "Changed") continue
            assert.strictEqual(effect.previous, seen.get(effect.peer.id))
            seen.set(effect.peer.id, effect.peer.state)
          }
          assert.deepStrictEqual(new Map([...after.peers].map(([id, { state }]) => [id, state])), seen)
          assert.deepStrictEqual([...after.peers.keys()], ["b", "c"])
          state = after
        }
      })
    )
  })

  it("never buries a peer before deadAfter of silence, nor keeps one longer than a late tick", () => {
    fc.assert(
      fc.property(history, (steps) => {
        let state = initial(settings, 0)
        for (const next of dated(steps, 0)) {
          const [after, effects] = step(state, next)
          for (const effect of effects) {
            if (effect._tag !== "Changed" || effect.peer.state !== "dead") continue
            assert.isAbove(next.nowMillis - effect.peer.lastSeenMillis, settings.deadAfterMillis)
          }
          if (next._tag === "Tick") {
            for (const { state: liveness, lastSeenMillis } of after.peers.values()) {
              const silent = next.nowMillis - lastSeenMillis > settings.deadAfterMillis
              assert.isFalse(silent && (liveness === "alive" || liveness === "suspect"))
            }
          }
          state = after
        }
      })
    )
  })

  it("depends on differences of time only, so the origin of the clock changes nothing", () => {
    fc.assert(
      fc.property(history, fc.integer({ min: 0, max: 3_600_000 }), (steps, origin) => {
        const here = play(dated(steps, 0), initial(settings, 0))
        const there = play(dated(steps, origin), initial(settings, origin))
        assert.deepStrictEqual(transitions(here.effects), transitions(there.effects))
      })
    )
  })
})
