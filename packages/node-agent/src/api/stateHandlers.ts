/** What this node knows and decided. */
import { Decision } from "@coterie/locality"
import { Duration, Effect, Schema, Stream } from "effect"
import { HttpRouter, HttpServerRequest, HttpServerResponse } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"

import { AgentBlocks } from "../AgentBlocks.ts"
import { Health } from "../Health.ts"
import { AgentApi } from "./AgentApi.ts"
import { eventStream } from "./eventStream.ts"
import { jsonAnswer } from "./jsonAnswer.ts"
import {
  decisionsReport,
  groupLeaderReport,
  groupsReport,
  membersReport,
  ownLeaderReport
} from "./reports.ts"
import type { LeaderReport } from "./responses.ts"
import { statusReport } from "./statusReport.ts"

const limitDefault = 100

/** The engine is read at most this often for answers, however many ask. */
const groupsMaxAge = Duration.seconds(1)

/** Answers the group `state` of the API. */
export const stateHandlers = HttpApiBuilder.group(AgentApi, "state", (handlers) =>
  Effect.gen(function* () {
    const blocks = yield* Effect.context<AgentBlocks | Health>()
    const groups = yield* Effect.cachedWithTTL(groupsReport, groupsMaxAge)
    const answer = <E>(report: Effect.Effect<object, E, AgentBlocks | Health>) =>
      Effect.map(Effect.provideContext(report, blocks), (found) => jsonAnswer(found))
    return handlers.handleAll({
      leader: ({ query }) => Effect.provideContext(leader(query.group), blocks),
      status: () => answer(Effect.flatMap(groups, statusReport)),
      members: () => answer(membersReport),
      groups: () => answer(groups),
      decisions: ({ query }) => answer(decisionsReport(query.limit ?? limitDefault)),
      followDecisions: ({ query }) => Effect.provideContext(follow(query.limit ?? limitDefault), blocks)
    })
  })
)

/** The paths under which load balancers look for the leader, and OPTIONS, which some of them send; HEAD follows GET. */
export const leaderAliases = HttpRouter.use(
  Effect.fnUntraced(function* (router) {
    const blocks = yield* Effect.context<AgentBlocks | Health>()
    const probe = Effect.gen(function* () {
      const { group } = yield* HttpServerRequest.schemaSearchParams(
        Schema.Struct({ group: Schema.optional(Schema.String) })
      )
      return yield* Effect.provideContext(leader(group), blocks)
    })
    yield* router.add("OPTIONS", "/leader", probe)
    for (const path of ["/primary", "/read-write"] as const) {
      yield* router.add("GET", path, probe)
      yield* router.add("OPTIONS", path, probe)
    }
  })
)

const leader = (group: string | undefined) =>
  Effect.map(group === undefined ? ownLeaderReport : groupLeaderReport(group), (report: LeaderReport) =>
    HttpServerResponse.jsonUnsafe(report, {
      status: report.isLeader ? 200 : 503,
      headers: {
        "cache-control": "no-store",
        ...(report.leader === undefined ? {} : { "x-leader-id": report.leader })
      }
    })
  )

const encode = Schema.encodeEffect(Schema.fromJsonString(Decision))

/** Server-sent events: the latest decisions, then each as it is made, until the client or the agent ends it. */
const follow = Effect.fnUntraced(function* (limit: number) {
  const { locality } = yield* AgentBlocks
  const health = yield* Health
  const decisions: Stream.Stream<Decision> =
    locality === undefined
      ? Stream.never
      : Stream.unwrap(
          Effect.gen(function* () {
            // Listening starts before the past is read, so that no decision falls between; one that is in both comes once.
            const live = yield* Stream.toQueue(locality.decisions, { capacity: locality.options.history })
            const past = new Set((yield* locality.recent).slice(-limit))
            return Stream.concat(
              Stream.fromIterable(past),
              Stream.filter(Stream.fromQueue(live), (decision) => !past.has(decision))
            )
          })
        )
  const events = Stream.mapEffect(decisions, (decision) =>
    Effect.map(Effect.orDie(encode(decision)), (data) => `data: ${data}\n\n`)
  )
  return eventStream(events, health.stopping)
})
