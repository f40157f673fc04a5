/** Commands that ask a running agent. */
import { Decision } from "@coterie/locality"
import { Console, Effect, Option, Schema, Stream } from "effect"

import { DecisionsReport, GroupsReport, LeaderReport, MembersReport, StatusReport } from "../api/responses.ts"
import { ask } from "./askAgent.ts"
import {
  describeDecision,
  describeDecisions,
  describeGroups,
  describeMembers,
  describeMembersWide,
  describeStatus
} from "./describe.ts"
import { describeLeader } from "./describeLeadership.ts"
import { CliFailure, exitCode } from "./exit.ts"
import { Json } from "./options.ts"
import { note, printReport } from "./output.ts"

/** `coterie status`: fails with exit code 4 when `failOn` is given and the agent is not well. */
export const showStatus = Effect.fnUntraced(function* (failOn: Option.Option<"degraded">) {
  const status = yield* ask((agent) => agent.state.status())
  yield* printReport(StatusReport, status, (paint) => describeStatus(status, paint))
  if (Option.isSome(failOn) && status.status !== "ok")
    return yield* new CliFailure({ code: exitCode.degraded, detail: `the agent is ${status.status}` })
})

/** `coterie members`. */
export const showMembers = Effect.fnUntraced(function* (wide: boolean) {
  const members = yield* ask((agent) => agent.state.members())
  yield* printReport(MembersReport, members, (paint) =>
    (wide ? describeMembersWide : describeMembers)(members, paint)
  )
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
