import { createSocket } from "node:dgram"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect } from "effect"

import { eventually } from "./support/swimCluster.ts"
import { type SwimProcess, startProcess } from "./support/swimProcesses.ts"

/** The times of `lan`, halved: among 16 a suspicion takes at least 2.4 s. */
const halved = {
  probeIntervalMillis: 500,
  probeTimeoutMillis: 250,
  gossipIntervalMillis: 100,
  pushPullIntervalMillis: 15_000
} as const

/** The times of `lan`: among 16 a suspicion takes at least 4.8 s. */
const unscaled = {} as const

/** Fast enough to see partitions come and go. */
const fast = {
  probeIntervalMillis: 200,
  probeTimeoutMillis: 100,
  gossipIntervalMillis: 50,
  pushPullIntervalMillis: 5000,
  streamTimeoutMillis: 1000,
  healIntervalMillis: 1000,
  seedIntervalMillis: 2000
} as const

const start = (count: number, settings: typeof halved | typeof fast | typeof unscaled) =>
  Effect.gen(function* () {
    const common = { cluster: "e2e", keys: ["one"], settings, port: 0 }
    const first = yield* startProcess({ ...common, self: "n1" })
    const others = yield* Effect.forEach(
      Array.from({ length: count - 1 }, (_, index) => `n${index + 2}`),
      (self) => startProcess({ ...common, self, seeds: [first.address] }),
      { concurrency: 4 }
    )
    const all = [first, ...others]
    yield* eventually(Effect.sync(() => all.every((one) => one.sees("alive", idsOf(all)))))
    return all
  })

const idsOf = (all: ReadonlyArray<SwimProcess>) => all.map(({ self }) => self)

const without = (all: ReadonlyArray<SwimProcess>, ...gone: ReadonlyArray<SwimProcess>) =>
  all.filter((one) => !gone.includes(one))

const all = (watchers: ReadonlyArray<SwimProcess>, holds: (one: SwimProcess) => boolean) =>
  eventually(Effect.sync(() => watchers.every(holds)))

/** Changes that the processes have told since the last look. */
const forget = (watchers: ReadonlyArray<SwimProcess>) => {
  for (const { changes } of watchers) changes.length = 0
}

const told = (watchers: ReadonlyArray<SwimProcess>, pattern: RegExp) =>
  watchers.flatMap(({ changes }) => changes).filter((change) => pattern.test(change))

/** Lets so much time pass while the world moves by itself. */
const during = (millis: number) => Effect.sleep(millis)

const timed = <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.gen(function* () {
    const start = yield* Clock.currentTimeMillis
    yield* effect
    return (yield* Clock.currentTimeMillis) - start
  })

describe("sixteen processes", () => {
  it.live(
    "bear cuts, stops, new keys, strangers and a death",
    () =>
      Effect.gen(function* () {
        const nodes = yield* start(16, halved)
        const [one, two, three, ...rest] = nodes
        assert(one !== undefined && two !== undefined && three !== undefined)

        yield* Effect.log("a pair that is cut off from each other is not suspected, thanks to helpers")
        forget(nodes)
        yield* one.order({ kind: "cut", addresses: [two.address] })
        yield* two.order({ kind: "cut", addresses: [one.address] })
        yield* during(6000)
        assert.deepStrictEqual(told(nodes, /suspect|dead/), [])
        yield* Effect.forEach([one, two], (node) => node.order({ kind: "heal" }))

        yield* Effect.log("a process that stops for less than a suspicion is declared dead by nobody")
        three.signal("SIGSTOP")
        yield* during(1500)
        three.signal("SIGCONT")
        yield* all(nodes, (node) => node.sees("alive", idsOf(nodes)))
        yield* during(3000)
        assert.deepStrictEqual(told(nodes, /dead/), [])

        yield* Effect.log("one that stops for longer is dead everywhere, and back everywhere once it goes on")
        forget(nodes)
        three.signal("SIGSTOP")
        const deadAfter = yield* timed(all(without(nodes, three), (node) => node.sees("dead", [three.self])))
        three.signal("SIGCONT")
        const backAfter = yield* timed(all(nodes, (node) => node.sees("alive", idsOf(nodes))))
        assert.isAtMost(backAfter, 1000)
        yield* during(2000)
        assert.deepStrictEqual(
          told(nodes, /dead/).filter((change) => !change.includes(`: ${three.self} `)),
          []
        )

        yield* Effect.log("a key changes under way without a lost member", { deadAfter, backAfter })
        forget(nodes)
        for (const order of [
          { kind: "install", key: "two" },
          { kind: "use", key: "two" },
          { kind: "remove", key: "one" }
        ] as const) {
          yield* Effect.forEach(nodes, (node) => node.order(order))
        }
        yield* during(2000)
        assert.deepStrictEqual(told(nodes, /suspect|dead/), [])

        yield* Effect.log("strangers and garbage are refused and counted")
        yield* startProcess({
          cluster: "e2e",
          keys: ["one"],
          settings: halved,
          port: 0,
          self: "old-key",
          seeds: [one.address]
        })
        yield* startProcess({
          cluster: "other",
          keys: ["two"],
          settings: halved,
          port: 0,
          self: "stranger",
          seeds: [one.address]
        })
        sendGarbage(one.port, 200)
        yield* eventually(
          Effect.map(one.order({ kind: "refusals" }), () =>
            ["unknown_key", "label", "magic"].every((reason) => (one.refusals[reason] ?? 0) > 0)
          )
        )
        assert.notInclude(Object.keys(one.states), "old-key")
        assert.notInclude(Object.keys(one.states), "stranger")

        yield* Effect.log("a killed process is dead everywhere, and one that leaves has left")
        const [dying, leaving] = rest
        assert(dying !== undefined && leaving !== undefined)
        const others = without(nodes, dying, leaving)
        yield* dying.kill
        yield* leaving.order({ kind: "leave" })
        yield* all(others, (node) => node.sees("left", [leaving.self]))
        yield* all(others, (node) => node.sees("dead", [dying.self]))
        assert.deepStrictEqual(
          told(others, /> dead/).filter((change) => !change.includes(`: ${dying.self} `)),
          []
        )
      }),
    150_000
  )
})

