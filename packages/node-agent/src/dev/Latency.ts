/**
 * Delays everything that one node says to another, as a long line would: half the round trip before a request leaves, half before its
 * answer is delivered.
 *
 * Heartbeats, group messages, probes and forwarded writes all go through it, because all of them go through `HeartbeatTransport`.
 */
import { HeartbeatTransport } from "@coterie/membership"
import { Duration, Effect, Layer, Runtime, Schema } from "effect"

import { exitCode } from "../cli/exit.ts"
import { defaultLatencies, type Latencies, parseLink, withLink } from "./core/latencies.ts"

/** A `--latency` that cannot be read; exit code 2. */
export class LatencyInvalid extends Schema.TaggedError<LatencyInvalid>()("LatencyInvalid", {
  text: Schema.String,
  detail: Schema.String
}) {
  override readonly [Runtime.errorExitCode] = exitCode.usage

  override get message(): string {
    return `--latency ${this.text}: ${this.detail}`
  }
}

/** The default round trips with the links of `--latency` changed, the last mention of a link winning. */
export const readLatencies = (
  nodes: ReadonlyArray<string>,
  texts: ReadonlyArray<string>
): Effect.Effect<Latencies, LatencyInvalid> =>
  Effect.reduce(
    texts,
    () => defaultLatencies(nodes),
    (latencies, text) => {
      const link = parseLink(text, nodes)
      return typeof link === "string"
        ? Effect.fail(new LatencyInvalid({ text, detail: link }))
        : Effect.succeed(withLink(latencies, link))
    }
  )

/** The transport below, delayed; `rttMillis` gives the round trip to an address, 0 for none. */
export const layerDelayed = (
  rttMillis: (address: string) => number
): Layer.Layer<HeartbeatTransport, never, HeartbeatTransport> =>
  Layer.effect(
    HeartbeatTransport,
    Effect.map(HeartbeatTransport, (transport) =>
      HeartbeatTransport.of({
        serve: (handler) => transport.serve(handler),
        send: Effect.fnUntraced(function* (address, request, options) {
          const oneWay = Effect.sleep(Duration.millis(rttMillis(address) / 2))
          yield* oneWay
          const answer = yield* Effect.exit(transport.send(address, request, options))
          yield* oneWay
          return yield* answer
        })
      })
    )
  )
