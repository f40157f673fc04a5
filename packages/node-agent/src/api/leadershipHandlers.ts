/** Why somebody leads, and who should. */
import { type ConsensusError, type TransferOutcome, type TransferRefused } from "@coterie/election"
import { Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"

import { AgentBlocks } from "../AgentBlocks.ts"
import { noVoteNotice } from "../config/ownVote.ts"
import {
  AgentApi,
  EngineUnavailable,
  LeaderUnavailable,
  NotThere,
  TargetUnfit,
  TransferConflict
} from "./AgentApi.ts"
import { jsonAnswer } from "./jsonAnswer.ts"
import { refuseForeignCaller } from "./refuseForeignCaller.ts"
import { asOf } from "./reports.ts"
import type { ExplainLeaderReport, GroupTransferReport, TransferReport } from "./responses.ts"

/** Answers the group `leadership` of the API. */
export const leadershipHandlers = HttpApiBuilder.group(AgentApi, "leadership", (handlers) =>
  Effect.gen(function* () {
    const blocks = yield* AgentBlocks
    const mayChange = refuseForeignCaller(blocks.config.api.allowRemoteDrain)
    return handlers.handleAll({
      explainLeader: () => Effect.map(explainLeader(blocks), (report) => jsonAnswer(report)),
      transferLeader: ({ payload }) =>
        mayChange.pipe(
          Effect.andThen(transferLeader(blocks, payload.to)),
          Effect.map((report) => jsonAnswer(report, 202))
        ),
      transferGroup: ({ params, payload }) =>
        mayChange.pipe(
          Effect.andThen(transferGroup(blocks, params.group, payload.to)),
          Effect.map((report) => jsonAnswer(report, 202))
        )
    })
  })
)

type Blocks = AgentBlocks["Service"]

const electionOf = ({ clusterLeader }: Blocks) =>
  clusterLeader === undefined
    ? Effect.fail(new NotThere({ detail: "this agent takes part in no election; set election.strategy" }))
    : Effect.succeed(clusterLeader)

const explainLeader = Effect.fnUntraced(function* (blocks: Blocks) {
  const explained = yield* (yield* electionOf(blocks)).explain
  const noVote = noVoteNotice(blocks.config)
  return {
    schema: "explain-leader/v1",
    node: blocks.config.node.id,
    asOf: yield* asOf,
    ...(noVote === undefined ? {} : { noVote }),
    ...explained
  } satisfies ExplainLeaderReport
})

const transferLeader = Effect.fnUntraced(function* (blocks: Blocks, to: string) {
  const handOver = yield* (yield* electionOf(blocks)).transfer(to).pipe(
    Effect.catchTags({
      NoLeader: ({ detail }) => Effect.fail(new LeaderUnavailable({ detail })),
      TransferRefused: (refused) => Effect.fail(refusal(refused))
    })
  )
  return { schema: "transfer/v1", node: blocks.config.node.id, ...handOver } satisfies TransferReport
})

const refusal = ({ message: detail, reason }: TransferRefused) => {
  switch (reason) {
    case "alreadyLeads":
    case "handingOver":
    case "unsupported":
      return new TransferConflict({ detail, reason })
    case "unknownMember":
    case "notAlive":
    case "noQuorum":
    case "otherConfig":
      return new TargetUnfit({ detail, reason })
  }
}

const transferGroup = Effect.fnUntraced(function* (
  { config, consensusGroups }: Blocks,
  group: string,
  to: string
) {
  if (consensusGroups === undefined)
    return yield* new NotThere({ detail: "this agent looks after no engine; set backend.kind" })
  const outcome = yield* Effect.mapError(consensusGroups.transferLeadership(group, to), groupRefusal)
  yield* Effect.logInfo("a group's leadership was asked to move", {
    event: "group.transfer",
    group,
    to,
    outcome: outcome._tag
  })
  return {
    schema: "group-transfer/v1",
    node: config.node.id,
    group,
    to,
    ...groupOutcome(outcome)
  } satisfies GroupTransferReport
})

const groupOutcome = (outcome: TransferOutcome) => {
  switch (outcome._tag) {
    case "Moved":
      return { outcome: "moved", leader: outcome.leader, term: outcome.term } as const
    case "MovedElsewhere":
      return { outcome: "movedElsewhere", leader: outcome.leader, term: outcome.term } as const
    case "Unchanged":
      return { outcome: "unchanged", leader: outcome.leader } as const
    case "Unknown":
      return { outcome: "unknown" } as const
  }
}

const groupRefusal = ({ message, reason }: ConsensusError) => {
  switch (reason._tag) {
    case "UnknownGroup":
      return new NotThere({ detail: message })
    case "NotLeader":
      return new TransferConflict({
        detail: `${message}; ask the agent beside the leader`,
        reason: "notLeader"
      })
    case "AlreadyLeader":
      return new TransferConflict({ detail: message, reason: "alreadyLeads" })
    case "TransferInProgress":
      return new TransferConflict({ detail: message, reason: "handingOver" })
    case "StaleTerm":
      return new TransferConflict({ detail: message, reason: "staleTerm" })
    case "Unsupported":
      return new TransferConflict({ detail: message, reason: "unsupported" })
    case "UnknownTarget":
      return new TargetUnfit({ detail: message, reason: "unknownMember" })
    case "NotEligible":
      return new TargetUnfit({ detail: message, reason: "notEligible" })
    case "TimedOut":
    case "Unauthorized":
    case "Unavailable":
    case "ProtocolViolation":
      return new EngineUnavailable({ detail: message })
  }
}
