/** Who is in the cluster, as far as an operator decides it. */
import type { NodeId } from "@coterie/membership"
import { Effect, Result } from "effect"
import { HttpApiBuilder } from "effect/http-api"

import { AgentBlocks } from "../AgentBlocks.ts"
import { AgentApi, MemberNotDead, NotThere } from "./AgentApi.ts"
import { jsonAnswer } from "./jsonAnswer.ts"
import { refuseForeignCaller } from "./refuseForeignCaller.ts"
import type { ForceLeaveReport } from "./responses.ts"

/** Answers the group `members` of the API. */
export const memberHandlers = HttpApiBuilder.group(AgentApi, "members", (handlers) =>
  Effect.gen(function* () {
    const blocks = yield* AgentBlocks
    const mayChange = refuseForeignCaller(blocks.config.api.allowRemoteDrain)
    return handlers.handleAll({
      forceLeave: ({ params: { id } }) =>
        mayChange.pipe(
          Effect.andThen(forceLeave(blocks, id)),
          Effect.map((was) => {
            const { id: node } = blocks.config.node
            return jsonAnswer({ schema: "force-leave/v1", node, member: id, was } satisfies ForceLeaveReport)
          })
        )
    })
  })
)

/** Says what the member was; one that has left may be asked for again. */
const forceLeave = Effect.fnUntraced(function* ({ config, swim }: AgentBlocks["Service"], id: NodeId) {
  if (swim === undefined)
    return yield* new NotThere({
      detail: "without SWIM the members are those of membership.peers: take the node out there, on all others"
    })
  const outcome = yield* Effect.result(swim.forceLeave(id))
  if (Result.isSuccess(outcome)) {
    yield* Effect.logInfo("a dead member was declared left", { event: "member.force_leave", member: id })
    return "dead" as const
  }
  const { message, state } = outcome.failure
  switch (state) {
    case "left":
      return state
    case "unknown":
      return yield* new NotThere({ detail: `${id} is no member that this node knows; see coterie members` })
    case "alive":
    case "suspect":
      return yield* new MemberNotDead({ detail: `${message}; ${remedy(id === config.node.id)}`, state })
  }
})

const remedy = (isSelf: boolean): string =>
  isSelf
    ? "that is this node, which leaves when its agent is stopped"
    : "stop its agent, with which it leaves, or wait until it is dead"
