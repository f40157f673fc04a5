import { type ChildProcess, spawn } from "node:child_process"

import { afterAll, assert, describe, it } from "vitest"

import { processCost, processTree } from "../../src/failover/processCost.ts"

const children: Array<ChildProcess> = []

const run = (script: string): number => {
  const child = spawn(process.execPath, ["-e", script], { stdio: "ignore" })
  children.push(child)
  return child.pid ?? 0
}

afterAll(() => {
  for (const child of children) child.kill("SIGKILL")
})

/** Ten messages a second of a hundred bytes to a server in the same process, each answered with one. */
const chatter = `
const net = require("node:net")
const server = net.createServer((socket) => socket.on("data", (data) => socket.write(data)))
server.listen(0, "127.0.0.1", () => {
  const socket = net.connect(server.address().port, "127.0.0.1")
  socket.resume()
  setInterval(() => socket.write(Buffer.alloc(100)), 100)
})`

describe.skipIf(process.platform !== "linux")("processCost", () => {
  it("tells who works from who rests, and counts messages and bytes of connections", async () => {
    const busy = await processCost([run("for (;;) {}")], 1)
    const rests = await processCost([run("setInterval(() => {}, 1000)")], 1)
    assert.isAbove(busy.cpuMillis, 2 * rests.cpuMillis)
    assert.strictEqual(rests.messages, 0)
    const { bytes, messages } = await processCost([run(chatter)], 3)
    assert.isAtLeast(messages, 10)
    // On a busy machine two of them may share a segment.
    assert.strictEqual(bytes % 100, 0)
    assert.isAtLeast(bytes, 100 * messages)
  })

  it("a process that has ended costs nothing more", async () => {
    const gone = spawn(process.execPath, ["-e", ""], { stdio: "ignore" })
    await new Promise((resolve) => gone.once("exit", resolve))
    const { bytes, cpuMillis } = await processCost([gone.pid ?? 0], 0.1)
    assert.deepStrictEqual([bytes, cpuMillis], [0, 0])
  })

  it("a tree is a process and its children", () => {
    const child = run("setInterval(() => {}, 1000)")
    assert.includeMembers([...processTree(process.pid)], [process.pid, child])
  })
})
