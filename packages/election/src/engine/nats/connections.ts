/** Connections to NATS servers by address and account: opened when first used, replaced when they broke or fell silent. */
import {
  connect,
  credsAuthenticator,
  errors,
  type NatsConnection,
  type NodeConnectionOptions
} from "@nats-io/transport-node"
import { Data, Deferred, Duration, Effect, RcMap, Redacted, type Scope, Semaphore } from "effect"

import { ProtocolViolation, Unauthorized, Unavailable } from "../../ConsensusGroups.ts"
import { type Silence, within } from "../EngineHttp.ts"
import type { EngineTls } from "../optionFields.ts"
import { decodeServerInfo, greet, hostAndPort, type ServerInfo } from "./greeting.ts"
import type { NatsAuth, NatsOptions } from "./NatsOptions.ts"

/** Nobody serves the subject. */
export class NoResponders extends Data.TaggedError("NoResponders")<{ readonly subject: string }> {}

/** Why a request has no answer. */
export type NatsSilence = Silence | Unauthorized | NoResponders

/** Which connection: to which server, and with whose credentials. */
export interface LineKey {
  readonly address: string
  readonly account: "own" | "system"
}

/** What to do with a connection; `account` is the name that the server gave the account it belongs to. */
export type Call<A> = (connection: NatsConnection, account: string | undefined) => Promise<A>

/** Connections by address and account. */
export interface Connections {
  /** Uses a connection to the server at this address, for as long as the deadline, connecting included, allows. */
  readonly use: <A>(key: LineKey, timeout: Duration.Duration, call: Call<A>) => Effect.Effect<A, NatsSilence>
}

/** Servers connected to at a time; idle connections close after minutes, so only a flood of addresses reaches it. */
const linesMax = 4096

/** Makes the pool; its connections close with the scope. */
export const makeConnections = (options: NatsOptions): Effect.Effect<Connections, never, Scope.Scope> =>
  Effect.gen(function* () {
    const lines = yield* RcMap.make({
      lookup: openLine,
      idleTimeToLive: "5 minutes",
      capacity: linesMax
    })
    return {
      use: (key, timeout, call) =>
        RcMap.get(lines, key).pipe(
          Effect.mapError(() => new Unavailable({ detail: `already connected to ${linesMax} NATS servers` })),
          Effect.flatMap((line) =>
            lineConnection(line, options).pipe(
              Effect.flatMap((open) => borrow(line, open, call)),
              within(timeout),
              // It may be half open: a server that restarted behind a cut link never tells.
              Effect.tapErrorTag("TimedOut", () => Effect.sync(() => retire(line)))
            )
          ),
          Effect.scoped
        )
    }
  })

interface Open {
  readonly connection: NatsConnection
  /** Kept from the welcome: what the server says later, about servers that come and go, leaves it out. */
  readonly account: string | undefined
  /** Done when the connection ended. */
  readonly ended: Deferred.Deferred<void>
  /** Calls under way. */
  users: number
}

/** The place of one connection. */
interface Line extends LineKey {
  readonly turn: Semaphore.Semaphore
  open: Open | undefined
}

const openLine = (key: LineKey) =>
  Effect.acquireRelease(
    Effect.sync((): Line => ({ ...key, turn: Semaphore.makeUnsafe(1), open: undefined })),
    (line) => Effect.sync(() => line.open !== undefined && close(line.open.connection))
  )

/** Keeps further calls off the connection, and closes it when nobody uses it any more: one silent group is no news of the others. */
const retire = (line: Line): void => {
  const { open } = line
  line.open = undefined
  if (open?.users === 0) close(open.connection)
}

const borrow = <A>(line: Line, open: Open, call: Call<A>) =>
  Effect.acquireUseRelease(
    Effect.sync(() => (open.users += 1)),
    () => callOver(open, call),
    () =>
      Effect.sync(() => {
        open.users -= 1
        if (open.users === 0 && line.open !== open) close(open.connection)
      })
  )

/** Closes in the background: there is nothing to wait for that the other side could not withhold. */
const close = (connection: NatsConnection): void => {
  connection.close().catch(() => undefined)
}

