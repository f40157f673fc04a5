/** `coterie leader --transfer`: has leadership handed over, and says how that ended. */
import { Duration, Effect, Option, Schedule } from "effect"

import { GroupTransferReport, LeaderReport, TransferReport } from "../api/responses.ts"
import { ask } from "./askAgent.ts"
import { describeGroupTransfer, describeLeader, describeTransfer } from "./describeLeadership.ts"
import { CliFailure, exitCode } from "./exit.ts"
import { Timeout } from "./options.ts"
import { printReport } from "./output.ts"

/** How often `--wait` looks who leads. */
const lookInterval = Duration.millis(50)

/** What was asked for on the command line. */
export interface Move {
  readonly group: Option.Option<string>
  readonly to: string
  readonly wait: boolean
}

/** Moves the agents' leadership, or that of a group of the engine. */
export const moveLeadership = ({ group, to, wait }: Move) =>
  Option.isSome(group) ? moveGroup(group.value, to) : moveLeader(to, wait)

const moveLeader = Effect.fnUntraced(function* (to: string, wait: boolean) {
  const handOver = yield* ask((agent) => agent.leadership.transferLeader({ payload: { to } }))
  if (!wait) return yield* printReport(TransferReport, handOver, () => describeTransfer(handOver))
  const successor = yield* awaitSuccessor(handOver)
  yield* printReport(LeaderReport, successor, () => describeLeader(successor))
  if (successor.leader !== to) return yield* elsewhere(`${successor.leader} leads instead of ${to}`)
})

/** A node that lags names the old leader in the old term for a moment, and nobody in between. */
const awaitSuccessor = Effect.fnUntraced(function* ({ from, term, to }: TransferReport) {
  const timeout = yield* Timeout
  return yield* ask((agent) => agent.state.leader({ query: {} })).pipe(
    Effect.repeat({
      schedule: Schedule.spaced(lookInterval),
      until: (now) => now.leader !== undefined && now.leader !== from && (now.term ?? 0) > term
    }),
    Effect.timeoutOrElse({
      duration: timeout,
      orElse: () =>
        new CliFailure({
          code: exitCode.underWay,
          detail: `still under way after ${Duration.format(timeout)}: ${from} was asked to hand over to ${to}, and nobody else is seen to lead yet`
        })
    })
  )
})

/** The engine's driver waits for the outcome itself. */
const moveGroup = Effect.fnUntraced(function* (group: string, to: string) {
  const report = yield* ask((agent) => agent.leadership.transferGroup({ params: { group }, payload: { to } }))
  yield* printReport(GroupTransferReport, report, () => describeGroupTransfer(report))
  switch (report.outcome) {
    case "moved":
      return
    case "movedElsewhere":
    case "unchanged":
      return yield* elsewhere(`${report.leader} leads group ${group} instead of ${to}`)
    case "unknown":
      return yield* new CliFailure({
        code: exitCode.underWay,
        detail: `still under way: nobody is seen to lead group ${group} yet`
      })
  }
})

const elsewhere = (detail: string) => new CliFailure({ code: exitCode.elsewhere, detail })
