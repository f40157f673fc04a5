/** The JSON gateway of etcd members, able to ask for the routes of its type only, with a token where there is a user. */
import { Data, type Duration, Effect, Redacted, Semaphore } from "effect"

import { type EtcdFailure, etcdFailure } from "../../core/etcdAnswers.ts"
import { type EngineHttp, type HttpAnswer, type HttpQuestion, type Silence, within } from "../EngineHttp.ts"
import type { EngineTls } from "../optionFields.ts"
import type { EtcdAuth } from "./EtcdOptions.ts"
import { decodeToken } from "./replies.ts"

/** Everything that the driver of groups ever asks of etcd, always with POST; a call that changes a cluster's members cannot be written. */
export type EtcdRoute =
  | "/v3/auth/authenticate"
  | "/v3/cluster/member/list"
  | "/v3/maintenance/status"
  | "/v3/maintenance/transfer-leadership"

/** What to ask. */
export interface EtcdRequest<Route extends string = EtcdRoute> {
  readonly path: Route
  readonly body: Readonly<Record<string, unknown>>
  /** Deadline of the call, a new token included. */
  readonly timeout: Duration.Duration
  /** A member that knows no leader says so at once, instead of waiting for one. Default false. */
  readonly needsLeader?: boolean
}

/** The local member of a cluster, and who asks it. */
export interface EtcdEndpoint {
  readonly origin: string
  readonly auth: EtcdAuth | undefined
  readonly tls: EngineTls | undefined
}

/** etcd answered, and it was no success. */
export class EtcdRefused extends Data.TaggedError("EtcdRefused")<{ readonly failure: EtcdFailure }> {}

/** The members of one cluster, as one user asks them; a success is the body of the answer. */
export interface EtcdClient<Route extends string = EtcdRoute> {
  /** Asks the member at this origin. */
  readonly ask: (origin: string, request: EtcdRequest<Route>) => Effect.Effect<string, EtcdRefused | Silence>
  /** The same over a connection that is already open, and how long that took. */
  readonly time: (
    origin: string,
    request: EtcdRequest<Route>
  ) => Effect.Effect<readonly [Duration.Duration, string], EtcdRefused | Silence>
}

/** Makes the client of the cluster that the local member belongs to. */
export const makeEtcdClient = <Route extends string = EtcdRoute>(
  http: EngineHttp,
  { auth, origin: local, tls }: EtcdEndpoint
): EtcdClient<Route> => {
  const authenticate = (user: EtcdAuth, timeout: Duration.Duration) => {
    const path = "/v3/auth/authenticate"
    const body = { name: user.username, password: Redacted.value(user.password) }
    return http
      .ask({ origin: local, tls }, question({ path, body, timeout }, ""))
      .pipe(Effect.flatMap(bodyOf(path)), Effect.flatMap(decodeToken))
  }
  const withToken = auth === undefined ? withoutToken : makeSession((timeout) => authenticate(auth, timeout))
  return {
    ask: (origin, request) =>
      withToken(request.timeout, (token) =>
        http.ask({ origin, tls }, question(request, token)).pipe(Effect.flatMap(bodyOf(request.path)))
      ),
    time: (origin, request) =>
      withToken(request.timeout, (token) =>
        http
          .time({ origin, tls }, question(request, token))
          .pipe(
            Effect.flatMap(([took, answer]) =>
              Effect.map(bodyOf(request.path)(answer), (body) => [took, body] as const)
            )
          )
      )
  }
}

/** Runs a call with a token; an empty one is none. */
type WithToken = <A>(
  timeout: Duration.Duration,
  call: (token: string) => Effect.Effect<A, EtcdRefused | Silence>
) => Effect.Effect<A, EtcdRefused | Silence>

const withoutToken: WithToken = (_, call) => call("")

/**
 * Keeps the token of one user. etcd forgets tokens that nobody used for five minutes and all of them when users change, so a refused one is
 * renewed once and the call, which then did nothing, is made again.
 */
const makeSession = (
  authenticate: (timeout: Duration.Duration) => Effect.Effect<string, EtcdRefused | Silence>
): WithToken => {
  const turn = Semaphore.makeUnsafe(1)
  let current: string | undefined
  const renew = (refused: string | undefined, timeout: Duration.Duration) =>
    Effect.suspend(() =>
      // Whoever waited for another call's renewal takes its token.
      current !== undefined && current !== refused
        ? Effect.succeed(current)
        : authenticate(timeout).pipe(
            Effect.catchTag("EtcdRefused", (error) =>
              error.failure._tag === "AuthDisabled" ? Effect.succeed("") : Effect.fail(error)
            ),
            Effect.tap((token) => Effect.sync(() => (current = token)))
          )
    ).pipe(turn.withPermits(1))
  return (timeout, call) =>
    Effect.gen(function* () {
      const token = current ?? (yield* renew(undefined, timeout))
      return yield* call(token).pipe(
        Effect.catchTag("EtcdRefused", (error) =>
          error.failure._tag === "TokenRefused"
            ? Effect.flatMap(renew(token, timeout), call)
            : Effect.fail(error)
        )
      )
    }).pipe(within(timeout))
}

const question = (
  { body, needsLeader, path, timeout }: EtcdRequest<string>,
  token: string
): HttpQuestion => ({
  method: "POST",
  path,
  headers: {
    "content-type": "application/json",
    ...(token === "" ? {} : { authorization: token }),
    ...(needsLeader === true ? { "grpc-metadata-hasleader": "true" } : {})
  },
  body: JSON.stringify(body),
  timeout
})

const bodyOf =
  (path: string) =>
  (answer: HttpAnswer): Effect.Effect<string, EtcdRefused> => {
    const failure = etcdFailure(path, answer)
    return failure === undefined ? Effect.succeed(answer.body) : Effect.fail(new EtcdRefused({ failure }))
  }
