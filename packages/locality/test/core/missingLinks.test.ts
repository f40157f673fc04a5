import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"

import { fitPlaces, intervalOf, triangleBand } from "../../src/core/missingLinks.ts"
import { estimateSeconds, observe, unplaced } from "../../src/core/vivaldi.ts"

/** Points in a plane with a way to the core each: round trips that keep the triangle. */
const plane = fc
  .array(
    fc.record({
      x: fc.integer({ min: 0, max: 200 }),
      y: fc.integer({ min: 0, max: 200 }),
      height: fc.integer({ min: 1, max: 10 })
    }),
    { minLength: 5, maxLength: 8 }
  )
  .map((points) =>
    points.map((a) =>
      points.map((b) => (a === b ? 0 : Math.hypot(a.x - b.x, a.y - b.y) + a.height + b.height))
    )
  )

const without = (truth: ReadonlyArray<ReadonlyArray<number>>, a: number, b: number) =>
  truth.map((row, x) =>
    row.map((millis, y) => ((x === a && y === b) || (x === b && y === a) ? undefined : millis))
  )

describe("missingLinks", () => {
  it("without a third node nothing is known", () => {
    const links = [
      [0, undefined],
      [undefined, 0]
    ]
    assert.deepStrictEqual(triangleBand(links, 0, 1), { loMillis: 0, hiMillis: Number.POSITIVE_INFINITY })
    assert.deepStrictEqual(intervalOf(links, fitPlaces(links), 0, 1), {
      loMillis: 0,
      hiMillis: Number.POSITIVE_INFINITY
    })
  })
  it("a third node bounds the link from both sides", () => {
    const links = [
      [0, undefined, 30],
      [undefined, 0, 100],
      [30, 100, 0]
    ]
    assert.deepStrictEqual(triangleBand(links, 0, 1), { loMillis: 70, hiMillis: 130 })
  })
  it("property: where round trips keep the triangle, the band holds the truth", () => {
    fc.assert(
      fc.property(plane, (truth) => {
        const { hiMillis, loMillis } = triangleBand(without(truth, 0, 1), 0, 1)
        assert.isAtLeast(truth[0]?.[1] ?? Number.NaN, loMillis - 1e-9)
        assert.isAtMost(truth[0]?.[1] ?? Number.NaN, hiMillis + 1e-9)
      })
    )
  })
  it("property: the same links give the same interval, a finite one whose ends are in order", () => {
    fc.assert(
      fc.property(plane, (truth) => {
        const links = without(truth, 0, 1)
        const interval = intervalOf(links, fitPlaces(links), 0, 1)
        assert.deepStrictEqual(intervalOf(links, fitPlaces(links), 0, 1), interval)
        assert.isAtLeast(interval.loMillis, 0)
        assert.isAtLeast(interval.hiMillis, interval.loMillis)
        assert.isTrue(Number.isFinite(interval.hiMillis))
      })
    )
  })
})

const random = () => 0.3
const sample = (rttSeconds: number) => ({ peer: "b", coordinate: unplaced.coordinate, rttSeconds, random })

describe("vivaldi", () => {
  it("nodes in a plane find places that give their round trips back", () => {
    const points = Array.from({ length: 12 }, (_, index) => ({
      x: (index * 37) % 100,
      y: (index * 61) % 100
    }))
    const truth = points.map((a) => points.map((b) => (a === b ? 0 : Math.hypot(a.x - b.x, a.y - b.y) + 4)))
    const places = fitPlaces(truth)
    const errors = truth.flatMap((row, a) =>
      row.flatMap((millis, b) => {
        const [here, there] = [places[a], places[b]]
        if (a === b || here === undefined || there === undefined) return []
        return [Math.abs(1000 * estimateSeconds(here.coordinate, there.coordinate) - millis) / millis]
      })
    )
    const median = errors.toSorted((a, b) => a - b)[Math.floor(errors.length / 2)] ?? 1
    assert.isBelow(median, 0.1)
    assert.isTrue(places.every(({ coordinate }) => coordinate.error < 0.3))
  })
  it("what is no round trip moves nothing and is counted", () => {
    for (const rttSeconds of [Number.NaN, -1, 11, Number.POSITIVE_INFINITY]) {
      const after = observe(unplaced, sample(rttSeconds))
      assert.deepStrictEqual(after, { ...unplaced, rejected: 1 })
    }
  })
  it("a coordinate that is no place makes the node begin anew", () => {
    const broken = { ...unplaced.coordinate, vector: [Number.NaN, 0, 0, 0, 0, 0, 0, 0] }
    const after = observe(unplaced, { peer: "b", coordinate: broken, rttSeconds: 0.1, random })
    assert.deepStrictEqual(after, { ...unplaced, rejected: 1 })
  })
  it("one outlier among three samples of a peer moves nothing by itself", () => {
    const calm = [0.1, 0.1, 0.1].reduce((node, rtt) => observe(node, sample(rtt)), unplaced)
    const jolted = [0.1, 0.1, 9].reduce((node, rtt) => observe(node, sample(rtt)), unplaced)
    assert.deepStrictEqual(jolted.coordinate, calm.coordinate)
  })
})
