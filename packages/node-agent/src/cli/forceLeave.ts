/** `coterie members force-leave`: a dead member is not waited for any more. */
import { NodeId } from "@coterie/membership"
import { Effect, Schema } from "effect"

import { ForceLeaveReport } from "../api/responses.ts"
import { ask } from "./askAgent.ts"
import { CliFailure, exitCode } from "./exit.ts"
import { printReport } from "./output.ts"

const isNodeId = Schema.is(NodeId)

/** Has a dead member declared left. */
export const forceLeave = Effect.fnUntraced(function* (id: string) {
  if (!isNodeId(id))
    return yield* new CliFailure({
      code: exitCode.usage,
      detail: "NODE is no id: 1 to 128 printable ASCII characters without spaces"
    })
  const report = yield* ask((agent) => agent.members.forceLeave({ params: { id } }))
  yield* printReport(ForceLeaveReport, report, () => [describeForceLeave(report)])
})

const describeForceLeave = ({ member, node, was }: ForceLeaveReport): string =>
  was === "left"
    ? `${member} had left already`
    : `${member} was dead and has left now; ${node} tells the other members`
