import { createServer, type Server, type Socket } from "node:net"

import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

import { connectNats } from "../../src/trial/natsClient.ts"

/** A server that hands each published line, split at spaces, to `answer`. */
const serve = (answer: (socket: Socket, words: ReadonlyArray<string>) => void) =>
  Effect.acquireRelease(
    Effect.promise(
      () =>
        new Promise<Server>((resolve) => {
          const server = createServer((socket) => {
            socket.write("INFO {}\r\n")
            socket.on("error", () => {})
            socket.on("data", (chunk) => {
              for (const line of chunk.toString().split("\r\n"))
                if (line.startsWith("PUB ")) answer(socket, line.split(" "))
            })
          })
          server.listen(0, "127.0.0.1", () => resolve(server))
        })
    ),
    (server) => Effect.sync(() => server.close())
  ).pipe(Effect.flatMap((server) => connect((server.address() as { readonly port: number }).port)))

const connect = (port: number) =>
  Effect.acquireRelease(
    Effect.promise(() => connectNats("127.0.0.1", port)),
    (client) => Effect.sync(() => client.close())
  )

describe("natsClient", () => {
  it.effect("pairs replies with requests, in any order and any pieces", () =>
    Effect.gen(function* () {
      const inboxes: Array<string> = []
      const client = yield* serve((socket, [, , inbox = ""]) => {
        inboxes.push(inbox)
        if (inboxes.length < 2) return
        const [one, two] = inboxes
        socket.write(`PING\r\nMSG ${two} 1 6\r\nzw`)
        setImmediate(() => socket.write(`ei\r\n\r\nMSG ${one} 1 _R_ 4\r\neins\r\n`))
      })
      const replies = yield* Effect.promise(() =>
        Promise.all([client.request("a", "", 5000), client.request("b", "x", 5000)])
      )
      assert.deepStrictEqual(replies, ["eins", "zwei\r\n"])
    })
  )

  it.effect("rejects when nobody listens, when nobody answers, and when the connection is lost", () =>
    Effect.gen(function* () {
      const client = yield* serve((socket, [, subject, inbox]) => {
        if (subject === "nobody") socket.write(`HMSG ${inbox} 1 16 16\r\nNATS/1.0 503\r\n\r\n\r\n`)
        if (subject === "lost") socket.destroy()
      })
      const problem = (subject: string, timeoutMillis: number) =>
        Effect.promise(() =>
          client.request(subject, "", timeoutMillis).then(
            () => "",
            (cause: unknown) => String(cause)
          )
        )
      assert.include(yield* problem("nobody", 5000), "nobody listens")
      assert.include(yield* problem("mute", 20), "no reply on mute")
      assert.include(yield* problem("lost", 5000), "the connection was lost")
      assert.include(yield* problem("later", 5000), "the connection was lost")
    })
  )
})
