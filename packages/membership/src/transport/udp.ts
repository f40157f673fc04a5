/**
 * The transport of SWIM on a real network: packets over UDP and streams over TCP, on one port.
 *
 * It uses Node's sockets directly: their events hand packets over in the turn of the event loop in which they were read, which Effect's
 * `DatagramSocket`, a queue between fibers, does not promise.
 */
import { createSocket, type Socket as UdpSocket, type SocketOptions } from "node:dgram"
import {
  connect as connectTcp,
  createServer,
  isIP,
  isIPv6,
  type Server,
  type Socket as TcpSocket
} from "node:net"

import { Effect, type Fiber, FiberSet, Layer, Metric, Schema, type Scope } from "effect"

import { type SwimStream, type SwimStreamHandler, SwimTransport } from "../SwimTransport.ts"
import { formatIpAddress, isWildcard, parseIpAddress } from "./ipAddress.ts"
import { resolveSeed } from "./seedNames.ts"
import { makeServing, type Serving } from "./serving.ts"

/** Options of the transport. */
export interface UdpTransportOptions {
  /** IP address to bind. Default `127.0.0.1`; `0.0.0.0` and `::` (IPv6 only) need `advertise`. */
  readonly host?: string | undefined
  /** Port of both UDP and TCP; 0 takes a free one. Default 7946. */
  readonly port?: number | undefined
  /** Where others reach this node, when that is not where it binds: `203.0.113.7:7946`; port 0 stands for the bound one. */
  readonly advertise?: string | undefined
}

/** The port could not be opened. */
export class UdpTransportFailed extends Schema.TaggedError<UdpTransportFailed>()("UdpTransportFailed", {
  host: Schema.String,
  port: Schema.Int,
  detail: Schema.String
}) {
  override get message(): string {
    return `cannot open port ${this.port} on ${this.host} for UDP and TCP: ${this.detail}`
  }
}

const lost = Metric.counter("swim_packets_lost_total", {
  description: "Packets that this node could not send, by what the system said",
  incremental: true
})
const droppedConnections = Metric.counter("swim_connections_dropped_total", {
  description: "TCP connections that were not accepted: too many open, or no descriptor left",
  incremental: true
})

/** Most TCP connections from others at once; more than 128 streams of a node and those that are closing. */
const connectionsMax = 256

/** Turns of the event loop that may hand packets over; each takes up to 32 from the system. */
const drainTurnsMax = 8

/** A connection over which everything was said is given so long to be closed by the other side, in ms. */
const closingMillis = 5000

/** Most connections that wait for the other side to close them; the oldest goes first. */
const closingMax = 64

/** Tries to find a port that is free for both UDP and TCP. */
const freePortTries = 8

const build = Effect.fnUntraced(function* ({
  advertise,
  host = "127.0.0.1",
  port = 7946
}: UdpTransportOptions) {
  const failed = (detail: string) => new UdpTransportFailed({ host, port, detail })
  const context = yield* Effect.context()
  const serving = makeServing()
  const linger = makeLinger(yield* FiberSet.makeRuntime())
  const { connections, server, udp } = yield* bind(host, port).pipe(
    Effect.mapError((code) => failed(explainCode(code))),
    port === 0 ? Effect.retry({ times: freePortTries }) : (self) => self
  )
  const bound = udp.address().port
  const address = (advertise ?? formatIpAddress({ host, port: bound })).replace(/:0$/, `:${bound}`)
  const parsed = parseIpAddress(address)
  if (parsed === undefined) return yield* failed(`${address} is no address; 203.0.113.7:7946 would be one`)
  if (isWildcard(parsed.host)) {
    return yield* failed(`nobody reaches this node at ${address}; set advertise to one of its addresses`)
  }

  let packets = 0
  udp.on("message", (packet, from) => {
    packets += 1
    serving.handler()?.onPacket(packet, formatIpAddress({ host: from.address, port: from.port }))
  })
  // Without listeners an error that no call reports would end the process.
  const noteLost = (code: string) => Metric.withAttributes(lost, { code }).updateUnsafe(1, context)
  udp.on("error", (error) => noteLost(codeOf(error)))
  const noteDropped = () => droppedConnections.updateUnsafe(1, context)
  server.on("error", noteDropped)
  server.on("drop", noteDropped)
  server.on("connection", (socket) => accept(serving, kept(connections, socket), linger))

  return SwimTransport.of({
    address,
    isAddress: (text) => parseIpAddress(text) !== undefined,
    send: (to, packet) => {
      const target = parseIpAddress(to)
      if (target === undefined) return noteLost("EINVAL")
      udp.send(packet, target.port, target.host, (error) => {
        if (error === null) return
        noteLost(codeOf(error))
        if (unreachable.has(codeOf(error))) serving.handler()?.onUnreachable(to)
      })
    },
    connect: (to, handler) => {
      const { host: toHost, port: toPort } = parseIpAddress(to) ?? { host: "", port: 0 }
      const socket = connectTcp({ host: toHost, port: toPort, noDelay: true })
      return streamOf(kept(connections, socket), handler, linger)
    },
    resolve: resolveSeed,
    drain: drainBy(() => packets),
    serve: serving.serve
  })
})

const unreachable: ReadonlySet<string> = new Set(["EHOSTUNREACH", "ENETUNREACH", "ECONNREFUSED"])

/** Addresses are numbers here: Node's own look-up would take each of them through the resolver's machinery. */
const lookup: NonNullable<SocketOptions["lookup"]> = (host, _, callback) => callback(null, host, isIP(host))

