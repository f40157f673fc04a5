/** The listener for operators: probes, state, metrics. */
import { createServer, type Server } from "node:http"

import { NodeHttpServer } from "@effect/platform-node"
import { ByteSize, Context, Duration, Effect, Layer, Metric } from "effect"
import {
  HttpIncomingMessage,
  HttpRouter,
  HttpServer,
  type HttpServerError,
  ProblemDetails
} from "effect/http"
import { HttpApiBuilder, HttpApiMiddleware } from "effect/http-api"
import { PrometheusMetrics } from "effect/observability"

import type { AgentBlocks } from "../AgentBlocks.ts"
import type { AgentConfig } from "../AgentConfig.ts"
import { AgentFailed } from "../AgentFailed.ts"
import { formatHostPort, type HostPort } from "../config/configValues.ts"
import { Health } from "../Health.ts"
import { AgentApi } from "./AgentApi.ts"
import { eventHandlers } from "./eventHandlers.ts"
import { healthHandlers, probeAliases } from "./healthHandlers.ts"
import { keyringHandlers } from "./keyringHandlers.ts"
import { leadershipHandlers } from "./leadershipHandlers.ts"
import { localityHandlers } from "./localityHandlers.ts"
import { memberHandlers } from "./memberHandlers.ts"
import { leaderAliases, stateHandlers } from "./stateHandlers.ts"

/** Most connections at once; further ones are closed at once. */
const connectionsMax = 512

/** The largest body of a request; those of this API hold a name. */
const bodyMax = ByteSize.kibibytes(64)

/** How long requests under way may take to end when the agent stops. */
const gracefulShutdownTimeout = Duration.seconds(2)

/** Slow or huge requests are cut by the server itself, before anything of ours runs. */
const limits = {
  connectionsCheckingInterval: 1_000,
  headersTimeout: 5_000,
  requestTimeout: 10_000,
  keepAliveTimeout: 65_000,
  keepAlive: true,
  maxHeaderSize: 16_384
}

/** The operators' listener that is open. */
export class ApiServer extends Context.Service<
  ApiServer,
  {
    /** Its URL with the port that was really bound, such as `http://127.0.0.1:7480`. */
    readonly url: string
  }
>()("@coterie/node-agent/api/ApiServer") {
  /** Serves the API on `api.ops` until the scope closes. Fails with `AgentFailed` when the port cannot be opened. */
  static readonly layer = ({ api }: AgentConfig): Layer.Layer<ApiServer, AgentFailed, AgentBlocks | Health> =>
    Layer.effect(ApiServer, announce).pipe(
      Layer.provide(HttpRouter.serve(routes, { disableListenLog: true, disableLogger: true })),
      Layer.provide(listener(api.ops)),
      Layer.provide(Layer.succeed(HttpIncomingMessage.MaxBodySize, bodyMax)),
      Layer.provide(NodeHttpServer.layerHttpServices)
    )
}

const announce = Effect.gen(function* () {
  const health = yield* Health
  const { address } = yield* HttpServer.HttpServer
  yield* health.completePhase("bind")
  return { url: HttpServer.formatAddress(address) }
})

const listener = (ops: HostPort) => {
  const server: Server = createServer(limits)
  server.maxConnections = connectionsMax
  server.on("drop", () => Effect.runSync(Metric.update(droppedConnections, 1)))
  // Released between the graceful end of requests and the wait for the last connection, so that no idle client holds the stop up.
  const closeConnections = Layer.effectDiscard(
    Effect.addFinalizer(() => Effect.sync(() => server.closeAllConnections()))
  )
  return closeConnections.pipe(
    Layer.provideMerge(
      NodeHttpServer.layerServer(() => server, { host: ops.host, port: ops.port, gracefulShutdownTimeout })
    ),
    Layer.catch((error) => Layer.effect(HttpServer.HttpServer, Effect.fail(listenFailed(ops, error))))
  )
}

const droppedConnections = Metric.counter("http_dropped_connections_total", {
  description: "Connections to the operators' API that were closed because there were too many",
  incremental: true
})

const listenFailed = (ops: HostPort, { cause }: HttpServerError.ServeError): AgentFailed => {
  const where = formatHostPort(ops)
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause)
  const key = "api.ops"
  switch (code) {
    case "EADDRINUSE":
      return new AgentFailed({
        key,
        detail: `${where} is in use; stop the process that holds it or choose another port`
      })
    case "EACCES":
      return new AgentFailed({ key, detail: `${where} needs more rights; choose a port of 1024 or higher` })
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return new AgentFailed({ key, detail: `${ops.host} is no address of this machine; choose one that is` })
    default:
      return new AgentFailed({ key, detail: `listening on ${where} failed with ${code}` })
  }
}

const notFound = ProblemDetails.toResponse({
  type: "about:blank",
  status: 404,
  title: "Not Found",
  detail: "no such path or method; /openapi.json lists them"
})

/** A path that nobody answers gets a problem like every other error. HEAD is left out: it falls back to GET. */
const unknownPaths = HttpRouter.addAll(
  (["GET", "POST", "PUT", "PATCH", "DELETE"] as const).map((method) =>
    HttpRouter.route(method, "*", Effect.succeed(notFound))
  )
)

const routes = Layer.mergeAll(
  HttpApiBuilder.layer(AgentApi, { openapiPath: "/openapi.json" }).pipe(
    Layer.provide([
      healthHandlers,
      stateHandlers,
      leadershipHandlers,
      localityHandlers,
      eventHandlers,
      keyringHandlers,
      memberHandlers
    ]),
    Layer.provide(HttpApiMiddleware.layerProblemDetails({ includeDetails: true }))
  ),
  probeAliases,
  leaderAliases,
  PrometheusMetrics.layerHttp({ prefix: "coterie" }),
  unknownPaths
)
