/** A listener of its own for heartbeats, where no HTTP server exists that could mount them. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import { createServer as createTlsServer, type ServerOptions as TlsOptions } from "node:https"

import { Context, Effect, FiberSet, Metric, Schema, type Scope } from "effect"

import { messageBytesMax } from "../HeartbeatMessage.ts"
import { type HttpAnswer, toAnswer } from "./HttpInbox.ts"
import { type Inbox, tooLarge } from "./inbox.ts"

/** Options of the listener. */
export interface HttpListenerOptions {
  /** Address to bind. Default `127.0.0.1`. */
  readonly host?: string | undefined
  /** Port to bind; 0 takes a free one. */
  readonly port: number
  /** Path that is answered. Default `/coterie/heartbeat`. */
  readonly path?: string | undefined
  /** Serve `https` with these options. */
  readonly tls?: TlsOptions | undefined
}

/** The port could not be opened. */
export class ListenFailed extends Schema.TaggedError<ListenFailed>()("ListenFailed", {
  host: Schema.String,
  port: Schema.Int,
  code: Schema.String
}) {
  override get message(): string {
    const where = `port ${this.port} on ${this.host}`
    switch (this.code) {
      case "EADDRINUSE":
        return `cannot listen: ${where} is in use; stop the process that holds it or configure another port`
      case "EACCES":
        return `cannot listen: ${where} needs more rights; configure a port of 1024 or higher`
      case "EADDRNOTAVAIL":
        return `cannot listen: ${this.host} is no address of this machine; configure one that is`
      default:
        return `cannot listen: opening ${where} failed with ${this.code}`
    }
  }
}

/** The listener that is open. */
export class HttpListener extends Context.Service<
  HttpListener,
  {
    /** Its URL with the port that was really bound, such as `http://127.0.0.1:7070`. */
    readonly address: string
  }
>()("@coterie/membership/transport/HttpListener") {}

/** Most connections at once; further ones are closed and counted. */
const connectionsMax = 1024

const droppedConnections = Metric.counter("heartbeat_http_dropped_connections_total", {
  description: "Connections that were not accepted: too many open, no descriptor left, or no TLS agreement",
  incremental: true
})

/** Answers POST requests through the inbox until the scope closes. */
export const listen = Effect.fnUntraced(function* (
  inbox: Inbox,
  handle: (body: string) => Effect.Effect<HttpAnswer>,
  options: HttpListenerOptions & { readonly path: string }
): Effect.fn.Return<HttpListener["Service"], ListenFailed, Scope.Scope> {
  const run = yield* FiberSet.makeRuntime()
  const server = makeServer(options)
  server.maxConnections = connectionsMax
  server.on("request", (request, response) => {
    const fiber = run(respond(inbox, handle, { request, response, path: options.path }))
    response.on("close", () => fiber.interruptUnsafe())
  })
  server.on("clientError", (_, socket) => {
    run(inbox.refuse("malformed", "not an HTTP request"))
    socket.destroy()
  })
  const dropped = () => run(Metric.update(droppedConnections, 1))
  server.on("drop", dropped)
  server.on("tlsClientError", dropped)
  const { host = "127.0.0.1" } = options
  yield* open(server, host, options.port)
  // Accepting fails when the process runs out of file descriptors; without a listener that would end it.
  server.on("error", dropped)
  const port = portOf(server.address())
  const name = host.includes(":") ? `[${host}]` : host
  return { address: `${options.tls === undefined ? "http" : "https"}://${name}:${port}` }
})

const makeServer = ({ tls }: HttpListenerOptions): Server => {
  const limits = {
    connectionsCheckingInterval: 1_000,
    headersTimeout: 5_000,
    requestTimeout: 10_000,
    keepAliveTimeout: 75_000
  }
  return tls === undefined ? createServer(limits) : createTlsServer({ ...limits, ...tls })
}

const open = (server: Server, host: string, port: number) =>
  Effect.acquireRelease(
    Effect.callback<void, ListenFailed>((resume) => {
      server.once("error", (error: NodeJS.ErrnoException) =>
        resume(Effect.fail(new ListenFailed({ host, port, code: error.code ?? error.message })))
      )
      server.listen(port, host, () => resume(Effect.void))
    }),
    () =>
      Effect.callback<void>((resume) => {
        server.close(() => resume(Effect.void))
        server.closeAllConnections()
      })
  )

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly path: string
}

const portOf = (address: ReturnType<Server["address"]>): number =>
  typeof address === "object" && address !== null ? address.port : 0

/** A request whose body breaks off is dropped with its connection. */
const respond = Effect.fnUntraced(function* (
  inbox: Inbox,
  handle: (body: string) => Effect.Effect<HttpAnswer>,
  { request, response, path }: Exchange
) {
  if (request.method !== "POST" || request.url !== path) {
    const refused = yield* inbox.refuse("malformed", `heartbeats are sent by POST to ${path}`)
    return send(response, yield* toAnswer(refused))
  }
  const body = yield* Effect.option(readBody(request))
  if (body._tag === "Some") return send(response, yield* handle(body.value))
  const refused = yield* inbox.refuse("too_large", tooLarge)
  response.setHeader("connection", "close")
  return send(response, yield* toAnswer(refused))
})

/** The body; fails as soon as it exceeds the limit, and is interrupted when the connection breaks off. */
const readBody = (request: IncomingMessage) =>
  Effect.callback<string, "too_large">((resume) => {
    const chunks: Array<Buffer> = []
    let bytes = 0
    request.on("data", (chunk: Buffer) => {
      bytes += chunk.length
      chunks.push(chunk)
      if (bytes <= messageBytesMax) return
      request.pause().removeAllListeners("data")
      resume(Effect.fail("too_large"))
    })
    request.once("end", () => resume(Effect.succeed(Buffer.concat(chunks).toString())))
    request.once("error", () => resume(Effect.interrupt))
  })

const send = (response: ServerResponse, { status, body }: HttpAnswer): void => {
  response.writeHead(status, { "content-type": "application/json" }).end(body)
}
