import { assert, describe, it } from "@effect/vitest"

import { placesIn, rttLinks } from "../../src/api/rttLinks.ts"

const link = (p50Millis: number, measuredAtMillis = 0, rounds = 3) => ({
  p50Millis,
  p90Millis: p50Millis,
  iqrMillis: 0,
  rounds,
  loss: 0,
  measuredAtMillis,
  probedAtMillis: measuredAtMillis
})
type Estimates = Readonly<Record<string, ReturnType<typeof link>>>

const linksOf = (rows: Readonly<Record<string, Estimates>>) => {
  const matrix = {
    own: new Map(),
    rows: new Map(Object.entries(rows).map(([from, row]) => [from, new Map(Object.entries(row))]))
  }
  assert.deepStrictEqual(placesIn(matrix), ["a", "b", "c"])
  return rttLinks(matrix, { nowMillis: 1000, maxAgeMillis: 1000, minRounds: 3 }).map(
    ({ asymmetric, estimated, from, to, unusable }) =>
      [
        `${from}-${to}`,
        ...Object.entries({ asymmetric, estimated, unusable }).flatMap(([is, yes]) => (yes ? [is] : []))
      ].join(" ")
  )
}

describe("rttLinks", () => {
  it("marks ends that contradict each other, values that are old or of few rounds, and what nobody measured", () => {
    assert.deepStrictEqual(
      linksOf({ a: { b: link(20), c: link(50, -1) }, b: { a: link(90) }, c: { a: link(50, 0, 2) } }),
      ["a-b asymmetric", "a-c unusable", "b-a asymmetric", "c-a unusable"]
    )
    assert.deepStrictEqual(linksOf({ a: { b: link(20), c: link(50) } }), [
      "a-b",
      "a-c",
      "b-c estimated unusable"
    ])
  })
})
