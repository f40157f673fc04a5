/** `coterie why`: commands that explain. */
import { Effect } from "effect"

import { ExplainLeaderReport } from "../api/responses.ts"
import { ask } from "./askAgent.ts"
import { describeExplanation } from "./describeLeadership.ts"
import { printReport } from "./output.ts"

/** `coterie why leader`. */
export const whyLeader = Effect.gen(function* () {
  const report = yield* ask((agent) => agent.leadership.explainLeader())
  yield* printReport(ExplainLeaderReport, report, (paint) => describeExplanation(report, paint))
})
