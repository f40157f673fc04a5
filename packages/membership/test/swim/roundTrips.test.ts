import { assert, describe, it } from "@effect/vitest"
import { Duration } from "effect"

import type { MemberChanged } from "../../src/core/swim/changes.ts"
import { makeRoundTrips } from "../../src/swim/roundTrips.ts"
import { recordOf } from "../core/swim/swimWorld.ts"

const changed = (more: Partial<MemberChanged>): MemberChanged => ({
  _tag: "MemberChanged",
  change: "Suspected",
  id: "b",
  previous: "alive",
  current: "suspect",
  fact: recordOf("b"),
  record: recordOf("b"),
  atMillis: 0,
  ...more
})

describe("round trips", () => {
  it("are the least of the last three, as old as the last", () => {
    const trips = makeRoundTrips()
    assert.isUndefined(trips.of("b", 0))
    for (const [at, millis] of [5, 20, 30, 10].entries()) {
      trips.onNews({ _tag: "RoundTrip", id: "b", millis }, at * 1000)
    }
    const known = trips.of("b", 3500)
    assert.deepStrictEqual(known, { rtt: Duration.millis(10), age: Duration.millis(500) })
    assert.isUndefined(trips.of("c", 3500))
  })

  it("outlive a doubt, but neither the member nor a new process or address of it", () => {
    const ends: ReadonlyArray<Partial<MemberChanged>> = [
      { change: "Failed", current: "dead" },
      { change: "Left", current: "left" },
      { change: "Reaped", current: undefined },
      { change: "Restarted", current: "alive" },
      { change: "Updated", current: "alive" }
    ]
    for (const end of ends) {
      const trips = makeRoundTrips()
      trips.onNews({ _tag: "RoundTrip", id: "b", millis: 5 }, 0)
      trips.onNews(changed({}), 0)
      trips.onNews(changed({ ...end, id: "c" }), 0)
      assert.isDefined(trips.of("b", 0))
      trips.onNews(changed(end), 0)
      assert.isUndefined(trips.of("b", 0), end.change)
    }
  })
})
