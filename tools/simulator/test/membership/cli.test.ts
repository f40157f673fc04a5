import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"

import { assert, describe, it } from "vitest"

import { readCommand, replay, table } from "../../src/membership/cli.ts"
import { membershipReport } from "../../src/membership/report.ts"
import { cutForEver } from "./cutForEver.ts"

const sim = (...args: ReadonlyArray<string>) =>
  spawnSync(
    process.execPath,
    ["--conditions=@coterie/source", fileURLToPath(new URL("../../src/sim.ts", import.meta.url)), ...args],
    { encoding: "utf8" }
  )

describe("the command line", () => {
  it("has defaults, and takes several numbers of members", () => {
    const command = readCommand(["membership", "--nodes", "10,100", "--lifeguard", "off"])
    assert(typeof command === "object")
    const { scenario, ...rest } = command
    assert.strictEqual(scenario.name, "chaos")
    assert.deepStrictEqual(rest, {
      json: false,
      nodes: [10, 100],
      firstSeed: 1,
      runs: 1,
      profile: "lan",
      lifeguard: false
    })
  })

  it("says what is wrong with a value", () => {
    const wrong: ReadonlyArray<readonly [string, RegExp]> = [
      ["--runs 0", /--runs is a whole number from 1/],
      ["--nodes 10,1", /--nodes is a whole number from 2 to 10000, not "1"/],
      ["--nodes 10,", /--nodes is a whole number .*, not ""/],
      ["--seed x", /--seed is a whole number/],
      ["--scenario storm", /--scenario is one of idle, .*, not "storm"/],
      ["--profile constructor", /--profile is one of lan, wan, local, fast, parity, not "constructor"/],
      ["--lifeguard maybe", /--lifeguard is one of on, off, not "maybe"/],
      ["--verbose", /--verbose/],
      ["again", /expected the command/]
    ]
    for (const [args, message] of wrong)
      assert.match(
        JSON.stringify(readCommand(["membership", ...args.split(" ")])).replaceAll("\\", ""),
        message
      )
  })

  it("exits 2 with the usage on a bad command, and 0 with a table on a good one", { timeout: 60_000 }, () => {
    const bad = sim("membership", "--nodes", "none")
    assert.strictEqual(bad.status, 2)
    assert.match(bad.stderr, /--nodes is a whole number[^]*usage: npm run sim -- membership/)
    const good = sim("membership", "--scenario", "leave", "--nodes", "10,20")
    assert.strictEqual(good.status, 0, good.stderr)
    assert.match(good.stdout, /^\| scenario \|[^]*\| leave \| 10 \|[^]*\| leave \| 20 \|/)
    const json: unknown = JSON.parse(
      sim("membership", "--scenario", "leave", "--nodes", "10", "--json").stdout
    )
    assert(Array.isArray(json))
    assert.containsSubset(json, [{ scenario: "leave", nodes: 10, failures: 0 }])
  })

  it("names the command that replays a failed run", () => {
    const options = {
      scenario: cutForEver,
      nodes: [4],
      runs: 1,
      firstSeed: 5,
      profile: "fast",
      lifeguard: true
    } as const
    const rows = [...membershipReport(options)]
    assert.match(
      rows.map(replay).join(),
      /^FAILED: no agreement .*; replay with: npm run sim -- membership --scenario cut for ever --nodes 4 --profile fast --lifeguard on --runs 1 --seed 5$/
    )
    assert.match(table(rows), /\| cut for ever \| 4 \| fast \| 1 \| - \|/)
  })
})
