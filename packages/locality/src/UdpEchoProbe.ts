/**
 * `RttProbe` by an echo over UDP between agents: one packet each way, answered by the agent's process.
 *
 * The layer answers the others' echoes too, so every agent that is measured runs it. Packets are sealed with a key that the cluster shares:
 * HMAC-SHA256 cut to 16 bytes, a nonce, and a time of day that both ends must agree on within 5 s. Whatever is not right is dropped without an
 * answer, and counted; an answer is never longer than what it answers.
 */
import { createHmac, hkdfSync, randomBytes, timingSafeEqual } from "node:crypto"
import { lookup, V4MAPPED } from "node:dns"
import { isIP } from "node:net"

import { Clock, Deferred, Duration, Effect, Layer, Redacted, Result, Schedule } from "effect"
import { NetAddress } from "effect/net"
import { DatagramSocket } from "effect/socket"

import { decodeEcho, type EchoPacket, encodeEcho, isRecent, echoBytes, sealBytes } from "./core/echoPacket.ts"
import { parseHostPort } from "./core/hostPort.ts"
import { type SourceRates, takeToken } from "./core/sourceRates.ts"
import { countEchoDropped, type EchoDrop } from "./localityMetrics.ts"
import { withLateness } from "./loopLateness.ts"
import { monotonicMillis } from "./monotonicMillis.ts"
import { ProbeFailed, type ProbeTarget, RttProbe } from "./RttProbe.ts"

/** Options of `UdpEchoProbe`. */
export interface UdpEchoProbeOptions {
  /** The secret that all agents of the cluster share, of 16 characters or more; another one is a defect. */
  readonly key: Redacted.Redacted
  /** The address of the agent beside a replica, host:port; undefined where none is known. */
  readonly addressOf: (target: ProbeTarget) => Effect.Effect<string | undefined>
  /** How long one echo may take. Default 3 s. */
  readonly timeout?: Duration.Input
  /** A sample during which this process's event loop was later than this is not used. Default 5 ms. */
  readonly latenessMax?: Duration.Input
}

/** Round trips by UDP echo. */
export const UdpEchoProbe = {
  /** Measures and answers until its scope closes. Fails when the socket cannot be opened; one that breaks later is opened anew every second. */
  layer: (
    options: UdpEchoProbeOptions
  ): Layer.Layer<RttProbe, DatagramSocket.DatagramSocketError, DatagramSocket.DatagramSocket> =>
    Layer.effect(
      RttProbe,
      Effect.suspend(() => make(options))
    )
}

const keyLengthMin = 16

/** An echo that is under way. */
type Pending = Deferred.Deferred<bigint>

const make = Effect.fnUntraced(function* (options: UdpEchoProbeOptions) {
  const secret = Redacted.value(options.key)
  if (secret.length < keyLengthMin) {
    return yield* Effect.die(new Error(`the key of UdpEchoProbe needs ${keyLengthMin} characters or more`))
  }
  const seal = sealer(secret)
  const socket = yield* DatagramSocket.DatagramSocket
  const writer = yield* socket.writer
  const pending = new Map<string, Pending>()
  const rates: SourceRates = new Map()
  const receive = Effect.fnUntraced(function* (datagram: DatagramSocket.Datagram) {
    const packet = openPacket(seal, datagram.payload)
    if (typeof packet === "string") return yield* countEchoDropped(packet)
    if (!isRecent(packet, yield* Clock.currentTimeMillis)) return yield* countEchoDropped("stale")
    if (packet.kind === "reply") {
      const waiting = pending.get(nameOf(packet.nonce))
      return waiting === undefined
        ? yield* countEchoDropped("unexpected")
        : yield* Deferred.succeed(waiting, yield* Clock.monotonicTimeNanos)
    }
    const source = NetAddress.formatIp(datagram.address.address)
    if (!takeToken(rates, source, yield* monotonicMillis)) return yield* countEchoDropped("rate")
    const atMillis = yield* Clock.currentTimeMillis
    yield* writer
      .write({ payload: seal({ ...packet, kind: "reply", atMillis }), address: datagram })
      .pipe(Effect.catch(() => countEchoDropped("unsent")))
  })
  const opened = yield* Deferred.make<NetAddress.InetAddress, DatagramSocket.DatagramSocketError>()
  yield* socket.reader.pipe(
    Effect.tap(({ address }) => Deferred.succeed(opened, address)),
    Effect.flatMap((reader) =>
      Effect.forever(
        Effect.flatMap(reader.pull, (datagrams) => Effect.forEach(datagrams, receive, { discard: true }))
      )
    ),
    Effect.scoped,
    Effect.tapError((error) =>
      Effect.andThen(
        Deferred.fail(opened, error),
        Effect.logWarning("the socket of echoes broke", { message: error.message })
      )
    ),
    Effect.retry(Schedule.spaced("1 second")),
    Effect.forkScoped
  )
  const family = (yield* Deferred.await(opened))._tag === "InetAddressV6" ? 6 : 4
  return { measure: makeMeasure(options, { seal, pending, family, write: writer.write }) }
})

