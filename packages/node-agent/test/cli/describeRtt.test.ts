import { assert, describe, it } from "@effect/vitest"

import type { RttLink, RttReport } from "../../src/api/localityResponses.ts"
import { describeMatrix, zoneMeans } from "../../src/cli/describeRtt.ts"
import { plain } from "../../src/cli/output.ts"

const link = (from: string, to: string, p50Ms: number, rest: Partial<RttLink> = {}): RttLink => ({
  from,
  to,
  p50Ms,
  unusable: false,
  asymmetric: false,
  estimated: false,
  ...rest
})

const report = (zones: Readonly<Record<string, string | undefined>>, ...links: ReadonlyArray<RttLink>) =>
  ({
    schema: "rtt/v1",
    node: "n1",
    asOf: "2026-01-01T00:00:00.000Z",
    places: Object.entries(zones).map(([place, zone]) => ({ place, zone, replicas: [place] })),
    links
  }) satisfies RttReport

const table = (one: RttReport) => describeMatrix(zoneMeans(one) ?? assert.fail("no zones"), plain)

describe("the means of zones", () => {
  it("are over the links between two zones and within one, in either direction", () => {
    const zones = { a1: "a", a2: "a", b1: "b", lost: undefined }
    assert.deepStrictEqual(
      table(
        report(
          zones,
          link("a1", "a2", 2),
          link("a1", "b1", 80),
          link("b1", "a2", 100),
          link("a1", "lost", 9000)
        )
      ),
      ["FROM  a      b", "a     2.0ms  90ms", "b     90ms   -"]
    )
  })

  it("leave out what does not count while anything does, and are marked where nothing does", () => {
    const zones = { a1: "a", b1: "b", b2: "b", c1: "c" }
    const guess = { estimated: true, unusable: true }
    assert.deepStrictEqual(
      table(
        report(
          zones,
          link("a1", "b1", 80),
          link("a1", "b2", 500, { unusable: true }),
          link("a1", "c1", 40, { unusable: true }),
          link("b1", "c1", 60, guess)
        )
      ),
      [
        "FROM  a      b      c",
        "a     -      80ms   40ms!",
        "b     80ms   -      ~60ms",
        "c     40ms!  ~60ms  -"
      ]
    )
  })

  it("are none without zones, or with more zones than a screen has room for", () => {
    assert.isUndefined(zoneMeans(report({ a1: undefined }, link("a1", "b1", 1))))
    const many = Object.fromEntries(Array.from({ length: 31 }, (_, index) => [`p${index}`, `z${index}`]))
    assert.isUndefined(zoneMeans(report(many)))
  })
})
