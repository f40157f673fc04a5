import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"

import { openSync } from "../../../src/core/swim/exchanges.ts"
import { keyAt } from "../../../src/core/swim/memberTable.ts"
import type { SyncAnswer, SyncRequest } from "../../../src/core/swim/messages.ts"
import { swimProfiles } from "../../../src/core/swim/options.ts"
import { startSwim } from "../../../src/core/swim/startSwim.ts"
import { bucketCount, digestOf, heldSlots } from "../../../src/core/swim/syncEntries.ts"
import { alive, Bench, dead, evidence, left, suspect } from "./swimBench.ts"
import { randomFrom, recordOf, sizes } from "./swimWorld.ts"

const tombstoneTtlMillis = swimProfiles.lan.tombstoneTtlMillis

const answerOf = (bench: Bench, request: SyncRequest): SyncAnswer => {
  bench.tell({ _tag: "SyncRequested", exchange: 1, request })
  const effect = bench.effects.find(({ _tag }) => _tag === "AnswerSync")
  assert(effect?._tag === "AnswerSync" && effect.answer._tag === "SyncAnswer")
  return effect.answer
}

/** One exchange from request to push; returns how many entries travelled. */
const exchange = (from: Bench, to: Bench): number => {
  const effects: Array<Parameters<typeof openSync>[0]["effects"][number]> = []
  openSync({ state: from.state, nowMillis: from.nowMillis, random: from.random, effects }, "to:1", "periodic")
  const [open] = effects
  assert(open?._tag === "OpenSync")
  const answer = answerOf(to, open.request)
  const { differing, entries } = answer
  from.tell({ _tag: "SyncEntries", exchange: open.exchange, from: "to", differing, entries, last: true })
  const push = from.effects.find(({ _tag }) => _tag === "PushSync")
  assert(push?._tag === "PushSync")
  to.tell({
    _tag: "SyncEntries",
    exchange: undefined,
    from: "from",
    entries: push.push.entries,
    differing: [],
    last: true
  })
  return answer.entries.length + push.push.entries.length
}

/** Every key that is held, hidden ones too. */
const keysOf = ({ state: { table } }: Bench) =>
  Array.from(heldSlots(table), (slot) => {
    const key = keyAt(table, slot)
    return `${table.roster.ids[slot]} ${key?.kind} ${key?.generation}/${key?.incarnation}`
  }).toSorted()

const take = (bench: Bench, told: ReadonlyArray<{ id: string; incarnation: number; isDead: boolean }>) => {
  for (const { id, incarnation, isDead } of told) {
    const record = recordOf(id, { incarnation })
    bench.hear(record, "z", 0)
    if (isDead) bench.hear({ ...record, kind: "dead", by: "q", evidence }, "z", 0)
  }
}

const doubtful = (line: string) => line.replace(" dead ", " suspect ")

const userEvent = (version: number) =>
  ({ kind: "user", origin: "a", generation: 1, name: "n", version, payload: new Uint8Array(3) }) as const

