import { stat } from "node:fs/promises"
import { join } from "node:path"

import { assert, describe, it } from "@effect/vitest"

import type { KeyringChangeReport, KeyringReport } from "../../src/api/keyringResponses.ts"
import { MembersReport } from "../../src/api/responses.ts"
import { agreedLeader } from "./AgentCluster.ts"
import { configFile, eventually, run, type RunningAgent, start } from "./AgentProcess.ts"
import { startSwimCluster } from "./SwimCluster.ts"

const voters = ["n1", "n2", "n3"]
const ids = [...voters, "n4"]

const membersSeenBy = async (agent: RunningAgent) => (await agent.read(MembersReport, "/v1/members")).members

const statesSeenBy = async (agent: RunningAgent): Promise<string> =>
  (await membersSeenBy(agent)).map(({ id, state }) => `${id} ${state}`).join(", ")

/** Runs a command against an agent, which must succeed, and returns its report. */
const asked = async (agent: RunningAgent, ...args: ReadonlyArray<string>): Promise<unknown> => {
  const { code, stderr, stdout } = await run([...args, "--json", "--endpoint", agent.url])
  assert.strictEqual(code, 0, stderr)
  return JSON.parse(stdout)
}

const allAlive = ids.map((id) => `${id} alive`).join(", ")

