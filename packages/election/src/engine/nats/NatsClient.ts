/** What the driver asks NATS servers, counted and bounded: requests about groups to the local server, and pings to any. */
import type { NatsConnection } from "@nats-io/transport-node"
import { Duration, Effect, Metric, type Scope } from "effect"

import { ProtocolViolation } from "../../ConsensusGroups.ts"
import { encodeRequest, type NatsRequest } from "../../core/natsGroups.ts"
import { timed } from "../EngineHttp.ts"
import { makeConnections, type NatsSilence } from "./connections.ts"
import { decodeServerInfo, type ServerInfo } from "./greeting.ts"
import type { NatsOptions } from "./NatsOptions.ts"

/** Observers of the driver. */
export interface NatsHooks {
  /** Called before each request is sent, with its subject, and before each ping, with `PING`. Must not throw. */
  readonly onRequest?: (subject: string, address: string) => void
}

/** What the driver asks NATS servers. */
export interface NatsClient {
  /** Asks by way of the local server, and answers with the text of the reply. */
  readonly ask: (request: NatsRequest, timeout: Duration.Duration) => Effect.Effect<string, NatsSilence>
  /** What the local server says about itself and the account; from the connection, so it may be a moment old. */
  readonly local: Effect.Effect<ServerInfo, NatsSilence>
  /** Time of a ping to the server at this address, and the server's name. */
  readonly ping: (
    address: string,
    timeout: Duration.Duration
  ) => Effect.Effect<{ readonly roundTrip: Duration.Duration; readonly name: string }, NatsSilence>
}

const requests = Metric.counter("nats_requests_total", {
  description: "Requests sent to NATS servers, by kind",
  incremental: true
})

/** Makes the client; its connections close with the scope, unused ones after a few minutes. */
export const makeNatsClient = (
  options: NatsOptions,
  hooks: NatsHooks
): Effect.Effect<NatsClient, never, Scope.Scope> =>
  Effect.gen(function* () {
    const connections = yield* makeConnections(options)
    const local = options.url
    const ask: NatsClient["ask"] = (request, timeout) => {
      const { account, payload, subject } = encodeRequest(request)
      // The client's own deadline only tidies up after ours.
      const patience = { timeout: Math.ceil(Duration.toMillis(timeout)) + 1000 }
      return note(hooks, request._tag, subject, local).pipe(
        Effect.andThen(
          connections.use({ address: local, account }, timeout, (connection) =>
            connection.request(subject, payload, patience)
          )
        ),
        Effect.flatMap(({ data }) =>
          data.length > options.responseBytesMax
            ? Effect.fail(new ProtocolViolation({ detail: `${subject} answered ${data.length} bytes` }))
            : Effect.succeed(new TextDecoder().decode(data))
        )
      )
    }

    const ping: NatsClient["ping"] = (address, timeout) =>
      Effect.gen(function* () {
        const use = <A>(call: (connection: NatsConnection) => Promise<A>) =>
          connections.use({ address, account: "own" }, timeout, call)
        // Connecting is no part of the round trip.
        const { server_name: name } = yield* Effect.flatMap(
          use(async (connection) => connection.info),
          decodeServerInfo
        )
        yield* note(hooks, "Ping", "PING", address)
        const [roundTrip] = yield* timed(use((connection) => connection.flush()))
        return { roundTrip, name }
      })

    return {
      ask,
      ping,
      local: connections
        .use({ address: local, account: "own" }, options.statusTimeout, async ({ info }, account) => ({
          ...info,
          remote_account: account
        }))
        .pipe(Effect.flatMap(decodeServerInfo))
    }
  })

const note = (
  hooks: NatsHooks,
  kind: NatsRequest["_tag"] | "Ping",
  subject: string,
  address: string
): Effect.Effect<void> =>
  Effect.andThen(
    Metric.update(Metric.withAttributes(requests, { kind }), 1),
    Effect.sync(() => hooks.onRequest?.(subject, address))
  )
