/** Commands about where leaders sit: why, how far, and what if. */
import { Effect, Option } from "effect"

import { ExplainGroupReport, LocalityPlanReport, RttReport } from "../api/localityResponses.ts"
import { ask } from "./askAgent.ts"
import { describeGroupExplanation, describePlan } from "./describeLocality.ts"
import { describeLinks, describeMatrix, matrixPlacesMax, placeCalled, zoneMeans } from "./describeRtt.ts"
import { CliFailure, exitCode } from "./exit.ts"
import { note, printReport } from "./output.ts"

/** `coterie why group`. */
export const whyGroup = Effect.fnUntraced(function* (group: string) {
  const report = yield* ask((agent) => agent.locality.explainGroup({ query: { group } }))
  yield* printReport(ExplainGroupReport, report, (paint) => describeGroupExplanation(report, paint))
})

/** What to show of the round trips: one link, the whole matrix, or a line for each link. */
export interface RttSelection {
  readonly from: Option.Option<string>
  readonly to: Option.Option<string>
  readonly matrix: boolean
}

/** `coterie rtt`. */
export const showRtt = Effect.fnUntraced(function* ({ from, matrix, to }: RttSelection) {
  const report = yield* ask((agent) => agent.locality.rtt())
  if (Option.isSome(from)) {
    if (Option.isNone(to) || matrix) {
      return yield* new CliFailure({ code: exitCode.usage, detail: "expected two places, or --matrix" })
    }
    const [one, other] = yield* Effect.forEach([from.value, to.value], (name) => findPlace(report, name))
    const links = report.links.filter(
      (link) => (link.from === one && link.to === other) || (link.from === other && link.to === one)
    )
    yield* printReport(RttReport, { ...report, links }, (paint) => describeLinks({ ...report, links }, paint))
    if (links.length === 0) yield* note("nobody has measured this link")
    return
  }
  const isTooLarge = report.places.length > matrixPlacesMax
  const shown = isTooLarge ? zoneMeans(report) : report
  yield* printReport(RttReport, report, (paint) =>
    matrix && shown !== undefined ? describeMatrix(shown, paint) : describeLinks(report, paint)
  )
  if (report.links.length === 0) yield* note("nothing was measured yet; policy nearestPeer keeps no matrix")
  else if (matrix && isTooLarge)
    yield* note(
      `a matrix has at most ${matrixPlacesMax} places; these are ${shown === undefined ? "the links" : "the means of the links between zones"}`
    )
})

const findPlace = (report: RttReport, name: string) => {
  const place = placeCalled(report, name)
  if (place !== undefined) return Effect.succeed(place)
  const known = report.places.flatMap(({ place, replicas }) => [place, ...replicas]).slice(0, 20)
  return new CliFailure({
    code: exitCode.internal,
    detail: `"${name}" is no place that was measured; known: ${known.join(", ") || "none"}`
  })
}

/** `coterie locality plan`. */
export const showPlan = Effect.fnUntraced(function* (assumptions: ReadonlyArray<string>) {
  const report = yield* ask((agent) => agent.locality.plan({ query: { if: assumptions } }))
  yield* printReport(LocalityPlanReport, report, (paint) => describePlan(report, paint))
  if (report.groups.length === 0) {
    yield* note(
      "no group is led from this node, or the policy is nearestPeer; the agent beside the leader can tell"
    )
  }
})
