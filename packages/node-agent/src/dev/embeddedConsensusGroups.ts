/** The embedded group behind the port that every engine is behind, so that the demo runs the agent as it is. */
import {
  ConsensusError,
  ConsensusGroups,
  type GroupStatus,
  handOver,
  type Replica,
  type ReplicaReachability,
  TimedOut,
  type TransferWish,
  Unavailable,
  UnknownGroup,
  UnknownTarget
} from "@coterie/election"
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
      on("transfer", group, transfer(embedded, status, { target, term: options?.term }))
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

const transfer = (embedded: Embedded, status: Effect.Effect<GroupStatus>, wish: TransferWish) =>
  handOver(
    {
      read: Effect.map(status, (now) => ({ status: now })),
      probe: Effect.mapError(embedded.ping(wish.target), (error) => silence(embedded, error)),
      send: () =>
        Effect.map(embedded.startTransfer(wish.target), (refused) =>
          refused === undefined
            ? undefined
            : { reason: new Unavailable({ detail: refused }), isUncertain: false }
        ),
      verifyWindow: () => outcomeTimeout(embedded),
      verifyInterval: pollInterval
    },
    wish
  ).pipe(Effect.withSpan("EmbeddedConsensusGroups.transferLeadership"))

/** A transfer is given up in time, and two elections may follow. */
const outcomeTimeout = ({ options: { settings } }: Embedded): Duration.Duration =>
  Duration.millis(settings.transferTimeoutMillis + 2 * settings.electionTimeoutMillis)

const silence = ({ options }: Embedded, { kind, message }: CallFailed): Reason =>
  kind === "timeout"
    ? new TimedOut({ afterMillis: Duration.toMillis(options.answerTimeout) })
    : new Unavailable({ detail: message })