interface Line {
  readonly seal: Seal
  readonly pending: Map<string, Pending>
  /** Which addresses the socket can send to. */
  readonly family: 4 | 6
  readonly write: DatagramSocket.Writer["write"]
}

const makeMeasure = (
  { addressOf, latenessMax = "5 millis", timeout = "3 seconds" }: UdpEchoProbeOptions,
  { family, pending, seal, write }: Line
) =>
  Effect.fn("UdpEchoProbe.measure")(function* (target: ProbeTarget) {
    const text = yield* addressOf(target)
    const refuse = (kind: ProbeFailed["kind"], detail: string) =>
      new ProbeFailed({ id: target.id, address: text ?? "", kind, detail })
    if (text === undefined) return yield* refuse("unreachable", "no agent is known beside it")
    const endpoint = parseHostPort(text)
    if (endpoint === undefined) {
      return yield* refuse("invalidAddress", "not an address; expected host:port, such as 10.0.0.1:7481")
    }
    const ip = yield* Effect.timeoutOrElse(lookupIp(endpoint.host, family), {
      duration: timeout,
      orElse: () => Effect.succeed(undefined)
    })
    const address = NetAddress.inetAddressFromIpString(ip ?? "", endpoint.port)
    if (Result.isFailure(address)) {
      return yield* refuse("unreachable", `no IPv${family} address is known for ${endpoint.host}`)
    }
    const nonce = randomBytes(16)
    const echo = Effect.gen(function* () {
      const answered = yield* Deferred.make<bigint>()
      const atMillis = yield* Clock.currentTimeMillis
      pending.set(nameOf(nonce), answered)
      const startedNanos = yield* Clock.monotonicTimeNanos
      yield* write({ payload: seal({ kind: "request", atMillis, nonce }), address: address.success }).pipe(
        Effect.mapError(({ message }) => refuse("unreachable", message))
      )
      return Duration.nanos((yield* Deferred.await(answered)) - startedNanos)
    }).pipe(
      Effect.timeoutOrElse({
        duration: timeout,
        orElse: () => Effect.fail(refuse("timeout", "no echo before the deadline"))
      }),
      Effect.ensuring(Effect.sync(() => pending.delete(nameOf(nonce))))
    )
    const [roundTrip, lateMillis] = yield* withLateness(echo)
    if (lateMillis <= Duration.toMillis(latenessMax)) return roundTrip
    yield* countEchoDropped("late")
    return yield* refuse("busy", `this process was busy for ${Math.round(lateMillis)} ms meanwhile`)
  })

/** The IP address of a host that a socket of the family can send to; undefined when there is none. */
const lookupIp = (host: string, family: 4 | 6): Effect.Effect<string | undefined> => {
  if (isIP(host) === family) return Effect.succeed(host)
  if (isIP(host) === 4) return Effect.succeed(`::ffff:${host}`)
  return Effect.callback((resume) =>
    lookup(host, { family, hints: family === 6 ? V4MAPPED : 0 }, (error, ip) =>
      resume(Effect.succeed(error === null ? ip : undefined))
    )
  )
}

type Seal = (packet: EchoPacket) => Uint8Array

const sealer = (secret: string): Seal => {
  // A key of its own, so that nothing sealed elsewhere with the same secret passes here.
  const key = new Uint8Array(hkdfSync("sha256", secret, "", "coterie udp echo 1", 32))
  return (packet) => {
    const body = encodeEcho(packet)
    return Buffer.concat([body, createHmac("sha256", key).update(body).digest().subarray(0, sealBytes)])
  }
}

/** The packet, or why it is dropped. Sealing what it says again must give the same bytes. */
const openPacket = (seal: Seal, payload: Uint8Array): EchoPacket | EchoDrop => {
  if (payload.length !== echoBytes + sealBytes) return "malformed"
  const packet = decodeEcho(payload.subarray(0, echoBytes))
  if (packet === undefined) return "malformed"
  return timingSafeEqual(seal(packet), payload) ? packet : "forged"
}

const nameOf = (nonce: Uint8Array): string => Buffer.from(nonce).toString("base64")
