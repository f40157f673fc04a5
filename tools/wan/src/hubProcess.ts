/**
 * The hub process: makes the namespaces, moves the packets, and takes everything away again when its owner
 * says so or dies (the channel closes), or on SIGTERM, SIGINT or SIGHUP.
 */
import { setPriority } from "node:os"

import { Forwarder } from "./hub/Forwarder.ts"
import { layoutOf } from "./hub/layout.ts"
import { createNode, removeSlot } from "./hub/namespaces.ts"
import type { Reply, Request } from "./hub/protocol.ts"
import { type HeldSlot, takeSlot } from "./hub/slot.ts"

let held: HeldSlot | undefined
let forwarder: Forwarder | undefined

const reply = (message: Reply): void => {
  if (process.connected) process.send?.(message)
}

const describe = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))

const end = (code: number): void => {
  if (held !== undefined) {
    removeSlot(held.slot)
    held.release()
    held = undefined
  }
  process.exit(code)
}

const start = async ({ links, seed }: Extract<Request, { kind: "start" }>): Promise<void> => {
  held = await takeSlot()
  const { slot } = held
  const nodes = links.map((_, index) => layoutOf(slot, index))
  for (const node of nodes) createNode(slot, node, nodes)
  const opened = new Forwarder(slot, nodes, seed)
  for (const [from, row] of links.entries()) {
    for (const [to, change] of row.entries()) opened.change(from, to, change)
  }
  await opened.open()
  forwarder = opened
  reply({ kind: "ready", nodes })
}

const answer = (request: Extract<Request, { id: number }>): void => {
  if (forwarder === undefined) return
  if (request.kind === "stats") return reply({ kind: "stats", id: request.id, stats: forwarder.stats() })
  try {
    forwarder.change(request.from, request.to, request.change)
    reply({ kind: "changed", id: request.id })
  } catch (cause) {
    reply({ kind: "refused", id: request.id, problem: describe(cause) })
  }
}

process.on("message", (request: Request) => {
  if (request.kind === "close") return end(0)
  if (request.kind !== "start") return answer(request)
  start(request).catch((cause: unknown) => {
    // The message must be out before the process ends.
    process.send?.({ kind: "failed", problem: describe(cause) } satisfies Reply, () => end(1))
  })
})
process.once("disconnect", () => end(0))
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.once(signal, () => end(0))
process.once("uncaughtException", (cause) => {
  console.error(cause)
  end(1)
})
// Delays should be the links', not the scheduler's.
setPriority(-10)
