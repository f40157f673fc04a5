import { Decision } from "@coterie/locality"
/** Commands that ask a running agent. */
import { NodeHttpClient } from "@effect/platform-node"
import { Console, Duration, Effect, Layer, Option, Schema, Stream } from "effect"
import { HttpClient, HttpClientError, HttpClientRequest } from "effect/http"
import { HttpApiClient } from "effect/http-api"
import { Agent as Dispatcher } from "undici"

import { AgentApi } from "../api/AgentApi.ts"
import { DecisionsReport, GroupsReport, LeaderReport, MembersReport, StatusReport } from "../api/responses.ts"
import {
  describeDecision,
  describeDecisions,
  describeGroups,
  describeLeader,
  describeMembers,
  describeStatus
} from "./describe.ts"
import { CliFailure, exitCode } from "./exit.ts"
import { Endpoint, Json, Timeout } from "./options.ts"
import { note, printReport } from "./output.ts"

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

/** `coterie status`: fails with exit code 4 when `failOn` is given and the agent is not well. */
export const showStatus = Effect.fnUntraced(function* (failOn: Option.Option<"degraded">) {
  const status = yield* ask((agent) => agent.state.status())
  yield* printReport(StatusReport, status, (paint) => describeStatus(status, paint))
  if (Option.isSome(failOn) && status.status !== "ok")
    return yield* new CliFailure({ code: exitCode.degraded, detail: `the agent is ${status.status}` })
})

/** `coterie members`. */
export const showMembers = Effect.gen(function* () {
  const members = yield* ask((agent) => agent.state.members())
  yield* printReport(MembersReport, members, (paint) => describeMembers(members, paint))
})

/** `coterie leader`. */
export const showLeader = Effect.fnUntraced(function* (group: Option.Option<string>) {
  const query = Option.isSome(group) ? { group: group.value } : {}
  const leader = yield* ask((agent) => agent.state.leader({ query }))
  yield* printReport(LeaderReport, leader, () => describeLeader(leader))
})

/** `coterie groups`. */
export const showGroups = Effect.gen(function* () {
  const groups = yield* ask((agent) => agent.state.groups())
  yield* printReport(GroupsReport, groups, (paint) => describeGroups(groups, paint))
  if (groups.error !== undefined)
    return yield* new CliFailure({ code: exitCode.unreachable, detail: groups.error })
  if (groups.engine === undefined)
    yield* note("this agent looks after no engine; set backend.kind in its configuration")
})

/** `coterie decisions`; with `follow` it goes on until it is interrupted or the agent stops. */
export const showDecisions = Effect.fnUntraced(function* (options: {
  readonly limit: number
  readonly follow: boolean
}) {
  if (options.follow) return yield* followDecisions(options.limit)
  const report = yield* ask((agent) => agent.state.decisions({ query: { limit: options.limit } }))
  yield* printReport(DecisionsReport, report, (paint) => describeDecisions(report.decisions, paint))
})

const encode = Schema.encodeEffect(Schema.fromJsonString(Decision))

/** One line for each decision, as JSON or for people. */
const followDecisions = Effect.fnUntraced(function* (limit: number) {
  const json = yield* Json
  const decisions = yield* ask((agent) => agent.state.followDecisions({ query: { limit } }))
  yield* decisions.pipe(
    Stream.mapEffect((decision) =>
      json ? Effect.orDie(encode(decision)) : Effect.succeed(describeDecision(decision))
    ),
    Stream.runForEach((line) => Console.log(line)),
    Effect.mapError(
      () => new CliFailure({ code: exitCode.unreachable, detail: "the agent ended the stream" })
    )
  )
})

type Agent = HttpApiClient.ForApi<typeof AgentApi>

/** Asks the agent at the endpoint and words what went wrong. */
const ask = Effect.fnUntraced(function* <A, E extends { readonly _tag: string; readonly message: string }>(
  question: (agent: Agent) => Effect.Effect<A, E>
) {
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
      return unreachable(error.message)
    default:
      return new CliFailure({ code: exitCode.internal, detail: error.message })
  }
}
