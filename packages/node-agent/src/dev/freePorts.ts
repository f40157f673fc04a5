/** Finds ports that nobody listens on. */
import { createServer, type Server } from "node:net"

import { Effect } from "effect"

/** Different ports of 127.0.0.1, free at this moment; somebody else may take one before it is used. */
export const freePorts = (count: number): Effect.Effect<ReadonlyArray<number>> =>
  Effect.scoped(Effect.forEach(Array.from({ length: count }), () => heldPort, { concurrency: "unbounded" }))

const heldPort = Effect.acquireRelease(
  Effect.callback<Server>((resume) => {
    const server = createServer()
    server.once("error", (error) => resume(Effect.die(error)))
    server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
  }),
  (server) => Effect.callback<void>((resume) => void server.close(() => resume(Effect.void)))
).pipe(
  Effect.map((server) => {
    const address = server.address()
    return typeof address === "object" && address !== null ? address.port : 0
  })
)
