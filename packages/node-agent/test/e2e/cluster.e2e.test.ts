import { assert, describe, it } from "@effect/vitest"

import { HealthReport, MembersReport } from "../../src/api/responses.ts"
import { agreedLeader, startCluster } from "./AgentCluster.ts"
import { agentConfig, eventually, freePorts, run, type RunningAgent, startAgent } from "./AgentProcess.ts"

const startThree = () =>
  startCluster(["n1", "n2", "n3"], {
    membership: "interval: 100ms, deadAfter: 1s",
    settings: "election: { lease: 1s, cooldown: 500ms }\ndrain: { readinessDelay: 1s, deadline: 10s }\n"
  })

const statesSeenBy = async (agent: RunningAgent): Promise<string> =>
  (await agent.read(MembersReport, "/v1/members")).members.map(({ id, state }) => `${id} ${state}`).join(", ")

describe("three agents", () => {
  it("do not get leadership back while they are drained, however long that is", async () => {
    const agents = await startThree()
    const drained = await agreedLeader(agents)
    const agent = agents.get(drained)
    if (agent === undefined) return assert.fail(`${drained} is none of the agents`)
    await fetch(`${agent.url}/health/drain`, { method: "POST" })
    await eventually(
      () => agreedLeader(agents),
      (leader) => leader !== drained
    )
    // Several cooldowns of 500 ms, in which the smallest id would take over again.
    const until = Date.now() + 3000
    let reigns = 0
    let led = false
    await eventually(
      async () => {
        const leads = (await agent.status("/leader")) === 200
        if (leads && !led) reigns += 1
        led = leads
        return Date.now()
      },
      (now) => now > until && !led
    )
    assert.isAtMost(reigns, 3, "leadership that comes back is given up at once")
  }, 30_000)

  it("meet, agree on a leader, survive its death, and see a drained node leave", async () => {
    const agents = await startThree()
    for (const agent of agents.values()) {
      await eventually(
        () => statesSeenBy(agent),
        (states) => states === "n1 alive, n2 alive, n3 alive"
      )
      await eventually(
        () => agent.status("/health/ready"),
        (status) => status === 200
      )
    }
    const leader = await agreedLeader(agents)
    for (const [id, agent] of agents)
      assert.strictEqual(await agent.status("/leader"), id === leader ? 200 : 503, `/leader of ${id}`)

    agents.get(leader)?.child.kill("SIGKILL")
    agents.delete(leader)
    const next = await eventually(
      () => agreedLeader(agents),
      (id) => id !== leader
    )
    const staying = agents.get(next)
    const leaving = [...agents].find(([id]) => id !== next)?.[1]
    if (staying === undefined || leaving === undefined) return assert.fail(`${next} is none of the survivors`)
    await eventually(
      () => statesSeenBy(staying),
      (states) => states.includes(`${leader} dead`)
    )
    const status = await run(["status", "--fail-on", "degraded", "--endpoint", staying.url])
    assert.strictEqual(status.code, 4)
    assert.include(status.stdout, `! member ${leader} is dead`)
    assert.strictEqual(await staying.status("/health/ready"), 200, "a dead peer makes nobody else unready")

    leaving.child.kill("SIGTERM")
    await eventually(
      () => leaving.status("/health/ready"),
      (answer) => answer === 503
    )
    assert.strictEqual((await leaving.read(HealthReport, "/health/ready")).status, "draining")
    assert.strictEqual(await leaving.status("/health/live"), 200)
    const ended = await leaving.ended
    assert.strictEqual(ended.code, 0, ended.stderr)
    await eventually(
      () => statesSeenBy(staying),
      (states) => states.includes(" left")
    )
    assert.strictEqual(await staying.status("/health/live"), 200)
  })
})

describe("heartbeats that are none", () => {
  it("are refused and counted; the agent goes on", async () => {
    const [port] = await freePorts(1)
    const agent = await startAgent(agentConfig("n1", "membership: { interval: 100ms }\n", port))
    /** The status, or 0 when the connection was cut. */
    const post = (body: string) =>
      fetch(`http://127.0.0.1:${port}/coterie/heartbeat`, { method: "POST", body }).then(
        ({ status }) => status,
        () => 0
      )
    assert.strictEqual(await post("not json"), 400)
    assert.strictEqual(await post("[".repeat(1000)), 400)
    assert.strictEqual(await post('{"_tag":"Beat","protocol":1}'), 400)
    assert.include([0, 413], await post("x".repeat(5_000_000)))
    const metrics = await agent.text("/metrics")
    assert.match(metrics, /^coterie_heartbeat_refused_total\{reason="malformed"\} 3$/m)
    assert.match(metrics, /^coterie_heartbeat_refused_total\{reason="too_large"\} 1$/m)
    assert.strictEqual(await agent.status("/health/live"), 200)
  })
})