const lineConnection = (line: Line, options: NatsOptions): Effect.Effect<Open, NatsSilence> =>
  Effect.suspend(() => {
    if (line.open !== undefined && !line.open.connection.isClosed()) return Effect.succeed(line.open)
    retire(line)
    return greet(line.address).pipe(
      Effect.flatMap((greeting) => dial(line, options, greeting)),
      Effect.flatMap((connection) =>
        decodeServerInfo(connection.info).pipe(
          Effect.tapError(() => Effect.sync(() => close(connection))),
          Effect.map(({ remote_account: account }) => {
            const open: Open = { connection, account, ended: Deferred.makeUnsafe(), users: 0 }
            const end = () => void Deferred.doneUnsafe(open.ended, Effect.void)
            connection.closed().then(end, end)
            return (line.open = open)
          })
        )
      )
    )
  }).pipe(line.turn.withPermits(1))

const dial = (key: LineKey, options: NatsOptions, greeting: ServerInfo) =>
  Effect.tryPromise({
    try: async (signal) => {
      const connection = await connect({
        ...connectOptions(key, options),
        ...(wantsTls(options, greeting) ? { tls: tlsOptions(options.tls, key.address) } : {})
      })
      // Whoever asked has gone.
      if (signal.aborted) close(connection)
      return connection
    },
    catch: (cause) => silenceOf(cause, key.address)
  })

const connectOptions = ({ account, address }: LineKey, options: NatsOptions): NodeConnectionOptions => ({
  servers: address,
  name: "coterie",
  // This address or none: another server would answer for itself.
  reconnect: false,
  ignoreClusterUpdates: true,
  noAsyncTraces: true,
  timeout: Math.ceil(Duration.toMillis(options.statusTimeout)),
  ...authOptions(account === "own" ? options.auth : options.system)
})

/** With TLS options the client refuses a server without TLS, so that nothing is sent in the clear. */
const wantsTls = ({ tls, url }: NatsOptions, { tls_available, tls_required }: ServerInfo): boolean =>
  tls !== undefined || url.startsWith("tls:") || tls_required === true || tls_available === true

const authOptions = (auth: NatsAuth | undefined): NodeConnectionOptions => {
  if (auth === undefined) return {}
  if ("token" in auth) return { token: Redacted.value(auth.token) }
  return "credentials" in auth
    ? { authenticator: credsAuthenticator(new TextEncoder().encode(Redacted.value(auth.credentials))) }
    : { user: auth.username, pass: Redacted.value(auth.password) }
}

const tlsOptions = (tls: EngineTls | undefined, address: string) => ({
  // The client passes no name for an IP address, and Node would then expect `localhost`.
  host: hostAndPort(address).host,
  ...(tls?.ca === undefined ? {} : { ca: tls.ca }),
  ...(tls?.cert === undefined ? {} : { cert: tls.cert }),
  ...(tls?.key === undefined ? {} : { key: Redacted.value(tls.key) }),
  ...(tls?.servername === undefined ? {} : { servername: tls.servername }),
  rejectUnauthorized: tls?.rejectUnauthorized ?? true
})

const callOver = <A>({ account, connection, ended }: Open, call: Call<A>) => {
  const address = connection.getServer()
  return Effect.raceFirst(
    Effect.tryPromise({ try: () => call(connection, account), catch: (cause) => silenceOf(cause, address) }),
    Effect.flatMap(Deferred.await(ended), () =>
      Effect.fail(new Unavailable({ detail: `${address}: the connection ended` }))
    )
  )
}

const silenceOf = (cause: unknown, address: string): NatsSilence => {
  const error = cause instanceof errors.RequestError && cause.cause !== undefined ? cause.cause : cause
  const detail = `${address}: ${error instanceof Error ? error.message : String(error)}`
  if (error instanceof errors.NoRespondersError) return new NoResponders({ subject: error.subject })
  if (unauthorized.some((kind) => error instanceof kind)) return new Unauthorized({ detail })
  return error instanceof errors.ProtocolError
    ? new ProtocolViolation({ detail })
    : new Unavailable({ detail })
}

const unauthorized = [
  errors.AuthorizationError,
  errors.UserAuthenticationExpiredError,
  errors.PermissionViolationError
]
