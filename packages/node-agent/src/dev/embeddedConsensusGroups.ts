/** The embedded group behind the port that every engine is behind, so that the demo runs the agent as it is. */
import {
  AlreadyLeader,
  ConsensusError,
  ConsensusGroups,
  type GroupStatus,
  NotEligible,
  NotLeader,
  type Replica,
  type ReplicaReachability,
  StaleTerm,
  TimedOut,
  TransferInProgress,
  type TransferOutcome,
  Unavailable,
  UnknownGroup,
  UnknownTarget
} from "@coterie/election"
import {
  judgeAtDeadline,
  judgeTransfer,
  refuseTransfer,
  type TransferRefusal
} from "@coterie/election/core/transfer"
import type { CallFailed } from "@coterie/membership"
import { Duration, Effect, Layer } from "effect"

import type { GroupState } from "./core/GroupState.ts"
import { EmbeddedGroup } from "./EmbeddedGroup.ts"

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
  const status = Effect.map(embedded.state, (state) =>
    statusOf(state, (id) => ({ id, address: addressOf(id) }))
  )

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

  return ConsensusGroups.of({
    engine: "embedded",
    capabilities: { targeted: true, waits: true, ownRtt: "none", term: true },
    list: Effect.succeed([embeddedGroupName]),
    status: (group) => on("status", group, status),
    reachability: (group) => on("reachability", group, reachability(embedded)),
    probe: (group, replica) => on("probe", group, probe(embedded, replica)),
    transferLeadership: (group, target, options) =>
      on("transfer", group, handOver(embedded, status, { target, term: options?.term }))
  })
}

const statusOf = (
  { leader, role, settings, term }: GroupState,
  replica: (id: string) => Replica
): GroupStatus => ({
  group: embeddedGroupName,
  self: settings.self,
  leader,
  term,
  voters: settings.voters.map(replica),
  nonVoters: settings.learners.map(replica),
  electing: leader === undefined || (role._tag === "Leader" && role.transfer !== undefined)
})

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
  status: Effect.Effect<GroupStatus>,
  { target, term }: { readonly target: string; readonly term: number | undefined }
) {
  const willing = Effect.flatMap(status, (now) => {
    const refusal = refuseTransfer(now, target, term)
    return refusal === undefined ? Effect.succeed(now) : Effect.fail(reasonOf(refusal))
  })
  const before = yield* willing
  yield* embedded
    .ping(target)
    .pipe(Effect.mapError(({ message }) => new NotEligible({ target, detail: message })))
  const refused = yield* embedded.startTransfer(target)
  // The group changed during the ping.
  if (refused !== undefined) return yield* Effect.andThen(willing, new Unavailable({ detail: refused }))
  return yield* outcomeOf(status, before, target).pipe(
    Effect.timeoutOrElse({
      duration: outcomeTimeout(embedded),
      orElse: () => Effect.succeed(judgeAtDeadline(before, undefined))
    })
  )
})

/** A transfer is given up in time, and two elections may follow. */
const outcomeTimeout = ({ options: { settings } }: Embedded): Duration.Duration =>
  Duration.millis(settings.transferTimeoutMillis + 2 * settings.electionTimeoutMillis)

/** Looks until somebody leads a newer term, or the transfer was given up. */
const outcomeOf = (
  status: Effect.Effect<GroupStatus>,
  before: GroupStatus,
  target: string
): Effect.Effect<TransferOutcome> =>
  status.pipe(
    Effect.map(
      (now) => judgeTransfer(before, target, now) ?? (now.electing ? undefined : judgeAtDeadline(before, now))
    ),
    Effect.tap((outcome) => (outcome === undefined ? Effect.sleep(pollInterval) : Effect.void)),
    Effect.repeat({ until: (outcome) => outcome !== undefined })
  )

const reasonOf = (refusal: TransferRefusal): Reason => {
  switch (refusal._tag) {
    case "NotLeader":
      return new NotLeader(refusal)
    case "StaleTerm":
      return new StaleTerm(refusal)
    case "AlreadyLeader":
      return new AlreadyLeader(refusal)
    case "NotEligible":
      return new NotEligible(refusal)
    case "UnknownTarget":
      return new UnknownTarget(refusal)
    case "TransferInProgress":
      return new TransferInProgress()
  }
}

const silence = ({ options }: Embedded, { kind, message }: CallFailed): Reason =>
  kind === "timeout"
    ? new TimedOut({ afterMillis: Duration.toMillis(options.answerTimeout) })
    : new Unavailable({ detail: message })