describe("sixteen processes with the times of a data centre", () => {
  it.live(
    "bear that one stops for 3 s, one for 8 s and one for 30 s",
    () =>
      Effect.gen(function* () {
        const nodes = yield* start(16, unscaled)
        const [, short, middle, long] = nodes
        assert(short !== undefined && middle !== undefined && long !== undefined)
        const stopped = [short, middle, long]
        forget(nodes)

        const stopFor = Effect.fnUntraced(function* (node: SwimProcess, millis: number) {
          node.signal("SIGSTOP")
          yield* during(millis)
          // Who stands still that long is dead for all who do not; 8 s may be too short to be noticed.
          if (node === long)
            yield* all(without(nodes, ...stopped), (watcher) => watcher.sees("dead", [node.self]))
          node.signal("SIGCONT")
          const running = node === long ? nodes : without(nodes, ...stopped)
          return yield* timed(all(running, (watcher) => watcher.sees("alive", [node.self])))
        })
        const back = yield* Effect.all([stopFor(short, 3000), stopFor(middle, 8000), stopFor(long, 30_000)], {
          concurrency: "unbounded"
        })
        yield* Effect.log("back after, in ms", back)
        for (const millis of back) assert.isAtMost(millis, 1000)
        yield* all(nodes, (node) => node.sees("alive", idsOf(nodes)))
        yield* during(3000)
        const deaths = told(nodes, /> dead/)
        assert.deepStrictEqual(
          deaths.filter((change) => ![middle, long].some(({ self }) => change.includes(`: ${self} `))),
          []
        )
        assert.isAbove(deaths.length, 0)
      }),
    120_000
  )
})

describe("four processes", () => {
  it.live(
    "split in halves come together again by themselves, and after a mass restart",
    () =>
      Effect.gen(function* () {
        const nodes = yield* start(4, fast)
        const [one, two, three, four] = nodes
        assert(one !== undefined && two !== undefined && three !== undefined && four !== undefined)
        const here = [one, two]
        const there = [three, four]
        for (const [half, other] of [
          [here, there],
          [there, here]
        ] as const) {
          const addresses = other.map(({ address }) => address)
          yield* Effect.forEach(half, (node) => node.order({ kind: "cut", addresses }))
        }
        yield* all(here, (node) => node.sees("dead", idsOf(there)))
        yield* all(there, (node) => node.sees("dead", idsOf(here)))
        yield* Effect.forEach(nodes, (node) => node.order({ kind: "heal" }))
        const healed = yield* timed(all(nodes, (node) => node.sees("alive", idsOf(nodes))))

        const folder = yield* Effect.acquireRelease(
          Effect.sync(() => mkdtempSync(join(tmpdir(), "coterie-swim-"))),
          (path) => Effect.sync(() => rmSync(path, { recursive: true }))
        )
        const generationFile = join(folder, "generation")
        writeFileSync(generationFile, "5\n")
        const others = without(nodes, one)
        yield* Effect.forEach(others, ({ kill }) => kill)
        yield* all([one], (node) => node.sees("dead", idsOf(others)))
        const restarted = yield* Effect.forEach(
          others,
          ({ port, self }) =>
            startProcess({
              cluster: "e2e",
              keys: ["one"],
              settings: fast,
              port,
              self,
              seeds: [one.address],
              // Its generation is far below the one of its tombstone.
              ...(self === "n2" ? { generationFile } : {})
            }),
          { concurrency: 3 }
        )
        const back = yield* timed(all([one, ...restarted], (node) => node.sees("alive", idsOf(nodes))))
        yield* Effect.log("four processes", { healed, back })
        assert.isAtMost(back, 5000)
        assert.isAbove(Number(readFileSync(generationFile, "utf8")), 1_000_000_000_000)
      }),
    90_000
  )
})

/** Random bytes, and frames that begin well. */
const sendGarbage = (port: number, count: number): void => {
  const socket = createSocket("udp4")
  let left = count
  for (let index = 0; index < count; index += 1) {
    const bytes = Buffer.from(Array.from({ length: index * 5 }, () => Math.floor(Math.random() * 256)))
    if (index % 2 === 0) bytes.set([0xc0, 0x7e, 1, 0].slice(0, bytes.length))
    socket.send(bytes, port, "127.0.0.1", () => {
      left -= 1
      if (left === 0) socket.close()
    })
  }
}