describe("push/pull", () => {
  it("brings any two views together, deaths as doubts, and then finds nothing more to say", () => {
    const fact = fc.record({
      id: fc.integer({ min: 0, max: 30 }).map((index) => `m${index}`),
      incarnation: fc.nat(3),
      isDead: fc.boolean()
    })
    fc.assert(
      fc.property(fc.array(fact, { maxLength: 60 }), fc.array(fact, { maxLength: 60 }), (one, other) => {
        const [a, b] = [new Bench(), new Bench()]
        take(a, one)
        take(b, other)
        exchange(a, b)
        exchange(b, a)
        // A death met by a living view is a doubt on both sides until it is refuted or runs out.
        assert.deepStrictEqual(keysOf(a).map(doubtful), keysOf(b).map(doubtful))
      }),
      { numRuns: 60 }
    )
  })

  it("sends the entries of differing buckets only", () => {
    const [a, b] = [new Bench(), new Bench()]
    for (let index = 0; index < 400; index += 1) {
      for (const bench of [a, b]) bench.hear(recordOf(`m${index}`), "z", 0)
    }
    assert.strictEqual(exchange(a, b), 0)
    b.hear(recordOf("m7", { incarnation: 1 }), "z", 0)
    a.hear(recordOf("new"), "z", 0)
    assert.isAtMost(exchange(a, b), 4 * 8)
    assert.deepStrictEqual(keysOf(a), keysOf(b))
    assert.strictEqual(exchange(b, a), 0)
  })

  it("shows other hashes under another salt", () => {
    const bench = new Bench()
    for (let index = 0; index < 100; index += 1) bench.hear(recordOf(`m${index}`), "z", 0)
    const buckets = bucketCount(101)
    assert.strictEqual(buckets, 16)
    const [one, same, other] = [1, 1, 2].map((salt) => digestOf(bench.state.table, salt, buckets))
    assert.deepStrictEqual(one, same)
    assert.isTrue(one?.every((hash, bucket) => hash !== other?.[bucket]))
  })

  it("ages tombstones on their way, and leaves those forgotten that are past their time", () => {
    const [a, b] = [new Bench(), new Bench()]
    b.hear(alive(0))
    b.hear(dead(0))
    b.nowMillis += tombstoneTtlMillis - 5000
    b.state.due.sweep = Infinity
    exchange(a, b)
    const [trouble] = a.state.table.troubles.values()
    assert.strictEqual(trouble?.sinceMillis, a.nowMillis - (tombstoneTtlMillis - 5000))
    const c = new Bench()
    b.nowMillis += 6000
    exchange(c, b)
    assert.strictEqual(c.view, "unknown")
  })

  it("answers a joining node without believing its announcement", () => {
    const bench = new Bench()
    const request = {
      _tag: "SyncRequest",
      sender: recordOf("x"),
      joining: true,
      salt: 1,
      buckets: []
    } as const
    assert.strictEqual(answerOf(bench, request).entries.length, 1)
    assert.strictEqual(bench.view, "unknown")
    answerOf(bench, { ...request, joining: false })
    assert.strictEqual(bench.view, "alive 1/0")
  })

  it("answers a digest of no known shape with everything", () => {
    const bench = new Bench()
    bench.hear(alive(0))
    const request = { _tag: "SyncRequest", sender: recordOf("y"), joining: true, salt: 1 } as const
    for (const length of [3, 2048]) {
      const { entries } = answerOf(bench, { ...request, buckets: Array.from({ length }, () => 0) })
      assert.strictEqual(entries.length, 2)
    }
  })

  it.each([
    ["version", {}, recordOf("x", { versions: { min: 2, current: 2, max: 2 } })],
    ["not_admitted", {}, recordOf("x", { metadata: { banned: "" } })],
    ["full", { membersMax: 1 }, recordOf("x")]
  ] as const)("refuses with %s", (reason, options, sender) => {
    const bench = new Bench(options)
    bench.tell({
      _tag: "SyncRequested",
      exchange: 4,
      request: { _tag: "SyncRequest", sender, joining: true, salt: 1, buckets: [] }
    })
    assert.deepStrictEqual(bench.effects, [
      { _tag: "AnswerSync", exchange: 4, answer: { _tag: "SyncRefused", reason } }
    ])
  })

  it("gives an exchange up when the shell never reports its end, and opens no more than sixteen", () => {
    const bench = new Bench()
    bench.tell({ _tag: "Join", seeds: Array.from({ length: 20 }, (_, index) => `s${index}:1`) })
    assert.strictEqual(bench.effects.filter(({ _tag }) => _tag === "OpenSync").length, 16)
    bench.pass(11_000)
    assert.strictEqual(bench.state.exchanges.size, 0)
    assert.strictEqual(bench.state.counters.syncsFailed, 16)
    assert.deepStrictEqual(bench.news, ["JoinFailed"])
  })
})

/** What may be said about `x`. */
const facts = (generation: number, incarnation: number) => [
  alive(incarnation, generation),
  suspect(incarnation, "y", generation),
  dead(incarnation, "y", generation),
  left(generation)
]

