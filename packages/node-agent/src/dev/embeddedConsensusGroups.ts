/** The embedded group behind the port that every engine is behind, so that the demo runs the agent as it is. */
import {
  AlreadyLeader,
  ConsensusError,
  ConsensusGroups,
  type GroupStatus,
  NotEligible,
  NotLeader,
  type ReplicaReachability,
  StaleTerm,
  TimedOut,
  TransferInProgress,
  type TransferOutcome,
  Unavailable,
  UnknownGroup,
  UnknownTarget
} from "@coterie/election"
import type { CallFailed } from "@coterie/membership"
import { Duration, Effect, Layer } from "effect"

import type { Refusal } from "./core/GroupEffect.ts"
import type { GroupState } from "./core/GroupState.ts"
import { refuseTransfer } from "./core/replicate.ts"
import { EmbeddedGroup } from "./EmbeddedGroup.ts"
import { monotonicMillis } from "./monotonicMillis.ts"

/** Name of the only group. */
export const embeddedGroupName = "demo"

const pollInterval = Duration.millis(5)

type Embedded = EmbeddedGroup["Service"]
type Operation = ConsensusError["operation"]
type Reason = ConsensusError["reason"]

/** The embedded group as an engine with one group; `addressOf` says where a voter listens, for people. */
export const layerEmbeddedConsensusGroups = (
  addressOf: (voter: string) => string
): Layer.Layer<ConsensusGroups, never, EmbeddedGroup> =>
  Layer.effect(
    ConsensusGroups,
    Effect.map(EmbeddedGroup, (embedded) => asEngine(embedded, addressOf))
  )

const asEngine = (embedded: Embedded, addressOf: (voter: string) => string): ConsensusGroups["Service"] => {
  const { learners, self, voters } = embedded.options.settings
  const replica = (id: string) => ({ id, address: addressOf(id) })

  /** Runs the operation on the only group; its reason to fail becomes the port's error. */
  const on = <A>(
    operation: Operation,
    group: string,
    effect: Effect.Effect<A, Reason>
  ): Effect.Effect<A, ConsensusError> =>
    (group === embeddedGroupName
      ? effect
      : Effect.fail(new UnknownGroup({ known: [embeddedGroupName] }))
    ).pipe(Effect.mapError((reason) => new ConsensusError({ operation, group, reason })))

  const statusOf = ({ leader, role, term }: GroupState): GroupStatus => ({
    group: embeddedGroupName,
    self,
    leader,
    term,
    voters: voters.map(replica),
    nonVoters: learners.map(replica),
    electing: leader === undefined || (role._tag === "Leader" && role.transfer !== undefined)
  })

  return ConsensusGroups.of({
    engine: "embedded",
    capabilities: { targeted: true, waits: true, ownRtt: "none", term: true },
    list: Effect.succeed([embeddedGroupName]),
    status: (group) => on("status", group, Effect.map(embedded.state, statusOf)),
    reachability: (group) => on("reachability", group, reachability(embedded)),
    probe: (group, replica) => on("probe", group, probe(embedded, replica)),
    transferLeadership: (group, target, options) =>
      on("transfer", group, handOver(embedded, target, options?.term))
  })
}

const probe = Effect.fn("EmbeddedConsensusGroups.probe")(function* (embedded: Embedded, replica: string) {
  const { learners, self, voters } = embedded.options.settings
  if (![...voters, ...learners].includes(replica)) return yield* new UnknownTarget({ target: replica })
  if (replica === self) return Duration.zero
  return yield* embedded.ping(replica).pipe(Effect.mapError((error) => silence(embedded, error)))
})

const reachability = Effect.fn("EmbeddedConsensusGroups.reachability")(function* (embedded: Embedded) {
  const { learners, voters } = embedded.options.settings
  const reach = (id: string) =>
    Effect.match(probe(embedded, id), {
      onSuccess: (): ReplicaReachability => ({ reachable: true, detail: undefined }),
      onFailure: ({ message }): ReplicaReachability => ({ reachable: false, detail: message })
    })
  const entries = yield* Effect.forEach(
    [...voters, ...learners],
    (id) => Effect.map(reach(id), (reached) => [id, reached] as const),
    { concurrency: "unbounded" }
  )
  return new Map(entries)
})

const handOver = Effect.fn("EmbeddedConsensusGroups.transferLeadership")(function* (
  embedded: Embedded,
  target: string,
  term: number | undefined
) {
  const before = yield* embedded.state
  const refusal = refusalReason(before, target, term)
  if (refusal !== undefined) return yield* refusal
  yield* embedded
    .ping(target)
    .pipe(Effect.mapError(({ message }) => new NotEligible({ target, detail: message })))
  const refused = yield* embedded.startTransfer(target)
  if (refused !== undefined) return yield* reasonOf(refused, before.leader, target)
  return yield* outcomeOf(embedded, before, target)
})

/** Looks until somebody leads a newer term, or the transfer was given up. */
const outcomeOf = Effect.fnUntraced(function* (
  embedded: Embedded,
  before: GroupState,
  target: string
): Effect.fn.Return<TransferOutcome> {
  const { electionTimeoutMillis, transferTimeoutMillis } = before.settings
  const untilMillis = (yield* monotonicMillis) + transferTimeoutMillis + 2 * electionTimeoutMillis
  while ((yield* monotonicMillis) < untilMillis) {
    const { leader, role, term } = yield* embedded.state
    if (leader !== undefined && term > before.term) {
      if (leader === target) return { _tag: "Moved", leader, term }
      return leader === before.leader
        ? { _tag: "Unchanged", leader }
        : { _tag: "MovedElsewhere", leader, term }
    }
    if (role._tag === "Leader" && role.transfer === undefined)
      return { _tag: "Unchanged", leader: before.settings.self }
    yield* Effect.sleep(pollInterval)
  }
  return { _tag: "Unknown" }
})

const refusalReason = (
  state: GroupState,
  target: string,
  expected: number | undefined
): Reason | undefined => {
  const refusal = refuseTransfer(state, target)
  if (refusal !== "NotLeader" && expected !== undefined && expected !== state.term) {
    return new StaleTerm({ expected, actual: state.term })
  }
  return refusal === undefined ? undefined : reasonOf(refusal, state.leader, target)
}

const reasonOf = (refusal: Refusal, leader: string | undefined, target: string): Reason => {
  switch (refusal) {
    case "NotLeader":
    case "LeadershipLost":
      return new NotLeader({ leader })
    case "AlreadyLeader":
      return new AlreadyLeader({ target })
    case "NoVote":
      return new NotEligible({ target, detail: "it has no vote" })
    case "UnknownTarget":
      return new UnknownTarget({ target })
    case "TransferInProgress":
      return new TransferInProgress()
    case "Overloaded":
      return new Unavailable({ detail: "too many writes are waiting" })
  }
}

const silence = ({ options }: Embedded, { kind, message }: CallFailed): Reason =>
  kind === "timeout"
    ? new TimedOut({ afterMillis: Duration.toMillis(options.answerTimeout) })
    : new Unavailable({ detail: message })
