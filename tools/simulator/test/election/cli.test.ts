import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"

import { assert, describe, it } from "vitest"

import { readCommand } from "../../src/election/cli.ts"

const sim = (...args: ReadonlyArray<string>) =>
  spawnSync(
    process.execPath,
    ["--conditions=@coterie/source", fileURLToPath(new URL("../../src/sim.ts", import.meta.url)), ...args],
    { encoding: "utf8" }
  )

describe("the command line", () => {
  it("has defaults", () => {
    assert.deepStrictEqual(readCommand(["election"]), {
      json: false,
      runs: 100,
      firstSeed: 1,
      nodes: undefined,
      scenario: undefined,
      strategy: undefined
    })
  })

  it("says what is wrong with a value", () => {
    const wrong: ReadonlyArray<readonly [string, RegExp]> = [
      ["--runs 0", /--runs is a whole number from 1/],
      ["--runs 1e3", /--runs is a whole number/],
      ["--runs -1", /--runs/],
      ["--seed x", /--seed is a whole number/],
      ["--nodes 27", /--nodes is a whole number from 1 to 26, not "27"/],
      ["--strategy raft", /--strategy is one of quorum, leased, lease, not "raft"/],
      ["--scenario storm", /--scenario is one of .*chaos, not "storm"/],
      ["--verbose", /--verbose/],
      ["again", /expected the command/]
    ]
    for (const [args, message] of wrong)
      assert.match(
        JSON.stringify(readCommand(["election", ...args.split(" ")])).replaceAll("\\", ""),
        message
      )
  })

  it("says which scenarios need a store", () => {
    const flags = ["--scenario", "store down 30 s", "--strategy"]
    assert.strictEqual(
      readCommand(["election", ...flags, "leased"]),
      `--scenario "store down 30 s" is for --strategy lease, not "leased"`
    )
    assert.isObject(readCommand(["election", ...flags, "lease"]))
  })

  it("exits 2 with the usage on a bad command, and 0 with a table on a good one", () => {
    const bad = sim("election", "--nodes", "none")
    assert.strictEqual(bad.status, 2)
    assert.match(bad.stderr, /--nodes is a whole number[^]*usage: npm run sim/)
    const good = sim("election", "--runs", "1", "--scenario", "a paused 10 s", "--nodes", "3")
    assert.strictEqual(good.status, 0)
    assert.match(good.stdout, /a paused 10 s +\| 3 \| leased \| +0\.00 s/)
  })
})
