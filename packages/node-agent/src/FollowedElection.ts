/**
 * The election as a node sees it that has no vote: it asks the voters who leads, and never leads itself.
 */
import { Election, type Leadership, LeadershipExplanation, NotLeading, type Quorum } from "@coterie/election"
import { Membership, NodeId, PeerCalls } from "@coterie/membership"
import { Clock, Duration, Effect, Layer, Option, Schema, Stream, SubscriptionRef } from "effect"

import { explainCall } from "./clusterLeader.ts"

/** What is followed. */
export interface FollowOptions {
  readonly voters: ReadonlyArray<NodeId>
  /** Time between two questions, and for an answer; longer where many ask. */
  readonly interval: Duration.Duration
  /** Silence of all voters after which nobody is known to lead. */
  readonly deadAfter: Duration.Duration
  /** Terms are fencing tokens: an answer with a smaller one is old. */
  readonly termsFence: boolean
}

/** Questions that all followers together put to the voters in a second, about. */
const questionsPerSecond = 100

const leadershipCall = "leader.now"
const Now = Schema.Struct({
  leader: Schema.NullOr(NodeId),
  term: Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)),
  quorum: Schema.Struct({ alive: Schema.Int, needed: Schema.Int, present: Schema.Boolean })
})
const decodeNow = Schema.decodeUnknownEffect(Now)

/** Tells followers who leads until the scope closes. */
export const answerFollowers = (election: Election["Service"], calls: PeerCalls["Service"]) =>
  calls.answer(
    leadershipCall,
    Effect.fnUntraced(function* () {
      const { leader = null, term } = yield* election.leadership
      return { leader, term, quorum: { ...(yield* election.quorum) } }
    })
  )

/** `Election` of a node without a vote. */
export const FollowedElection = {
  /** Follows until its scope closes; `whileLeader` waits for ever. */
  layer: (options: FollowOptions): Layer.Layer<Election, never, Membership | PeerCalls> =>
    Layer.effect(Election, make(options))
}

/** What a node without a vote was told last. */
interface Told {
  readonly leadership: Leadership
  readonly quorum: Quorum
}

const make = Effect.fnUntraced(function* (options: FollowOptions) {
  const { members, self } = yield* Membership
  const noQuorum: Quorum = { alive: 0, needed: Math.floor(options.voters.length / 2) + 1, present: false }
  const told = yield* SubscriptionRef.make<Told>({
    leadership: { leader: undefined, term: 0 },
    quorum: noQuorum
  })
  const leadership = Effect.map(SubscriptionRef.get(told), (now) => now.leadership)
  const askVoters = makeAskVoters(options, yield* PeerCalls, leadership)
  let heardMillis = yield* monotonicMillis

  const look = Effect.gen(function* () {
    const { leader, term } = yield* leadership
    const now = yield* askVoters(leadershipCall, (answer) =>
      Effect.filterOrFail(decodeNow(answer), (said) => !options.termsFence || said.term >= term)
    )
    const nowMillis = yield* monotonicMillis
    if (now !== undefined) heardMillis = nowMillis
    const isLost = nowMillis - heardMillis > Duration.toMillis(options.deadAfter)
    yield* SubscriptionRef.update(told, (before) =>
      now === undefined
        ? {
            quorum: isLost ? noQuorum : before.quorum,
            leadership: { leader: isLost ? undefined : leader, term }
          }
        : {
            quorum: now.quorum,
            leadership: { leader: now.leader ?? undefined, term: Math.max(term, now.term) }
          }
    )
  })
  const pause = Effect.map(members, ({ length }) =>
    Duration.max(options.interval, Duration.seconds(length / questionsPerSecond))
  )
  yield* Effect.forkScoped(Effect.forever(Effect.andThen(look, Effect.flatMap(pause, Effect.sleep))))

  const notLeading = Effect.flatMap(leadership, ({ leader }) =>
    Effect.fail(new NotLeading({ node: self, leader }))
  )
  return Election.of({
    self,
    leadership,
    isLeader: Effect.succeed(false),
    quorum: Effect.map(SubscriptionRef.get(told), ({ quorum }) => quorum),
    changes: Stream.changesWith(
      Stream.map(SubscriptionRef.changes(told), (now) => now.leadership),
      (one, other) => one.leader === other.leader && one.term === other.term
    ),
    whileLeader: () => Effect.never,
    resign: notLeading,
    transfer: () => notLeading,
    explain: Effect.gen(function* () {
      const explained = yield* askVoters(explainCall, decodeExplanation)
      return explained ?? unexplained(self, options, yield* leadership)
    })
  })
})

/** Asks voter after voter, the leader first, as it knows best, until one answers something that can be read; undefined when none does. */
const makeAskVoters = (
  { interval, voters }: FollowOptions,
  calls: PeerCalls["Service"],
  leadership: Effect.Effect<Leadership>
) => {
  let turn = 0
  return Effect.fnUntraced(function* <A, E>(
    name: string,
    read: (answer: Schema.Json) => Effect.Effect<A, E>
  ) {
    const { leader } = yield* leadership
    turn = (turn + 1) % Math.max(1, voters.length)
    const inTurn = [...voters.slice(turn), ...voters.slice(0, turn)]
    const order = leader === undefined ? inTurn : [leader, ...inTurn.filter((id) => id !== leader)]
    for (const voter of order) {
      const answer = yield* calls
        .call(voter, { name, payload: null, timeout: interval })
        .pipe(Effect.flatMap(read), Effect.option)
      if (Option.isSome(answer)) return answer.value
    }
    return undefined
  })
}

const decodeExplanation = Schema.decodeUnknownEffect(Schema.toCodecJson(LeadershipExplanation))

/** Nobody who knows answers. */
const unexplained = (
  self: NodeId,
  { termsFence, voters }: FollowOptions,
  { leader, term }: Leadership
): LeadershipExplanation => ({
  strategy: termsFence ? "leasedQuorum" : "quorum",
  self,
  ...(leader === undefined ? {} : { leader }),
  term,
  rule: "noQuorum",
  members: voters.map((id) => ({ id, reason: "dead", detail: `did not answer ${self}, which has no vote` }))
})

const monotonicMillis = Effect.map(Clock.monotonicTimeNanos, (nanos) => Number(nanos / 1_000_000n))