describe("agents on SWIM", () => {
  it("elect a voter, whom a node without a vote knows; a killed one is dead for a reason, and the next leads", async () => {
    const { agents } = await startSwimCluster(ids, voters)
    const n4 = agents.get("n4")
    if (n4 === undefined) return assert.fail("n4 runs")
    for (const agent of agents.values())
      await eventually(
        () => statesSeenBy(agent),
        (states) => states === allAlive
      )
    const leader = await agreedLeader(agents)
    assert.include(voters, leader)
    const answer = await fetch(`${n4.url}/leader`)
    assert.deepStrictEqual([answer.status, answer.headers.get("x-leader-id")], [503, leader])
    const why = (await asked(n4, "why", "leader")) as { readonly servedBy: string }
    assert.strictEqual(why.servedBy, leader, "the leader explains itself to a node without a vote")

    const wide = await eventually(
      () => membersSeenBy(n4),
      (members) => members.every(({ rttMs, self }) => self || rttMs !== undefined)
    )
    for (const { version } of wide) assert.match(version ?? "", /^\d+\.\d+\.\d+/)

    const following = start(["events", "-f", "--json", "--endpoint", n4.url])
    await eventually(
      async () => following.stdout(),
      (text) => text.includes('"_tag":"leader"')
    )
    agents.get(leader)?.child.kill("SIGKILL")
    agents.delete(leader)
    const line = await eventually(
      async () =>
        following
          .stdout()
          .split("\n")
          .find((text) => text.includes(`"member":"${leader}"`) && text.includes('"to":"dead"')),
      (text) => text !== undefined
    )
    assert.match(line ?? "", /"from":"suspect".*"reason":"given up by n\d, /)
    const killed = (await membersSeenBy(n4)).find(({ id }) => id === leader)
    assert.match(killed?.reason ?? "", /^given up by n\d, /)
    const table = await run(["members", "--wide", "--endpoint", n4.url])
    assert.match(table.stdout, new RegExp(`^${leader} +dead .* given up by n\\d, `, "m"))
    const past = await run(["events", "--since", "1h", "--endpoint", n4.url])
    assert.match(past.stdout, new RegExp(`^\\S+Z  member    ${leader}  suspect -> dead: given up by `, "m"))
    const next = await eventually(
      () => agreedLeader(agents),
      (id) => id !== leader
    )
    assert.include(voters, next)

    n4.child.kill("SIGTERM")
    assert.strictEqual((await n4.ended).code, 0)
    assert.strictEqual((await following.ended).code, 0, "the stream of events ends with its agent")
    for (const agent of agents.values())
      if (agent !== n4)
        await eventually(
          () => statesSeenBy(agent),
          (states) => states.includes("n4 left")
        )
  }, 90_000)

  it("rotate their keys while they run, and a node that restarts with the old file of keys is one of them", async () => {
    const { agents, folder, restart } = await startSwimCluster(ids, voters)
    const [n1, n3] = [agents.get("n1"), agents.get("n3")]
    if (n1 === undefined || n3 === undefined) return assert.fail("n1 and n3 run")
    await eventually(
      () => statesSeenBy(n1),
      (states) => states === allAlive
    )
    const before = (await asked(n1, "keyring", "list")) as KeyringReport
    const old = before.rings[0]?.keys?.[0]?.keyId ?? ""

    const { stdout: newKey } = await run(["keyring", "generate"])
    const keyFile = await configFile(newKey)
    const installed = (await asked(n1, "keyring", "install", keyFile)) as KeyringChangeReport
    assert.deepStrictEqual(
      installed.rings.map(({ detail, keys, node }) => [node, keys?.length, detail]),
      ids.map((id) => [id, 2, undefined])
    )
    const tooEarly = await run(["keyring", "remove", old, "--endpoint", n1.url])
    assert.deepStrictEqual([tooEarly.code, tooEarly.stdout], [5, ""])
    assert.include(tooEarly.stderr, `key ${old} is in use on n1, n2, n3, n4; use another key first`)
    await asked(n1, "keyring", "use", installed.keyId)
    await asked(n1, "keyring", "remove", old)
    const list = await run(["keyring", "list", "--endpoint", n1.url])
    assert.include(list.stdout, `${installed.keyId}  4 of 4    4 of 4   -`)
    assert.notInclude(list.stdout, old)

    n3.child.kill("SIGTERM")
    assert.strictEqual((await n3.ended).code, 0)
    const again = await restart("n3")
    for (const agent of [again, n1])
      await eventually(
        () => statesSeenBy(agent),
        (states) => states === allAlive
      )
    for (const agent of [n1, again]) assert.notInclude(agent.stderr(), newKey.trim())
    const kept = join(folder, "state", "e2e", "n3", "keyring.json")
    assert.strictEqual((await stat(kept)).mode & 0o777, 0o600)

    agents.get("n4")?.child.kill("SIGKILL")
    await eventually(
      () => statesSeenBy(n1),
      (states) => states.includes("n4 dead")
    )
    const refused = await run(["keyring", "use", installed.keyId, "--endpoint", n1.url])
    assert.strictEqual(refused.code, 5)
    assert.include(refused.stderr, "n4 would miss this while dead")
    await asked(n1, "keyring", "use", installed.keyId, "--force")
    await asked(n1, "keyring", "remove", old, "--force")
  }, 90_000)

  it("declare a dead member left when an operator says so, and nobody else", async () => {
    const { agents } = await startSwimCluster(voters, voters)
    const [n1, n2] = [agents.get("n1"), agents.get("n2")]
    if (n1 === undefined || n2 === undefined) return assert.fail("n1 and n2 run")
    await eventually(
      () => statesSeenBy(n1),
      (states) => states === "n1 alive, n2 alive, n3 alive"
    )
    const forceLeave = (id: string) => run(["members", "force-leave", id, "--endpoint", n1.url])
    const refused = await Promise.all(["n1", "n2", "n9", "two words"].map(forceLeave))
    assert.deepStrictEqual(
      refused.map(({ code, stdout }) => [code, stdout]),
      [
        [5, ""],
        [5, ""],
        [1, ""],
        [2, ""]
      ]
    )
    const reasons = [
      "n1 is alive; that is this node",
      "n2 is alive; stop its agent",
      "n9 is no member",
      "NODE is no id"
    ]
    for (const [index, reason] of reasons.entries()) assert.include(refused[index]?.stderr ?? "", reason)

    agents.get("n3")?.child.kill("SIGKILL")
    await eventually(
      () => statesSeenBy(n1),
      (states) => states.includes("n3 dead")
    )
    const { stdout } = await forceLeave("n3")
    assert.strictEqual(stdout, "n3 was dead and has left now; n1 tells the other members\n")
    for (const agent of [n1, n2])
      await eventually(
        () => statesSeenBy(agent),
        (states) => states.includes("n3 left")
      )
    assert.deepInclude(await asked(n1, "members", "force-leave", "n3"), { member: "n3", was: "left" })
    const past = await run(["events", "--endpoint", n2.url])
    assert.match(past.stdout, /member {4}n3 {2}dead -> left: .*n1/)
  }, 90_000)

  it("do not start with a file of keys that holds none", async () => {
    const keys = await configFile("not a key\n")
    const file = await configFile(
      `cluster: e2e\nnode: { id: n1 }\nmembership: { keys_file: "${keys}", peers: [{ id: n1 }] }\n`
    )
    const { code, stderr } = await run(["agent", "-c", file])
    assert.strictEqual(code, 9)
    assert.include(stderr, `membership.keys_file: ${keys} line 1 is no key`)
    assert.notInclude(stderr, "not a key")
  })
})