/** Both sockets on one port, until the scope closes; fails with what the system said. */
const bind = Effect.fnUntraced(function* (host: string, port: number) {
  const udp = yield* Effect.acquireRelease(
    Effect.callback<UdpSocket, string>((resume) => {
      const socket = createSocket(
        isIPv6(host) ? { type: "udp6", ipv6Only: true, lookup } : { type: "udp4", lookup }
      )
      socket.once("error", (error) => {
        socket.close()
        resume(Effect.fail(codeOf(error)))
      })
      socket.bind({ port, address: host, exclusive: true }, () => {
        socket.removeAllListeners("error")
        resume(Effect.succeed(socket))
      })
    }),
    (socket) => Effect.callback<void>((resume) => void socket.close(() => resume(Effect.void)))
  )
  const connections = new Set<TcpSocket>()
  const server = yield* listen(host, udp.address().port, connections)
  return { udp, server, connections }
})

/** A listener; it closes after all connections of the node. */
const listen = (
  host: string,
  port: number,
  connections: ReadonlySet<TcpSocket>
): Effect.Effect<Server, string, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.callback<Server, string>((resume) => {
      const server = createServer({ noDelay: true })
      server.maxConnections = connectionsMax
      server.once("error", (error) => resume(Effect.fail(codeOf(error))))
      server.listen({ port, host, exclusive: true, ipv6Only: isIPv6(host) }, () => {
        server.removeAllListeners("error")
        resume(Effect.succeed(server))
      })
    }),
    (server) =>
      Effect.callback<void>((resume) => {
        server.close(() => resume(Effect.void))
        for (const socket of connections) socket.destroy()
      })
  )

/** Keeps a connection in the set while it is open. */
const kept = (connections: Set<TcpSocket>, socket: TcpSocket): TcpSocket => {
  connections.add(socket)
  return socket.once("close", () => connections.delete(socket))
}

const accept = (serving: Serving, socket: TcpSocket, linger: Linger): void => {
  const handler = serving.handler()
  if (handler === undefined) {
    socket.on("error", () => undefined).destroy()
    return
  }
  let own: SwimStreamHandler | undefined
  const forOwn: SwimStreamHandler = {
    onBytes: (bytes) => own?.onBytes(bytes),
    onClosed: (detail) => own?.onClosed(detail)
  }
  const stream = streamOf(socket, forOwn, linger)
  own = handler.onStream(stream, peerOf(socket))
}

/** Where a connection comes from; undefined numbers are those of one that is gone already. */
const peerOf = ({ remoteAddress = "unknown", remotePort }: TcpSocket): string =>
  isIPv6(remoteAddress) ? `[${remoteAddress}]:${remotePort}` : `${remoteAddress}:${remotePort}`

/** Waits for the other side to close a connection, so that it can read what was said last, but not for long. */
type Linger = (socket: TcpSocket) => void

const makeLinger = (run: (effect: Effect.Effect<unknown>) => Fiber.Fiber<unknown>): Linger => {
  const closing = new Set<TcpSocket>()
  return (socket) => {
    const limit = run(
      Effect.delay(
        Effect.sync(() => socket.destroy()),
        closingMillis
      )
    )
    closing.add(socket)
    socket.once("close", () => {
      closing.delete(socket)
      limit.interruptUnsafe()
    })
    const [oldest] = closing
    if (closing.size <= closingMax || oldest === undefined) return
    closing.delete(oldest)
    oldest.destroy()
  }
}

/** The stream over a connection; it closes when either side is done. */
const streamOf = (socket: TcpSocket, handler: SwimStreamHandler, linger: Linger): SwimStream => {
  let detail = "the connection was closed"
  const onBytes = (bytes: Uint8Array) => handler.onBytes(bytes)
  socket.on("data", onBytes)
  socket.on("error", (error) => (detail = explainCode(codeOf(error))))
  socket.once("close", () => handler.onClosed(detail))
  return {
    write: (bytes, sent) =>
      void socket.write(bytes, (error) => {
        if (error === undefined || error === null) sent?.()
      }),
    end: () => {
      // Until everything is sent it stays while it sends: what comes in, which is not read, does not keep it.
      socket.pause().setTimeout(closingMillis, () => socket.destroy())
      socket.once("finish", () => {
        socket.off("data", onBytes).resume()
        linger(socket)
      })
      socket.end()
    },
    destroy: () => void socket.destroy()
  }
}

/** Takes turns of the event loop while they bring packets, after one that may have been spent elsewhere. */
const drainBy = (packets: () => number): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    let turns = 0
    const turn = (before: number): void => {
      turns += 1
      const now = packets()
      if (turns >= drainTurnsMax || (turns > 1 && now === before)) return resume(Effect.void)
      setImmediate(turn, now)
    }
    setImmediate(turn, packets())
  })

const codeOf = (error: Error): string =>
  "code" in error && typeof error.code === "string" ? error.code : error.message

const explainCode = (code: string): string => {
  switch (code) {
    case "EADDRINUSE":
      return "it is in use; stop the process that holds it or configure another port"
    case "EACCES":
      return "it needs more rights; configure a port of 1024 or higher"
    case "EADDRNOTAVAIL":
      return "it is no address of this machine; configure one that is"
    case "ECONNREFUSED":
      return "nobody listens there"
    default:
      return `the system says ${code}`
  }
}

/** SWIM's packets over UDP and streams over TCP. */
export const UdpTransport = {
  /** Opens the port. Fails with `UdpTransportFailed` when it cannot be opened, or when others could not reach it. */
  layer: (options: UdpTransportOptions = {}): Layer.Layer<SwimTransport, UdpTransportFailed> =>
    Layer.effect(SwimTransport, build(options))
} as const
