import { createServer } from "node:http"
import type { AddressInfo } from "node:net"

import { assert, describe, it, onTestFinished } from "@effect/vitest"

import { newSwimKey } from "../../src/config/swimKey.ts"
import { membershipReports } from "../cli/membershipReports.ts"
import { agentConfig, configFile, eventually, freePorts, run, start, startAgent } from "./AgentProcess.ts"

/** Arguments, the exit code, and what must be on which output. */
const calls: Readonly<Record<string, readonly [ReadonlyArray<string>, number, RegExp, RegExp]>> = {
  "help is data": [["--help"], 0, /SUBCOMMANDS/, /^$/],
  "no command is a wish for help": [[], 0, /SUBCOMMANDS/, /^$/],
  "the version is data": [["--version"], 0, /^coterie v\d+\.\d+\.\d+\n$/, /^$/],
  "an unknown command is a usage error with a suggestion": [
    ["membrs"],
    2,
    /^$/,
    /members[\s\S]*see coterie --help/
  ],
  "an unknown flag is a usage error": [
    ["members", "--colour"],
    2,
    /^$/,
    /--colour[\s\S]*see coterie members --help/
  ],
  "a wrong value is a usage error": [["decisions", "--limit", "0"], 2, /^$/, /expected 1 to 1000, got 0/],
  "a duration without a unit is a usage error": [
    ["status", "--timeout", "5"],
    2,
    /^$/,
    /a duration such as 500ms, 1s or 2m/
  ],
  "an endpoint that is no URL is a usage error": [
    ["status", "--endpoint", "nonsense"],
    2,
    /^$/,
    /a URL such as/
  ],
  "an id of a key that is none is a usage error": [
    ["keyring", "use", "zzz"],
    2,
    /^$/,
    /8 hexadecimal digits/
  ],
  "a key file that is missing is a usage error": [
    ["keyring", "install", "/nowhere"],
    2,
    /^$/,
    /\/nowhere cannot be read: there is no such file/
  ],
  "a key file without an end is a usage error": [
    ["keyring", "install", "/dev/null"],
    2,
    /^$/,
    /\/dev\/null is a CharacterDevice, not a regular file/
  ],
  "a new key is data": [["keyring", "generate"], 0, /^[A-Za-z0-9+/]{43}=\n$/, /^$/],
  "nobody there": [
    ["status", "--endpoint", "http://127.0.0.1:1"],
    3,
    /^$/,
    /no agent answers at http:\/\/127.0.0.1:1/
  ],
  "a configuration that is missing": [["config", "check", "-c", "/nowhere"], 9, /^$/, /no such file/]
}

