/** The moves that the cases of the `ConsensusGroups` contract are made of. */
import { Effect, Formatter, Schedule, Schema } from "effect"

import type { ConsensusError, ConsensusGroups, GroupStatus } from "../ConsensusGroups.ts"
import { GroupsWorld } from "./GroupsWorld.ts"

/** The driver did not do what the contract asks. */
export class GroupsContractBroken extends Schema.TaggedError<GroupsContractBroken>()("GroupsContractBroken", {
  expected: Schema.String,
  found: Schema.String
}) {
  override get message(): string {
    return `expected ${this.expected}, found ${this.found}`
  }
}

/** What a case needs and how it fails. */
export type Step<A> = Effect.Effect<A, GroupsContractBroken | ConsensusError, GroupsWorld>

/** Fails the case unless the condition holds. */
export const expect = (
  condition: boolean,
  expected: string,
  found: unknown
): Effect.Effect<void, GroupsContractBroken> =>
  condition
    ? Effect.void
    : Effect.fail(new GroupsContractBroken({ expected, found: Formatter.format(found) }))

/** The group while all is well: who leads, a voter and another one that follow, and the driver beside each of the first two. */
export interface Setting {
  readonly group: string
  readonly leader: string
  readonly follower: string
  readonly other: string
  readonly nonVoter: string | undefined
  readonly beside: ConsensusGroups["Service"]
  readonly besideFollower: ConsensusGroups["Service"]
  /** The status that all voters agree on, as the leader's driver shows it. */
  readonly status: GroupStatus
}

/** Waits until every voter names the same leader in the same term. */
export const settled: Step<Setting> = Effect.gen(function* () {
  const world = yield* GroupsWorld
  const readings = yield* eventually(
    "all voters to agree on a leader",
    Effect.forEach(world.voters, (voter) => world.at(voter).status(world.group)),
    ([first, ...rest]) =>
      !first.electing && rest.every(({ leader, term }) => leader === first.leader && term === first.term)
  )
  const leader = readings[0].leader ?? ""
  const [follower, other] = world.voters.filter((voter) => voter !== leader)
  const status = readings.find(({ self }) => self === leader)
  if (follower === undefined || other === undefined || status === undefined) {
    return yield* new GroupsContractBroken({ expected: "a leader among the voters", found: leader })
  }
  return {
    group: world.group,
    leader,
    follower,
    other,
    nonVoter: world.nonVoter,
    beside: world.at(leader),
    besideFollower: world.at(follower),
    status
  }
})

/** Reads until the value is as it should be, for 20 s at most; failing to read is not it. */
export const eventually = <A, R>(
  expected: string,
  read: Effect.Effect<A, ConsensusError, R>,
  holds: (value: A) => boolean
): Effect.Effect<A, GroupsContractBroken, R> =>
  read.pipe(
    Effect.mapError((error) => new GroupsContractBroken({ expected, found: error.message })),
    Effect.tap((value) => expect(holds(value), expected, value)),
    Effect.retry({ schedule: Schedule.spaced("50 millis"), times: 400 })
  )

/** Runs the step while a replica is hung or dead, and brings the replica back whatever happens. */
export const whileDown = <A>(how: "hang" | "kill", replica: string, step: Step<A>): Step<A> =>
  Effect.gen(function* () {
    const world = yield* GroupsWorld
    return yield* Effect.acquireUseRelease(
      world[how](replica),
      () => step,
      () => world.revive(replica)
    )
  })

/** Expects the call to fail for this reason, and returns it. */
export const refusal = <Tag extends ConsensusError["reason"]["_tag"], A, R>(
  tag: Tag,
  call: Effect.Effect<A, ConsensusError, R>
): Effect.Effect<Extract<ConsensusError["reason"], { readonly _tag: Tag }>, GroupsContractBroken, R> =>
  Effect.matchEffect(call, {
    onSuccess: (value) =>
      Effect.fail(new GroupsContractBroken({ expected: tag, found: Formatter.format(value) })),
    onFailure: ({ reason }) =>
      hasTag(reason, tag)
        ? Effect.succeed(reason)
        : Effect.fail(new GroupsContractBroken({ expected: tag, found: `${reason._tag}: ${reason.message}` }))
  })

const hasTag = <Tag extends ConsensusError["reason"]["_tag"]>(
  reason: ConsensusError["reason"],
  tag: Tag
): reason is Extract<ConsensusError["reason"], { readonly _tag: Tag }> => reason._tag === tag

/** Expects the refusal, and leader and term to be as they were. */
export const refusedWithoutTrace = <Tag extends ConsensusError["reason"]["_tag"]>(
  setting: Setting,
  tag: Tag,
  call: Effect.Effect<unknown, ConsensusError>
) =>
  Effect.gen(function* () {
    const reason = yield* refusal(tag, call)
    const { leader, term } = yield* setting.beside.status(setting.group)
    const untouched = leader === setting.leader && term === setting.status.term
    yield* expect(untouched, `${setting.leader} to lead term ${setting.status.term} still`, { leader, term })
    return reason
  })
