import { assert, describe, it } from "@effect/vitest"

import { ExplainLeaderReport, LeaderReport } from "../../src/api/responses.ts"
import { agreedLeader, startCluster } from "./AgentCluster.ts"
import { eventually, run, type RunningAgent } from "./AgentProcess.ts"

const leaseMillis = 10_000

/** Agents of which n1 leads, with a lease that no test waits for. */
const startThree = async (membership = "interval: 400ms, deadAfter: 20s") => {
  const agents = await startCluster(["n1", "n2", "n3"], {
    membership,
    settings: `election: { lease: ${leaseMillis}ms, cooldown: 5m }\ndrain: { readinessDelay: 0s }\n`
  })
  const [n1, n2, n3] = ["n1", "n2", "n3"].map((id) => agents.get(id))
  if (n1 === undefined || n2 === undefined || n3 === undefined) return assert.fail("an agent is missing")
  assert.strictEqual(await agreedLeader(agents), "n1")
  return { agents, n1, n2, n3 }
}

const coterie = (agent: RunningAgent, ...args: ReadonlyArray<string>) =>
  run([...args, "--endpoint", agent.url])

const pause = (agent: RunningAgent) => agent.child.kill("SIGSTOP")

describe("leadership of three agents", () => {
  it("is handed over from the endpoint of a follower, and the new leader is confirmed", async () => {
    const { agents, n3 } = await startThree()
    const moved = await coterie(n3, "leader", "--transfer", "n2", "--wait")
    assert.strictEqual(moved.code, 0, moved.stderr)
    assert.match(moved.stdout, /^leader {2}n2$/m)
    assert.strictEqual(await agreedLeader(agents), "n2")

    const accepted = await coterie(n3, "leader", "--transfer", "n3", "--json")
    assert.strictEqual(accepted.code, 0, accepted.stderr)
    const { schema, from, node, released, to } = JSON.parse(accepted.stdout) as Record<string, unknown>
    assert.deepStrictEqual(
      { schema, from, node, released, to },
      { schema: "transfer/v1", from: "n2", node: "n3", released: true, to: "n3" }
    )
    await eventually(
      () => agreedLeader(agents),
      (leader) => leader === "n3"
    )

    const again = await coterie(n3, "leader", "--transfer", "n3")
    assert.deepStrictEqual([again.code, again.stdout], [5, ""])
    assert.include(again.stderr, "it leads already")
    const stranger = await coterie(n3, "leader", "--transfer", "n9", "--wait")
    assert.deepStrictEqual([stranger.code, stranger.stdout], [5, ""])
    assert.include(stranger.stderr, "n9")
    assert.strictEqual(await agreedLeader(agents), "n3", "what was refused changed nothing")
  })

  it("that somebody else took ends with exit code 7", async () => {
    const { n1, n3 } = await startThree()
    pause(n3)
    const moved = await coterie(n1, "leader", "--transfer", "n3", "--wait", "--timeout", "20s")
    assert.strictEqual(moved.code, 7, moved.stderr)
    assert.include(moved.stderr, "n2 leads instead of n3")
    assert.match(moved.stdout, /^leader {2}n2$/m)
  })

  it("that nobody takes in time ends with exit code 6, and without a leader there is nobody to ask", async () => {
    const { n1, n2, n3 } = await startThree()
    pause(n2)
    pause(n3)
    const moved = await coterie(n1, "leader", "--transfer", "n2", "--wait", "--timeout", "1s")
    assert.strictEqual(moved.code, 6, moved.stderr)
    assert.include(moved.stderr, "still under way after 1s: n1 was asked to hand over to n2")
    const nobody = await coterie(n1, "leader", "--transfer", "n1")
    assert.strictEqual(nobody.code, 3)
    assert.include(nobody.stderr, "n1 knows of no leader")
  })

  it("is not handed to a member that died", async () => {
    const { agents, n1, n2, n3 } = await startThree("interval: 400ms, deadAfter: 2s")
    n3.child.kill("SIGKILL")
    await eventually(
      () => n1.read(ExplainLeaderReport, "/v1/explain/leader"),
      ({ explanation }) => explanation.members.some(({ id, reason }) => id === "n3" && reason === "dead")
    )
    const { code, stderr } = await coterie(n2, "leader", "--transfer", "n3")
    assert.strictEqual(code, 5, stderr)
    assert.include(stderr, "n1 does not hand leadership to n3: silent for")
    agents.delete("n3")
    assert.strictEqual(await agreedLeader(agents), "n1")
  })

  it("is explained by the leader wherever it is asked, and by others while the leader is silent", async () => {
    const { agents, n1, n2 } = await startThree()
    const text = await coterie(n2, "why", "leader")
    assert.strictEqual(text.code, 0, text.stderr)
    assert.match(text.stdout, /^leader {3}n1$/m, text.stdout)
    assert.match(text.stdout, /^told by {2}n1$/m)
    assert.match(text.stdout, /^lease {4}[\d.]+m?s left$/m)
    assert.match(text.stdout, /^n1 \* +lent +leads /m)
    assert.match(text.stdout, /^n3 +lent +lessPreferred /m)

    const json = JSON.parse((await coterie(n2, "why", "leader", "--json")).stdout) as ExplainLeaderReport
    assert.deepInclude(json, { schema: "explain-leader/v1", node: "n2", servedBy: "n1" })
    assert.deepInclude(json.explanation, { strategy: "leasedQuorum", self: "n1", leader: "n1" })
    assert.notProperty(json, "leaderSilence")
    const left = json.explanation.leaseLeftMillis ?? 0
    assert.isTrue(left > leaseMillis / 2 && left <= leaseMillis, `${left} ms left`)
    assert.deepStrictEqual(
      json.explanation.members.map(({ id }) => id),
      [...agents.keys()]
    )

    pause(n1)
    const own = await n2.read(ExplainLeaderReport, "/v1/explain/leader")
    assert.deepInclude(own, { node: "n2", servedBy: "n2" })
    assert.match(own.leaderSilence ?? "", /^n1, which leads, did not answer \(timeout\)/)
    assert.strictEqual(own.explanation.leader, "n1")
  })

  it("is handed over when its agent is told to stop, long before the lease would have run out", async () => {
    const { n1, n2 } = await startThree()
    const before = performance.now()
    n1.child.kill("SIGTERM")
    const next = await eventually(
      () => n2.read(LeaderReport, "/leader"),
      ({ leader }) => leader !== undefined && leader !== "n1"
    )
    const tookMillis = performance.now() - before
    assert.include(["n2", "n3"], next.leader)
    assert.isBelow(tookMillis, leaseMillis / 5)
    assert.strictEqual((await n1.ended).code, 0)
  })
})