describe("coterie", () => {
  for (const [name, [args, code, stdout, stderr]] of Object.entries(calls))
    it(`${name}: exit code ${code}`, async () => {
      const ended = await run(args)
      assert.strictEqual(ended.code, code, ended.stderr)
      assert.match(ended.stdout, stdout)
      assert.match(ended.stderr, stderr)
    })

  it("config check lists every problem on a line of its own, and as JSON on the standard output", async () => {
    const file = await configFile("membership: { interval: soon }\n")
    const lines = [
      `${file}:1:1  cluster: is required`,
      `${file}:1:25  membership.interval: expected a duration such as 500ms, 1s or 2m, got "soon"`
    ]
    const people = await run(["config", "check", "-c", file])
    assert.deepStrictEqual(
      [people.code, people.stdout, people.stderr],
      [9, "", `coterie: ${lines.join("\n")}\n`]
    )
    const script = await run(["config", "check", "-c", file, "--json"])
    assert.strictEqual(script.code, 9)
    assert.deepStrictEqual(JSON.parse(script.stdout), {
      schema: "config-check/v1",
      ok: false,
      problems: lines
    })
  })

  it("config check says that a node has no vote, which may not be meant", async () => {
    const file = await configFile(
      "cluster: prod\nnode: { id: n4 }\nmembership: { plaintext: true, seeds: ['127.0.0.1:1'], peers: [{ id: n1 }] }\n"
    )
    const people = await run(["config", "check", "-c", file])
    assert.strictEqual(people.code, 0)
    assert.match(people.stderr, /the configuration is right\n(coterie: )?n4 has no vote/)
    const script = await run(["config", "check", "-c", file, "--json"])
    assert.match(script.stdout, /"ok": ?true/)
    assert.match(script.stdout, /"notices": ?\[\s*"n4 has no vote .* membership\.peers/)
  })

  it("config show prints values with their origin, and no secret", async () => {
    const file = await configFile(
      "cluster: prod\nbackend: { kind: rqlite, url: 'http://127.0.0.1:4001', username: u, password: hunter2 }\n"
    )
    const { code, stdout } = await run(["config", "show", "-c", file], { COTERIE_DRAIN__DEADLINE: "1m" })
    assert.strictEqual(code, 0)
    assert.match(stdout, /^backend\.password +\*\*\* +\S+:2:\d+$/m)
    assert.match(stdout, /^drain\.deadline +1m +COTERIE_DRAIN__DEADLINE$/m)
    assert.notInclude(stdout, "hunter2")
  })

  it("asks the agent that COTERIE_ENDPOINT names, and follows its decisions until it is interrupted", async () => {
    const [engine] = await freePorts(1)
    const agent = await startAgent(
      agentConfig(
        "n1",
        `locality: { interval: 100ms }\nbackend: { kind: rqlite, url: "http://127.0.0.1:${engine}" }\n`
      )
    )
    const environment = { COTERIE_ENDPOINT: agent.url }
    for (const command of ["status", "members", "leader", "groups", "decisions"]) {
      const { code, stdout } = await run([command, "--json"], environment)
      assert.strictEqual(code, 0, command)
      assert.strictEqual((JSON.parse(stdout) as { schema: string }).schema, `${command}/v1`)
    }
    const missing = await run(["leader", "nosuch"], environment)
    assert.strictEqual(missing.code, 1)
    assert.include(missing.stderr, "no such group")
    const following = start(["decisions", "-f", "--json"], environment)
    await eventually(
      async () => following.stdout().trim().split("\n").length,
      (lines) => lines >= 3
    )
    for (const line of following.stdout().trim().split("\n")) assert.property(JSON.parse(line), "action")
    following.child.kill("SIGINT")
    assert.strictEqual((await following.ended).code, 130)
  })

  it("says when something else answers at the endpoint", async () => {
    const server = createServer((_, response) => response.end("<html>"))
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo
    for (const command of ["status", "decisions"]) {
      const { code, stderr } = await run([command, "--endpoint", `http://127.0.0.1:${port}`])
      assert.strictEqual(code, 3)
      assert.include(stderr, "is it a Coterie agent?")
    }
  })

  it("prints who did not change its keys and ends with 6", async () => {
    const server = createServer((_, response) =>
      response
        .setHeader("content-type", "application/json")
        .end(JSON.stringify(membershipReports["keyring-change"]))
    )
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo
    const keyFile = await configFile(`${newSwimKey()}\n`)
    const endpoint = `http://127.0.0.1:${port}`
    const { code, stderr, stdout } = await run(["keyring", "install", keyFile, "--endpoint", endpoint])
    assert.strictEqual(code, 6)
    assert.match(stdout, /^n1 +installed .*\nn2 +no /m)
    assert.include(stderr, "1 of 3 members did not do it: n2 the key ring holds 16 keys already")
  })

  it("ends at once, and without failing, when its reader has seen enough", async () => {
    const reading = start(["--help"])
    reading.child.stdout?.destroy()
    assert.strictEqual((await reading.ended).code, 0)
  })

  it("ends a stream of decisions when the agent is told to stop", async () => {
    const [engine] = await freePorts(1)
    const agent = await startAgent(
      agentConfig(
        "n1",
        `locality: { interval: 100ms }\ndrain: { readinessDelay: 0s }\nbackend: { kind: rqlite, url: "http://127.0.0.1:${engine}" }\n`
      )
    )
    const following = start(["decisions", "-f"], { COTERIE_ENDPOINT: agent.url })
    await eventually(
      async () => following.stdout(),
      (text) => text.includes("stay: status failed")
    )
    agent.child.kill("SIGTERM")
    assert.strictEqual((await agent.ended).code, 0)
    assert.strictEqual((await following.ended).code, 0, following.stderr())
  })

  it("ends at once at the second signal", async () => {
    const agent = await startAgent(agentConfig("n1", "drain: { readinessDelay: 1m, deadline: 2m }\n"))
    agent.child.kill("SIGTERM")
    await eventually(
      () => agent.status("/health/ready"),
      (status) => status === 503
    )
    agent.child.kill("SIGTERM")
    assert.strictEqual((await agent.ended).code, 130)
  })
})
