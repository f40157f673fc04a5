import { assert, describe, it } from "@effect/vitest"

import { addRound, type LinkRounds, noRounds } from "../../src/core/linkRounds.ts"
import { isDue, isYoung, jittered } from "../../src/core/probeSchedule.ts"

const minute = 60_000
const hour = 60 * minute

/** A link with a round each 90 s up to the time, of so many ms each. */
const probed = (untilMillis: number, millisAt: (atMillis: number) => number | undefined): LinkRounds => {
  let rounds = noRounds
  for (let atMillis = 0; atMillis <= untilMillis; atMillis += 1.5 * minute) {
    const bestMillis = millisAt(atMillis)
    rounds = addRound(rounds, { atMillis, bestMillis, sent: 3, lost: bestMillis === undefined ? 3 : 0 })
  }
  return rounds
}

/** The passes from the last round on, 90 s apart, in which the link is due; `random` decides all of them. */
const duePasses = (rounds: LinkRounds, random: number): ReadonlyArray<number> => {
  const last = rounds.all.at(-1)?.atMillis ?? 0
  return [1, 2, 3, 4].filter((pass) =>
    isDue(rounds, { nowMillis: last + pass * 1.5 * minute, intervalMillis: 1.5 * minute }, random)
  )
}

/** A link with these rounds. */
const rounds = (...millis: ReadonlyArray<number | undefined>): LinkRounds =>
  probed((millis.length - 1) * 1.5 * minute, (at) => millis[Math.round(at / 1.5 / minute)])

describe("probeSchedule", () => {
  it("shifts a time by up to 20 % either way", () => {
    assert.deepStrictEqual(
      [0, 0.5, 1].map((random) => Math.round(jittered(5000, random))),
      [4000, 5000, 6000]
    )
  })

  it("a link is due in every pass until it was steady for an hour, then before its value is stale", () => {
    assert.deepStrictEqual(duePasses(noRounds, 0.5), [1, 2, 3, 4])
    assert.deepStrictEqual(
      duePasses(
        probed(hour - 3 * minute, () => 20),
        0.5
      ),
      [1, 2, 3, 4]
    )
    const steady = probed(hour, () => 20)
    assert.deepStrictEqual(duePasses(steady, 0), [2, 3, 4])
    assert.deepStrictEqual(duePasses(steady, 0.5), [2, 3, 4])
    assert.deepStrictEqual(duePasses(steady, 0.999), [3, 4], "the next pass may start 288 s after the round")
  })

  it("passes that are rare anyway leave nothing out", () => {
    const steady = probed(2 * hour, () => 20)
    assert.isTrue(isDue(steady, { nowMillis: 2 * hour + 4 * minute, intervalMillis: 4 * minute }, 0.999))
  })

  it("one round that is off by more than 5 %, or lost, and a spread of more, end it at once", () => {
    const all = [1, 2, 3, 4]
    const until = 2 * hour
    const ends = (millisAt: (atMillis: number) => number | undefined) =>
      assert.deepStrictEqual(duePasses(probed(until, millisAt), 0.5), all)
    ends((at) => (at === until ? 21.1 : 20))
    ends((at) => (at === until ? undefined : 20))
    ends((at) => (Math.round(at / 1.5 / minute) % 2 === 0 ? 20 : 22))
    assert.isDefined(probed(until, (at) => (at === until ? 20.9 : 20)).steadySinceMillis)
  })

  it("a link is young while more answers would make it count, and a silent one for as many rounds", () => {
    assert.isTrue(isYoung(rounds(20, 20), 3))
    assert.isFalse(isYoung(rounds(20, 20, 20), 3))
    assert.isTrue(isYoung(rounds(undefined, undefined), 3))
    assert.isFalse(isYoung(rounds(undefined, undefined, undefined), 3))
    assert.isTrue(isYoung(rounds(undefined, undefined, undefined, 20), 3), "back again")
  })
})
