/**
 * The operators' API as a contract: the server, the CLI's typed client and `/openapi.json` come from it.
 */
import { Decision } from "@coterie/locality"
import { Schema } from "effect"
import {
  HttpApi,
  HttpApiEndpoint,
  HttpApiError,
  HttpApiGroup,
  HttpApiMiddleware,
  HttpApiSchema,
  OpenApi
} from "effect/http-api"

import {
  DecisionsReport,
  DrainReport,
  GroupsReport,
  HealthReport,
  LeaderReport,
  MembersReport,
  StatusReport
} from "./responses.ts"

/** This caller may not change the node. */
export class MutationRefused extends HttpApiError.Problem<MutationRefused>()("MutationRefused", {
  type: "urn:coterie:mutation-refused",
  status: 403,
  title: "Refused"
}) {}

/** What was asked for is not there: no such group, or a part of the agent that is off. */
export class NotThere extends HttpApiError.Problem<NotThere>()("NotThere", {
  type: "urn:coterie:not-there",
  status: 404,
  title: "Not there"
}) {}

/** The engine did not answer. */
export class EngineUnavailable extends HttpApiError.Problem<EngineUnavailable>()("EngineUnavailable", {
  type: "urn:coterie:engine-unavailable",
  status: 502,
  title: "The engine did not answer"
}) {}

const describe = (summary: string) => OpenApi.annotations({ summary })

/** A probe answers 200 or 503 with the same body. */
const probeAnswers = [HealthReport, HealthReport.pipe(HttpApiSchema.status(503))] as const

const limitMax = 1000
/** How many decisions at most, newest last; 1 to 1000, default 100. */
const limit = Schema.optionalKey(
  Schema.NumberFromString.check(Schema.isInt(), Schema.isBetween({ minimum: 1, maximum: limitMax }))
)

const Health = HttpApiGroup.make("health")
  .add(
    HttpApiEndpoint.get("live", "/health/live", { success: probeAnswers }).annotateMerge(
      describe(
        "200 while the process works: its event loop turns and its loops tick; peers and engine are not looked at."
      )
    ),
    HttpApiEndpoint.get("startup", "/health/startup", { success: probeAnswers }).annotateMerge(
      describe("200 once startup is done.")
    ),
    HttpApiEndpoint.get("ready", "/health/ready", { success: probeAnswers }).annotateMerge(
      describe("200 while the node should get traffic: started, alive in its own view and not draining.")
    ),
    HttpApiEndpoint.get("drainState", "/health/drain", { success: DrainReport }).annotateMerge(
      describe("How far a drain has come.")
    ),
    HttpApiEndpoint.post("drain", "/health/drain", {
      success: DrainReport.pipe(HttpApiSchema.status(202)),
      error: MutationRefused
    }).annotateMerge(
      describe(
        "Stop being ready and give the agents' leadership up, with everything still working; harmless when repeated."
      )
    ),
    HttpApiEndpoint.delete("cancelDrain", "/health/drain", {
      success: DrainReport,
      error: MutationRefused
    }).annotateMerge(describe("Be ready again."))
  )
  .annotateMerge(OpenApi.annotations({ description: "Probes and drain." }))

const State = HttpApiGroup.make("state")
  .add(
    HttpApiEndpoint.get("leader", "/leader", {
      query: { group: Schema.optionalKey(Schema.String.check(Schema.isMaxLength(128))) },
      success: [LeaderReport, LeaderReport.pipe(HttpApiSchema.status(503))],
      error: [NotThere, EngineUnavailable]
    }).annotateMerge(
      describe(
        "200 while this node leads: the agents, or with ?group= that group of the engine, whose local node is asked; else 503."
      )
    ),
    HttpApiEndpoint.get("status", "/v1/status", { success: StatusReport }).annotateMerge(
      describe("The agent at a glance.")
    ),
    HttpApiEndpoint.get("members", "/v1/members", { success: MembersReport }).annotateMerge(
      describe("Every member as this node sees it.")
    ),
    HttpApiEndpoint.get("groups", "/v1/groups", { success: GroupsReport }).annotateMerge(
      describe("Every group of the engine as the local engine node reports it.")
    ),
    HttpApiEndpoint.get("decisions", "/v1/decisions", {
      query: { limit },
      success: DecisionsReport
    }).annotateMerge(describe("The latest decisions about where leaders sit, newest last.")),
    HttpApiEndpoint.get("followDecisions", "/v1/decisions/stream", {
      query: { limit },
      success: HttpApiSchema.StreamSse({ data: Decision })
    }).annotateMerge(describe("The same as server-sent events: first the latest, then each as it is made."))
  )
  .annotateMerge(OpenApi.annotations({ description: "What this node knows and decided." }))

/** The operators' API. */
export const AgentApi = HttpApi.make("coterie")
  .add(Health)
  .add(State)
  .middleware(HttpApiMiddleware.ProblemDetails)
  .annotateMerge(OpenApi.annotations({ title: "Coterie agent", version: "1" }))
