import { createServer, type RequestListener } from "node:http"
import { connect } from "node:net"

import { assert, describe, it, onTestFinished } from "@effect/vitest"

import { DecisionsReport, GroupsReport, StatusReport } from "../../src/api/responses.ts"
import { agentConfig, configFile, eventually, freePorts, run, startAgent } from "./AgentProcess.ts"

const listen = async (answer: RequestListener): Promise<number> => {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  const address = server.address()
  return typeof address === "object" && address !== null ? address.port : 0
}

describe("an agent that cannot start", () => {
  it("says which port is in use and which key chooses another: ops", async () => {
    const port = await listen((_, response) => response.end())
    const file = await configFile(agentConfig("n1").replace('ops: "127.0.0.1:0"', `ops: "127.0.0.1:${port}"`))
    const { code, stderr, stdout } = await run(["agent", "-c", file])
    assert.deepStrictEqual([code, stdout], [1, ""])
    assert.include(
      stderr,
      `coterie: api.ops: 127.0.0.1:${port} is in use; stop the process that holds it or choose another port`
    )
  })
  it("says which port is in use and which key chooses another: peer", async () => {
    const port = await listen((_, response) => response.end())
    const { code, stderr } = await run(["agent", "-c", await configFile(agentConfig("n1", "", port))])
    assert.strictEqual(code, 1)
    assert.match(stderr, new RegExp(`coterie: peer.listen: .*${port}.* in use`))
  })
  it("says what is wrong with its configuration, exit code 9", async () => {
    const file = await configFile("cluster: prod\nmembership: { intervall: 1s }\n")
    const { code, stderr } = await run(["agent", "-c", file])
    assert.strictEqual(code, 9)
    assert.strictEqual(
      stderr,
      `coterie: ${file}:2:15  membership.intervall: unknown key; did you mean interval?\n`
    )
  })
  it("says that the file is not there, exit code 9", async () => {
    const { code, stderr } = await run(["agent", "-c", "/nowhere/coterie.yaml"])
    assert.deepStrictEqual(
      [code, stderr],
      [9, "coterie: /nowhere/coterie.yaml: cannot be read: there is no such file\n"]
    )
  })
})

const engines: Readonly<Record<string, readonly [RequestListener | undefined, RegExp]>> = {
  "is down": [undefined, /unavailable|refused/i],
  "answers garbage": [(_, response) => response.end("<html>hello</html>"), /unexpected answer/],
  "answers something endless": [
    (_, response) => {
      const pour = () =>
        void (response.write("x".repeat(65_536)) ? setImmediate(pour) : response.once("drain", pour))
      response.on("error", () => undefined)
      pour()
    },
    /unexpected answer|larger|unavailable/i
  ],
  "never answers": [() => undefined, /did not report group default within/],
  "refuses the credentials": [(_, response) => response.writeHead(401).end(), /credentials/]
}

describe("an agent beside an engine that", () => {
  for (const [name, [answer, expected]] of Object.entries(engines))
    it(`${name} runs, is ready, and says so`, async () => {
      const port = answer === undefined ? (await freePorts(1))[0] : await listen(answer)
      const agent = await startAgent(
        agentConfig(
          "n1",
          `membership: { interval: 100ms }\nlocality: { interval: 200ms }\nbackend: { kind: rqlite, url: "http://127.0.0.1:${port}" }\n`
        )
      )
      await eventually(
        () => agent.status("/health/ready"),
        (status) => status === 200
      )
      const { groups } = await agent.read(GroupsReport, "/v1/groups")
      assert.match(groups[0]?.error ?? "", expected)
      const { problems, status } = await agent.read(StatusReport, "/v1/status")
      assert.strictEqual(status, "degraded")
      assert.match(problems[0] ?? "", /^group default cannot be read: /)
      await eventually(
        () => agent.read(DecisionsReport, "/v1/decisions"),
        ({ decisions: [first] }) =>
          first?.action._tag === "Stay" && first.action.reason._tag === "engineError"
      )
      assert.strictEqual(await agent.status("/health/live"), 200)
      assert.strictEqual(agent.child.exitCode, null)
    })
})

it("a client that sends its request too slowly is cut off", async () => {
  const agent = await startAgent(agentConfig("n1"))
  const { hostname, port } = new URL(agent.url)
  const answer = await new Promise<string>((resolve) => {
    let text = ""
    const socket = connect(Number(port), hostname, () => socket.write("GET /health/live HTTP/1.1\r\nHost: x"))
    socket.on("data", (chunk: Buffer) => (text += chunk.toString()))
    socket.on("close", () => resolve(text))
  })
  assert.match(answer, /^HTTP\/1\.1 408 /)
  assert.strictEqual(await agent.status("/health/live"), 200)
})
