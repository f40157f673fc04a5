/** Why leaders sit where they do, and what if. */
import { Duration, Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"

import type { AgentBlocks } from "../AgentBlocks.ts"
import { AgentApi } from "./AgentApi.ts"
import { jsonAnswer } from "./jsonAnswer.ts"
import { explainGroupReport, localityPlanReport, rttReport } from "./localityReports.ts"
import { groupsReport } from "./reports.ts"

/** The engine is read at most this often for answers, however many ask. */
const groupsMaxAge = Duration.seconds(1)

/** Answers the group `locality` of the API. */
export const localityHandlers = HttpApiBuilder.group(AgentApi, "locality", (handlers) =>
  Effect.gen(function* () {
    const blocks = yield* Effect.context<AgentBlocks>()
    const groups = yield* Effect.cachedWithTTL(groupsReport, groupsMaxAge)
    const answer = <E>(report: Effect.Effect<object, E, AgentBlocks>) =>
      Effect.map(Effect.provideContext(report, blocks), (found) => jsonAnswer(found))
    return handlers.handleAll({
      explainGroup: ({ query }) => answer(explainGroupReport(query.group)),
      rtt: () => answer(Effect.flatMap(groups, rttReport)),
      plan: ({ query }) => answer(Effect.flatMap(groups, (now) => localityPlanReport(listOf(query.if), now)))
    })
  })
)

/** A parameter that comes once is no list yet. */
const listOf = (given: string | ReadonlyArray<string> = []): ReadonlyArray<string> =>
  typeof given === "string" ? [given] : given
