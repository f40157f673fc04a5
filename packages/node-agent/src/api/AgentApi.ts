/**
 * The operators' API as a contract: the server, the CLI's typed client and `/openapi.json` come from it.
 */
import { Decision } from "@coterie/locality"
import { NodeId } from "@coterie/membership"
import { Schema, Struct } from "effect"
import {
  HttpApi,
  HttpApiEndpoint,
  HttpApiError,
  HttpApiGroup,
  HttpApiMiddleware,
  HttpApiSchema,
  OpenApi
} from "effect/http-api"

import { AgentEvent, EventGap } from "../AgentEvent.ts"
import { KeyChange, KeyId } from "../OwnKeyring.ts"
import { KeyringChangeReport, KeyringReport } from "./keyringResponses.ts"
import { ExplainGroupReport, LocalityPlanReport, RttReport } from "./localityResponses.ts"
import {
  DecisionsReport,
  DrainReport,
  EventsReport,
  ExplainLeaderReport,
  ForceLeaveReport,
  GroupsReport,
  GroupTransferReport,
  HealthReport,
  LeaderReport,
  MembersReport,
  StatusReport,
  TransferReport
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

/** Leadership cannot be handed over as things are; `reason` is a word for scripts. */
export class TransferConflict extends HttpApiError.Problem<TransferConflict>()(
  "TransferConflict",
  { type: "urn:coterie:transfer-conflict", status: 409, title: "Leadership cannot be handed over now" },
  { reason: Schema.String }
) {}

/** The target cannot lead; `reason` is a word for scripts. */
export class TargetUnfit extends HttpApiError.Problem<TargetUnfit>()(
  "TargetUnfit",
  { type: "urn:coterie:target-unfit", status: 412, title: "The target cannot lead" },
  { reason: Schema.String }
) {}

/** Nobody leads, or the leader does not answer. */
export class LeaderUnavailable extends HttpApiError.Problem<LeaderUnavailable>()("LeaderUnavailable", {
  type: "urn:coterie:leader-unavailable",
  status: 503,
  title: "No leader answers"
}) {}

/** An assumption cannot be read: which part of it is wrong, from which letter on (the first is 0), and what would be right. */
export class AssumptionUnreadable extends HttpApiError.Problem<AssumptionUnreadable>()(
  "AssumptionUnreadable",
  { type: "urn:coterie:assumption-unreadable", status: 400, title: "An assumption cannot be read" },
  { text: Schema.String, part: Schema.String, at: Schema.Int, expected: Schema.String }
) {}

/** The change would lock a member out; nothing was changed. */
export class KeyChangeRefused extends HttpApiError.Problem<KeyChangeRefused>()("KeyChangeRefused", {
  type: "urn:coterie:key-change-refused",
  status: 409,
  title: "The keys cannot be changed so"
}) {}

/** The member is not dead, so it cannot be declared left; `state` is what it is. */
export class MemberNotDead extends HttpApiError.Problem<MemberNotDead>()(
  "MemberNotDead",
  { type: "urn:coterie:member-not-dead", status: 409, title: "Only a dead member can be declared left" },
  { state: Schema.Literals(["alive", "suspect"]) }
) {}

/** As many readers follow as this node serves. */
export class TooManyReaders extends HttpApiError.Problem<TooManyReaders>()("TooManyReaders", {
  type: "urn:coterie:too-many-readers",
  status: 503,
  title: "Too many readers"
}) {}

const describe = (summary: string) => OpenApi.annotations({ summary })

/** With several engines an id has the engine's name and that of a stream and its consumer. */
const GroupId = Schema.String.check(Schema.isMaxLength(512))

/** A probe answers 200 or 503 with the same body. */
const probeAnswers = [HealthReport, HealthReport.pipe(HttpApiSchema.status(503))] as const

const countUpTo = (maximum: number) =>
  Schema.optionalKey(Schema.NumberFromString.check(Schema.isInt(), Schema.isBetween({ minimum: 1, maximum })))

/** How many decisions at most, newest last; 1 to 1000, default 100. */
const limit = countUpTo(1000)

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
      query: { group: Schema.optionalKey(GroupId) },
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

const Members = HttpApiGroup.make("members")
  .add(
    HttpApiEndpoint.post("forceLeave", "/v1/members/:id/force-leave", {
      params: { id: NodeId },
      success: ForceLeaveReport,
      error: [MutationRefused, NotThere, MemberNotDead]
    }).annotateMerge(
      describe(
        "With SWIM: declare a dead member left, everywhere; one that lives after all comes back as new."
      )
    )
  )
  .annotateMerge(OpenApi.annotations({ description: "Who is in the cluster." }))

/** Who is to lead. */
const Target = Schema.Struct({
  to: Schema.String.check(Schema.isMinLength(1), Schema.isMaxLength(128))
})
const transferRefusals = [MutationRefused, NotThere, TransferConflict, TargetUnfit] as const

const Leadership = HttpApiGroup.make("leadership")
  .add(
    HttpApiEndpoint.get("explainLeader", "/v1/explain/leader", {
      success: ExplainLeaderReport,
      error: NotThere
    }).annotateMerge(
      describe("Why the agents' leader leads and nobody else, answered by the leader when it can be reached.")
    ),
    HttpApiEndpoint.post("transferLeader", "/v1/leader/transfer", {
      payload: Target,
      success: TransferReport.pipe(HttpApiSchema.status(202)),
      error: [...transferRefusals, LeaderUnavailable]
    }).annotateMerge(
      describe(
        "Has the agents' leader, wherever it is, hand leadership to a node; 202 when it has let go or is about to, /leader then tells who leads."
      )
    ),
    HttpApiEndpoint.post("transferGroup", "/v1/groups/:group/transfer", {
      params: { group: GroupId },
      payload: Target,
      success: GroupTransferReport.pipe(HttpApiSchema.status(202)),
      error: [...transferRefusals, EngineUnavailable]
    }).annotateMerge(
      describe(
        "Has the local engine node, which must lead the group, hand leadership to a voter; the answer says who leads after it."
      )
    )
  )
  .annotateMerge(OpenApi.annotations({ description: "Why somebody leads, and who should." }))

const assumptionText = Schema.String.check(Schema.isMaxLength(256))
/** What to assume, such as `n3 down`; once for each assumption, at most 32 times. */
const assumptions = Schema.optionalKey(
  Schema.Union([assumptionText, Schema.Array(assumptionText).check(Schema.isMaxLength(32))])
)

const Locality = HttpApiGroup.make("locality")
  .add(
    HttpApiEndpoint.get("explainGroup", "/v1/explain/group", {
      query: { group: GroupId },
      success: ExplainGroupReport,
      error: NotThere
    }).annotateMerge(
      describe(
        "Why a group of the engine is led from where it is: every voter's score, the rule that fired, what blocks."
      )
    ),
    HttpApiEndpoint.get("rtt", "/v1/rtt", { success: RttReport, error: NotThere }).annotateMerge(
      describe("Round trips between all places of replicas, measured here or told by the other agents.")
    ),
    HttpApiEndpoint.get("plan", "/v1/locality/plan", {
      query: { if: assumptions },
      success: LocalityPlanReport,
      error: [NotThere, AssumptionUnreadable]
    }).annotateMerge(
      describe(
        "What would be if: each group that is led here, before and after ?if=n3 down&if=zone b %2B80ms&if=n1-n2 120ms."
      )
    )
  )
  .annotateMerge(OpenApi.annotations({ description: "Why leaders sit where they do, and what if." }))

const { install } = KeyChange.cases
/** A key to use or remove; `force` passes over dead members. */
const ChosenKey = Schema.Struct({ keyId: KeyId, force: Schema.optionalKey(Schema.Boolean) })
const keyRefusals = [MutationRefused, NotThere, KeyChangeRefused] as const

const Keyring = HttpApiGroup.make("keyring")
  .add(
    HttpApiEndpoint.get("keyring", "/v1/keyring", { success: KeyringReport, error: NotThere }).annotateMerge(
      describe("The ids of the keys that each member holds, and which one it seals with.")
    ),
    HttpApiEndpoint.post("installKey", "/v1/keyring/install", {
      payload: Schema.Struct(Struct.omit(install.fields, ["_tag"])),
      success: KeyringChangeReport,
      error: keyRefusals
    }).annotateMerge(describe("Give every member a key, which from then on opens what others seal with it.")),
    HttpApiEndpoint.post("useKey", "/v1/keyring/use", {
      payload: ChosenKey,
      success: KeyringChangeReport,
      error: keyRefusals
    }).annotateMerge(
      describe(
        "Have every member seal with a key; refused unless each holds it, and while one is dead without force."
      )
    ),
    HttpApiEndpoint.post("removeKey", "/v1/keyring/remove", {
      payload: ChosenKey,
      success: KeyringChangeReport,
      error: keyRefusals
    }).annotateMerge(
      describe(
        "Have every member forget a key; refused while one seals with it, and while one is dead without force."
      )
    )
  )
  .annotateMerge(OpenApi.annotations({ description: "The keys of the members." }))

/** An event, or a gap where some are lost. */
export const StreamedEvent = Schema.Union([AgentEvent, EventGap])
/** An event, or a gap where some are lost. */
export type StreamedEvent = typeof StreamedEvent.Type

/** Which of the events that are kept: at most so many, 1 to 10000, and none older than so many ms. */
const eventSelection = {
  limit: countUpTo(10_000),
  maxAgeMs: Schema.optionalKey(
    Schema.NumberFromString.check(Schema.isFinite(), Schema.isGreaterThanOrEqualTo(0))
  )
}

const Events = HttpApiGroup.make("events")
  .add(
    HttpApiEndpoint.get("followEvents", "/v1/events", {
      query: eventSelection,
      success: HttpApiSchema.StreamSse({ data: StreamedEvent }),
      error: TooManyReaders
    }).annotateMerge(
      describe(
        "Server-sent events from now on, with ?limit= or ?maxAgeMs= also those before, after Last-Event-ID those that came since; `gap` where some are not kept any more."
      )
    ),
    HttpApiEndpoint.get("recentEvents", "/v1/events/recent", {
      query: eventSelection,
      success: EventsReport
    }).annotateMerge(describe("The latest events, newest last; 100 unless ?limit= says otherwise."))
  )
  .annotateMerge(OpenApi.annotations({ description: "What happened at this node." }))

/** The operators' API. */
export const AgentApi = HttpApi.make("coterie")
  .add(Health)
  .add(State)
  .add(Members)
  .add(Leadership)
  .add(Locality)
  .add(Events)
  .add(Keyring)
  .middleware(HttpApiMiddleware.ProblemDetails)
  .annotateMerge(OpenApi.annotations({ title: "Coterie agent", version: "1" }))
