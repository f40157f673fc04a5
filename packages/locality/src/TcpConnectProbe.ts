/**
 * `RttProbe` by opening a TCP connection: needs nothing at the other end but an open port.
 *
 * It times the connect alone, neither the lookup of a name before it nor the close after it. It sees the peer's kernel, not its process: a
 * hung process still answers. Some engines log a line for each connection that says nothing (rqlite does, on its Raft port).
 */
import { connect } from "node:net"

import { Clock, Duration, Effect, Layer } from "effect"

import { parseHostPort } from "./core/hostPort.ts"
import { ProbeFailed, type ProbeTarget, RttProbe } from "./RttProbe.ts"

/** Options of `TcpConnectProbe`. */
export interface TcpConnectProbeOptions {
  /** How long one connect may take, its name lookup included. Default 3 s. */
  readonly timeout?: Duration.Input
  /** The address to connect to, host:port; default the replica's own. Another port of the same machine will do, such as the HTTP port. */
  readonly addressOf?: (target: ProbeTarget) => string
}

/** Round trips by TCP connect. */
export const TcpConnectProbe = {
  /** Opens and at once closes one connection per sample. */
  layer: (options: TcpConnectProbeOptions = {}): Layer.Layer<RttProbe> =>
    Layer.succeed(RttProbe, { measure: makeMeasure(options) })
}

const defaultAddress = ({ address, id }: ProbeTarget): string => (address === "" ? id : address)

const makeMeasure = ({ timeout = "3 seconds", addressOf = defaultAddress }: TcpConnectProbeOptions) =>
  Effect.fn("TcpConnectProbe.measure")(function* (target: ProbeTarget) {
    const address = addressOf(target)
    const refuse = (failure: Failure) => new ProbeFailed({ id: target.id, address, ...failure })
    const endpoint = parseHostPort(address)
    if (endpoint === undefined) {
      const detail = "not an address; expected host:port, such as 10.0.0.1:4001"
      return yield* refuse({ kind: "invalidAddress", detail })
    }
    return yield* timeConnect(endpoint.host, endpoint.port).pipe(
      Effect.timeoutOrElse({
        duration: timeout,
        orElse: () => Effect.fail({ kind: "timeout" as const, detail: "no answer before the deadline" })
      }),
      Effect.mapError(refuse)
    )
  })

type Failure = Pick<ProbeFailed, "kind" | "detail">

const timeConnect = (host: string, port: number): Effect.Effect<Duration.Duration, Failure> =>
  Clock.clockWith((clock) =>
    Effect.callback((resume) => {
      // Address racing would give up on a far first address after 250 ms, and far addresses are what this is about.
      const socket = connect({ host, port, autoSelectFamily: false })
      let startedNanos = clock.monotonicTimeNanosUnsafe()
      socket.once("connectionAttempt", () => {
        startedNanos = clock.monotonicTimeNanosUnsafe()
      })
      socket.once("connect", () => {
        const elapsed = clock.monotonicTimeNanosUnsafe() - startedNanos
        socket.destroy()
        resume(Effect.succeed(Duration.nanos(elapsed)))
      })
      socket.once("error", (error: NodeJS.ErrnoException) => resume(Effect.fail(failureOf(error))))
      return Effect.sync(() => socket.destroy())
    })
  )

const failureOf = ({ code, message }: NodeJS.ErrnoException): Failure => {
  if (code === "ECONNREFUSED") return { kind: "refused", detail: "connection refused" }
  if (code === "ETIMEDOUT") return { kind: "timeout", detail: "the system gave up connecting" }
  return { kind: "unreachable", detail: message }
}
