import { assert, describe, it } from "@effect/vitest"

import type { StatusReport } from "../../src/api/responses.ts"
import type { DemoReport } from "../../src/dev/core/demoReport.ts"
import { eventually } from "../e2e/AgentProcess.ts"
import { answers, DevProcess, until } from "./DevProcess.ts"

/** Whether all APIs of the demo are gone within a moment. */
const nodesEnd = async (urls: ReadonlyArray<string>): Promise<boolean> => {
  const silent = async () => !(await Promise.all(urls.map(answers))).includes(true)
  await until(silent, 5000, () => `nodes still listen at ${urls.join(", ")}`)
  return urls.length >= 5
}

describe("coterie dev --once", () => {
  it("moves the leader away from the far node, once, and writes are at least ten times as fast", async () => {
    await using dev = new DevProcess("--once", "--json")
    assert.strictEqual(await dev.exitCode(), 0, dev.stderr.join("\n"))
    const report = JSON.parse(dev.stdout.join("\n")) as DemoReport
    const { after, before, transfers } = report
    assert.isTrue(report.ok)
    assert.strictEqual(before.leader, "e")
    assert.notStrictEqual(after.leader, "e")
    assert.deepStrictEqual(
      transfers.map(({ from, outcome, to }) => ({ from, outcome, to })),
      [{ from: "e", outcome: "moved", to: after.leader ?? "" }]
    )
    const ratio = (before.writeP50Millis ?? 0) / (after.writeP50Millis ?? Infinity)
    assert.isAtLeast(ratio, 10, JSON.stringify(report))
    assert.isAtLeast(Math.min(...Object.values(before.rttRowMillis)), 255)
    assert.isBelow(Math.min(...Object.values(after.rttRowMillis)), 255)
    assert.match(report.decisions.at(-1) ?? "", /^[a-d]: stay: nobody is better$/)
  })

  it("that is not done in time says why and exits with 1", async () => {
    await using dev = new DevProcess("--once", "--json", "--deadline-seconds", "1")
    assert.strictEqual(await dev.exitCode(), 1)
    const report = JSON.parse(dev.stdout.join("\n")) as DemoReport
    assert.isFalse(report.ok)
    assert.isNotNull(report.reason)
    assert.include(dev.stderr.join("\n"), `the leader is not well placed after 1s: ${report.reason}`)
  })

  it("with a --latency that cannot be read says what would be right and exits with 2", async () => {
    await using dev = new DevProcess("--once", "--latency", "a-x=80ms")
    assert.strictEqual(await dev.exitCode(), 2)
    assert.include(
      dev.stderr.join("\n"),
      "--latency a-x=80ms: there is no node x; the nodes are a, b, c, d, e"
    )
    assert.deepStrictEqual(dev.stdout, [])
  })
})

/** What the agent of a well placed leader says, at first perhaps with noise in what it measured. */
const staysWhereItIs = /^([a-d]): stay: (?:nobody is better|. would save [\d.]+ms, needed are [\d.]+ms)$/

describe("coterie dev, live", () => {
  it("with --membership heartbeat runs the agents on heartbeats", async () => {
    await using dev = new DevProcess("--membership", "heartbeat")
    await dev.line(/^a: running at/)
    const { membership } = (await (await fetch(`${dev.urls[0]}/v1/status`)).json()) as StatusReport
    assert.strictEqual(membership.mode, "heartbeat")
  })

  it("elects another leader when the leader is killed, takes the killed node back, and quits", async () => {
    await using dev = new DevProcess()
    await dev.line(/^leader: e in term 5$/)
    const [, leader = ""] = await dev.line(staysWhereItIs)
    const status = await fetch(`${dev.urls[0]}/v1/status`)
    const { cluster, membership, status: state } = (await status.json()) as StatusReport
    assert.deepStrictEqual([cluster, membership.mode, state], ["dev", "swim", "ok"])

    dev.type(`k ${leader}`)
    await dev.line(new RegExp(`^${leader}: dead$`))
    const [, next = ""] = await dev.line(/^leader: ([a-e]) in term \d+$/)
    assert.notStrictEqual(next, leader)
    await dev.line(staysWhereItIs)

    dev.type(`r ${leader}`)
    await dev.line(new RegExp(`^${leader}: running at`))
    const membersOfE = async () =>
      ((await (await fetch(`${dev.urls[4]}/v1/status`)).json()) as StatusReport).membership
    await eventually(membersOfE, ({ alive }) => alive === 5)

    dev.type("q")
    assert.strictEqual(await dev.exitCode(), 0)
    assert.isTrue(await nodesEnd(dev.urls))
  })

  it.for(["SIGINT", "SIGTERM", "SIGKILL"] as const)("leaves no node behind after %s", async (signal) => {
    await using dev = new DevProcess()
    await dev.line(/^leader: e in term 5$/)
    dev.signal(signal)
    const code = await dev.exitCode()
    if (signal !== "SIGKILL") assert.strictEqual(code, 130)
    assert.isTrue(await nodesEnd(dev.urls))
  })
})
