import { createServer } from "node:net"

import { assert, describe, it } from "@effect/vitest"

import { freePorts, portMax, portMin } from "../src/index.ts"

describe("freePorts", () => {
  it("gives different ports, below the kernel's own range, also to calls at once", async () => {
    const ports = (await Promise.all([freePorts(20), freePorts(20)])).flat()
    assert.strictEqual(new Set(ports).size, 40)
    assert.isTrue(ports.every((port) => port >= portMin && port <= portMax))
  })

  it("gives ports that can be bound", async () => {
    const [port] = await freePorts(1)
    const server = createServer()
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject).listen({ port, host: "127.0.0.1" }, resolve)
    })
    assert.isTrue(server.listening)
    server.close()
  })
})