describe("bounds", () => {
  it("forgets the oldest ghosts and tombstones beyond their number, and all after their time", () => {
    const bench = new Bench({ ghostsMax: 2, tombstonesMax: 2 })
    for (const id of ["a", "b", "c"]) {
      bench.hear({ ...dead(0), id: `ghost-${id}` }, "z", 0)
      bench.hear(recordOf(id), "z", 0)
      bench.hear({ ...dead(0), id, instance: recordOf(id).instance }, "z", 0)
    }
    const { counters, table } = bench.state
    assert.deepStrictEqual(
      [table.ghosts, table.dead, counters.ghostsEvicted, counters.tombstonesEvicted],
      [2, 2, 1, 1]
    )
    assert.deepStrictEqual(bench.changes, ["Failed alive>dead", "Reaped dead>-"])
    bench.nowMillis += tombstoneTtlMillis
    bench.state.due.sweep = bench.nowMillis
    for (const name of ["heal", "seeds", "sync", "probe", "gossip"] as const) bench.state.due[name] = Infinity
    bench.tell({ _tag: "Tick" })
    assert.deepStrictEqual([table.ghosts, table.dead, counters.tombstonesExpired], [0, 0, 4])
    assert.deepStrictEqual([...table.roster.slots.keys()], ["me"])
  })

  it("takes in no more members than it may", () => {
    const bench = new Bench({ membersMax: 2 })
    bench.hear(alive(0))
    bench.hear(recordOf("y"))
    assert.strictEqual(bench.state.table.present, 2)
    assert.strictEqual(bench.state.counters.membersRefusedFull, 1)
    bench.hear(alive(1))
    assert.strictEqual(bench.view, "alive 1/1")
  })

  it("takes in no more members than it may, whatever comes first about them", () => {
    const seed = Math.floor(Math.random() * 2 ** 32)
    const random = randomFrom(seed)
    const bench = new Bench({ membersMax: 5, tombstonesMax: 3, ghostsMax: 20 })
    const { counters, table } = bench.state
    for (let count = 0; count < 3000; count += 1) {
      const below = (bound: number) => Math.floor(random() * bound)
      const fact = facts(below(3), below(4))[below(below(4) + 1)]
      assert(fact !== undefined)
      bench.receive("z", { _tag: "Gossip" }, [{ ...fact, id: `v${below(30)}` }])
      assert.isAtMost(table.present + table.dead + table.left, 5, `seed ${seed}`)
    }
    assert.isAbove(counters.membersRefusedFull, 0)
  })

  it("remembers no more user events than it may, and delivers each once", () => {
    const bench = new Bench({ userEventsMax: 2 })
    for (const [version, expected] of [
      [1, 1],
      [1, 0],
      [3, 1],
      [2, 0]
    ] as const) {
      bench.receive("z", { _tag: "Gossip" }, [userEvent(version)])
      assert.strictEqual(bench.news.length, expected, `version ${version}`)
    }
    for (let index = 0; index < 50; index += 1) {
      bench.receive("z", { _tag: "Gossip" }, [{ ...userEvent(1), name: `n${index}` }])
    }
    assert.isAtMost(bench.state.userEvents.size, 16)
    assert.isAtMost(bench.state.queue.userEvents, 2)
  })

  it("refuses a broadcast that does not fit a packet or the queue", () => {
    const bench = new Bench({ userEventsMax: 1 })
    const broadcast = (name: string, bytes: number) => {
      bench.tell({ _tag: "Broadcast", name, payload: new Uint8Array(bytes) })
      return bench.effects.map((effect) => (effect._tag === "Emit" ? effect.news : effect))
    }
    assert.deepStrictEqual(broadcast("large", 1400), [
      { _tag: "BroadcastRefused", name: "large", reason: "TooLarge" }
    ])
    assert.deepStrictEqual(broadcast("one", 10), [])
    assert.deepStrictEqual(broadcast("two", 10), [
      { _tag: "BroadcastRefused", name: "two", reason: "QueueFull" }
    ])
  })

  it("refuses labels of its own that fit no packet, and keeps those it has", () => {
    const bench = new Bench(
      { packetBytesMax: 512 },
      { ...sizes, item: (item) => JSON.stringify(item).length }
    )
    bench.tell({ _tag: "UpdateSelf", change: { metadata: { long: "x".repeat(400) } } })
    assert.deepStrictEqual(bench.news, ["UpdateRefused"])
    assert.strictEqual(bench.state.self.incarnation, 0)
    bench.tell({ _tag: "UpdateSelf", change: { metadata: { short: "x" } } })
    assert.deepStrictEqual([bench.news, bench.state.self.metadata], [[], { short: "x" }])
  })

  it("starts with members that it knows, without telling anybody", () => {
    const state = startSwim({
      options: swimProfiles.lan,
      self: recordOf("me"),
      sizes,
      known: [recordOf("x"), recordOf("me", { incarnation: 4 })],
      nowMillis: 0,
      random: randomFrom(3)
    })
    assert.strictEqual(state.table.present, 2)
    assert.strictEqual(state.queue.entries.size, 0)
    assert.strictEqual(state.self.incarnation, 0)
  })

  it("keeps slots of a shared roster as few as the members are", () => {
    const bench = new Bench()
    const { roster } = bench.state.table
    const other = startSwim({
      options: swimProfiles.lan,
      self: recordOf("other"),
      sizes,
      roster,
      nowMillis: 0,
      random: randomFrom(2)
    })
    assert.strictEqual(other.selfSlot, 1)
    for (let index = 0; index < 50; index += 1) {
      bench.hear(recordOf(`pod-${index}`), "z", 0)
      bench.hear({ ...dead(0), id: `pod-${index}`, instance: recordOf("x").instance }, "z", 0)
      bench.nowMillis += tombstoneTtlMillis
      for (const name of ["heal", "seeds", "sync", "probe", "gossip", "verdicts"] as const)
        bench.state.due[name] = Infinity
      bench.state.due.sweep = bench.nowMillis
      bench.tell({ _tag: "Tick" })
    }
    assert.strictEqual(roster.ids.length, 3)
  })
})
