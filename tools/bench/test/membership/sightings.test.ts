import { assert, describe, it } from "vitest"

import type { Sighting } from "../../src/membership/protocol.ts"
import {
  accusations,
  between,
  convergedAfter,
  detection,
  falseLeaves
} from "../../src/membership/sightings.ts"

/** `3 a joined b`: at 3 ms a saw b join. */
const logOf = (...lines: ReadonlyArray<string>): ReadonlyArray<Sighting> =>
  lines.map((line) => {
    const [at, observer = "", event, member = observer] = line.split(" ")
    return { at: Number(at), observer, event: event as Sighting["event"], member }
  })

const pair = ["1 a started", "2 b started", "3 a joined b", "5 b joined a"]

describe("detection", () => {
  it("is the first failure that each other node told since the death", () => {
    const log = logOf("1 a failed x", "12 b failed x", "14 c failed x", "15 b failed x", "30 d failed x")
    assert.deepStrictEqual(detection(log, "x", 10), {
      firstMillis: 2,
      medianMillis: 4,
      lastMillis: 20,
      observers: 3
    })
  })

  it("is infinite when nobody noticed", () => {
    const { lastMillis, medianMillis, observers } = detection(logOf("12 b failed y"), "x", 10)
    assert.deepStrictEqual([lastMillis, medianMillis, observers], [Infinity, Infinity, 0])
  })
})

describe("falseLeaves", () => {
  it("counts failures of the living, in a time", () => {
    const log = logOf("1 a failed x", "2 a failed y", "3 b failed y", "4 b left z", "9 a failed y")
    assert.strictEqual(falseLeaves(log, ["x"]), 3)
    assert.strictEqual(falseLeaves(between(log, 2, 9)), 2)
  })
})

describe("accusations", () => {
  it("are suspicions and failures, by one or any, of all but one", () => {
    const log = logOf("1 a suspected x", "2 a failed x", "3 b suspected a", "4 b suspected x", "5 a joined x")
    assert.strictEqual(accusations(log, {}), 4)
    assert.strictEqual(accusations(log, { by: "a" }), 2)
    assert.strictEqual(accusations(log, { except: "x" }), 1)
    assert.strictEqual(accusations(log, { by: "a", except: "x" }), 0)
  })
})

describe("convergedAfter", () => {
  it("is the time until the last of so many nodes saw the last", () => {
    assert.strictEqual(convergedAfter(logOf(...pair), 2, 0), 5)
    assert.strictEqual(convergedAfter(logOf(...pair), 3, 0), Infinity)
  })

  it("is 0 when they did all along, and infinite when they have not come together again", () => {
    assert.strictEqual(convergedAfter(logOf(...pair), 2, 6), 0)
    assert.strictEqual(convergedAfter(logOf(...pair, "20 a joined c"), 2, 6), 0)
    assert.strictEqual(convergedAfter(logOf(...pair, "6 a failed b"), 2, 7), Infinity)
    assert.strictEqual(convergedAfter(logOf(...pair, "6 a failed b", "9 a joined b"), 2, 7), 2)
    assert.strictEqual(convergedAfter(logOf(...pair, "6 a suspected b"), 2, 7), 0)
  })

  it("a node that starts again sees nobody at first, and those that stopped count no more", () => {
    const restarted = logOf(
      ...pair,
      "6 b stopped",
      "7 a failed b",
      "8 b started",
      "9 b joined a",
      "11 a joined b"
    )
    assert.strictEqual(convergedAfter(restarted, 2, 6), 5)
    assert.strictEqual(convergedAfter(logOf(...pair, "6 b stopped"), 1, 6), 0)
  })

  it("entries for those that are gone do not stand for those that are missing", () => {
    const log = logOf(
      "1 a started",
      "1 b started",
      "2 a joined x",
      "3 a joined b",
      "4 b joined x",
      "9 b joined a"
    )
    assert.strictEqual(convergedAfter(log, 2, 0), 9)
  })
})
