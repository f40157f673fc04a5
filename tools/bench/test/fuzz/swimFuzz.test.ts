import { assert, describe, it } from "vitest"

import { readFuzzCommand } from "../../src/fuzz/readFuzzCommand.ts"
import { fuzzSwim } from "../../src/fuzz/swimFuzz.ts"

describe("the wire of SWIM", () => {
  it("stands 50 000 packets, random and damaged, as does a node that hears what is left of them", () => {
    const seed = Math.floor(Math.random() * 2 ** 32)
    const report = fuzzSwim({ packets: 50_000, seed })
    const replay = `npm run fuzz -- swim --packets ${report.packets} --seed ${seed}`
    assert.isUndefined(report.failure, `replay with: ${replay}\n${report.failure?.detail}`)
    assert.isAbove(report.decoded, 10_000, "enough of them are messages")
    assert.isBelow(report.decoded, 40_000, "enough of them are not")
  }, 120_000)

  it("is fuzzed the same with the same seed", () => {
    assert.deepStrictEqual(fuzzSwim({ packets: 2000, seed: 7 }), fuzzSwim({ packets: 2000, seed: 7 }))
  })
})

describe("the command line", () => {
  it("has defaults", () => {
    assert.deepStrictEqual(readFuzzCommand(["swim"]), { packets: 10_000_000, seed: 1 })
  })

  it("says what is wrong with a value", () => {
    const wrong: ReadonlyArray<readonly [args: ReadonlyArray<string>, message: RegExp]> = [
      [[], /expected the command .*swim/],
      [["raft"], /expected the command .*swim/],
      [["swim", "--packets", "0"], /--packets is a whole number from 1/],
      [["swim", "--packets", "1e3"], /--packets is a whole number/],
      [["swim", "--seed", "x"], /--seed is a whole number from 0/],
      [["swim", "--more"], /--more/]
    ]
    for (const [args, message] of wrong)
      assert.match(JSON.stringify(readFuzzCommand(args)), message, args.join(" "))
  })
})
