import { connect, type Socket } from "node:net"
import { Worker } from "node:worker_threads"

import { Effect, type Scope } from "effect"

/** Listens, then blocks its event loop for ever: the kernel queues a few connections and drops the rest. */
const blockedListener = `
const { parentPort } = require("node:worker_threads")
const server = require("node:net").createServer()
server.listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => {
  parentPort.postMessage(server.address().port)
  setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0))
})`

/** A loopback port that never answers a connection attempt. */
export const silentPort: Effect.Effect<number, never, Scope.Scope> = Effect.gen(function* () {
  const worker = yield* Effect.acquireRelease(
    Effect.sync(() => new Worker(blockedListener, { eval: true })),
    (running) => Effect.promise(() => running.terminate())
  )
  const port = yield* Effect.promise(
    () => new Promise<number>((resolve) => worker.once("message", (value: number) => resolve(value)))
  )
  const fillers: Array<Socket> = []
  yield* Effect.addFinalizer(() => Effect.sync(() => fillers.forEach((socket) => socket.destroy())))
  const fills = Effect.callback<boolean>((resume) => {
    const socket = connect({ port, host: "127.0.0.1" })
    fillers.push(socket)
    socket.once("error", () => resume(Effect.succeed(true)))
    socket.once("connect", () => resume(Effect.succeed(true)))
  }).pipe(Effect.timeoutOrElse({ duration: "300 millis", orElse: () => Effect.succeed(false) }))
  // Each connection takes a place of the queue until one gets no answer.
  yield* Effect.repeat(fills, { while: (accepted) => accepted })
  return port
})
