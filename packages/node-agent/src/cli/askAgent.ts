/** How commands ask a running agent, and what they say when that fails. */
import { NodeHttpClient } from "@effect/platform-node"
import { Duration, Effect, Layer } from "effect"
import { HttpClient, HttpClientError, HttpClientRequest } from "effect/http"
import { HttpApiClient } from "effect/http-api"
import { Agent as Dispatcher } from "undici"

import { AgentApi } from "../api/AgentApi.ts"
import { CliFailure, exitCode } from "./exit.ts"
import { Endpoint, Timeout } from "./options.ts"

/** The client of the queries; event streams are silent between decisions, so bodies have no deadline. */
export const httpClient: Layer.Layer<HttpClient.HttpClient> = NodeHttpClient.layerUndiciNoDispatcher.pipe(
  Layer.provide(
    Layer.effect(
      NodeHttpClient.Dispatcher,
      Effect.acquireRelease(
        Effect.sync(() => new Dispatcher({ bodyTimeout: 0 })),
        (dispatcher) => Effect.promise(() => dispatcher.destroy())
      )
    )
  )
)

type Agent = HttpApiClient.ForApi<typeof AgentApi>

/** Asks the agent at the endpoint and words what went wrong. */
export const ask = Effect.fnUntraced(function* <
  A,
  E extends { readonly _tag: string; readonly message: string }
>(question: (agent: Agent) => Effect.Effect<A, E>) {
  const endpoint = yield* Endpoint
  const timeout = yield* Timeout
  const agent = yield* HttpApiClient.make(AgentApi, {
    transformClient: HttpClient.mapRequest(HttpClientRequest.prependUrl(endpoint))
  })
  return yield* question(agent).pipe(
    Effect.timeoutOrElse({
      duration: timeout,
      orElse: () => Effect.fail(unreachable(`no answer from ${endpoint} within ${Duration.format(timeout)}`))
    }),
    Effect.mapError((error) => (error instanceof CliFailure ? error : explain(error, endpoint)))
  )
})

const unreachable = (detail: string) => new CliFailure({ code: exitCode.unreachable, detail })

const explain = (
  error: { readonly _tag: string; readonly message: string },
  endpoint: string
): CliFailure => {
  if (error instanceof HttpClientError.HttpClientError && error.reason._tag === "TransportError")
    return unreachable(
      `no agent answers at ${endpoint}; is it running? --endpoint and COTERIE_ENDPOINT name another`
    )
  switch (error._tag) {
    case "HttpClientError":
    case "SchemaError":
      return unreachable(
        `${endpoint} answered something that is not this version's API; is it a Coterie agent?`
      )
    case "EngineUnavailable":
    case "LeaderUnavailable":
    case "TooManyReaders":
      return unreachable(error.message)
    case "AssumptionUnreadable":
      return new CliFailure({ code: exitCode.usage, detail: error.message })
    case "MutationRefused":
    case "TransferConflict":
    case "TargetUnfit":
    case "KeyChangeRefused":
    case "MemberNotDead":
      return new CliFailure({ code: exitCode.refused, detail: error.message })
    default:
      return new CliFailure({ code: exitCode.internal, detail: error.message })
  }
}
