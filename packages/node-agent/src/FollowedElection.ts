/**
 * The election as a node sees it that has no vote: it asks the voters who leads, and never leads itself.
 */
import { Election, type Leadership, LeadershipExplanation, NotLeading, type Quorum } from "@coterie/election"
import { type Member, Membership, NodeId, PeerCalls } from "@coterie/membership"
import {
  Clock,
  Duration,
  Effect,
  Layer,
  Option,
  Order,
  Schedule,
  Schema,
  Stream,
  SubscriptionRef
} from "effect"

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
/** What a voter knows of leadership. */
const Now = Schema.Struct({
  leader: Schema.NullOr(NodeId),
  term: Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)),
  quorum: Schema.Struct({ alive: Schema.Int, needed: Schema.Int, present: Schema.Boolean })
})
type Now = typeof Now.Type
const noVote = "noVote"
const Answer = Schema.Union([Now, Schema.Literal(noVote)])
type Answer = typeof Answer.Type
const decodeAnswer = Schema.decodeUnknownEffect(Answer)

/** Tells followers who leads, or that this node follows too, until the scope closes. */
export const answerFollowers = (election: Election["Service"], calls: PeerCalls["Service"], votes: boolean) =>
  calls.answer(
    leadershipCall,
    Effect.fnUntraced(function* () {
      if (!votes) return noVote
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
  const membership = yield* Membership
  const { self } = membership
  const told = yield* SubscriptionRef.make<Told>({
    leadership: { leader: undefined, term: 0 },
    quorum: noQuorum(options)
  })
  const leadership = Effect.map(SubscriptionRef.get(told), (now) => now.leadership)
  const askVoters = makeAskVoters(options, yield* PeerCalls, leadership)
  yield* follow(options, { membership, told, askVoters })

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
      const [explained] = yield* askVoters(explainCall, decodeExplanation, () => true)
      return explained ?? unexplained(self, options, yield* leadership)
    })
  })
})

const noQuorum = ({ voters }: FollowOptions): Quorum => ({
  alive: 0,
  needed: Math.floor(voters.length / 2) + 1,
  present: false
})

interface Following {
  readonly membership: Membership["Service"]
  readonly told: SubscriptionRef.SubscriptionRef<Told>
  readonly askVoters: ReturnType<typeof makeAskVoters>
}

/** Asks round after round, and forgets the leader when nobody has answered for long, also in the middle of a round, until the scope closes. */
const follow = Effect.fnUntraced(function* (
  options: FollowOptions,
  { askVoters, membership: { members, self }, told }: Following
) {
  const { deadAfter, interval, termsFence } = options
  const warnNoVoters = makeWarnNoVoters(self, options)
  /** Start of the first round that nobody has answered; pauses in between are nobody's silence. */
  let silentSinceMillis: number | undefined

  const look = Effect.gen(function* () {
    silentSinceMillis ??= yield* monotonicMillis
    const { term } = (yield* SubscriptionRef.get(told)).leadership
    const isNews = (said: Answer) => said === noVote || !termsFence || said.term >= term
    const answers = yield* askVoters(
      leadershipCall,
      (answer) => Effect.filterOrFail(decodeAnswer(answer), isNews),
      (said) => said !== noVote && isSure(said)
    )
    const known = answers.filter((said) => said !== noVote)
    yield* warnNoVoters(answers.length - known.length)
    const now = bestOf(known, termsFence)
    if (now === undefined) return
    silentSinceMillis = undefined
    const leadership = { leader: now.leader ?? undefined, term: Math.max(term, now.term) }
    yield* SubscriptionRef.set(told, { quorum: now.quorum, leadership })
  })
  const pause = Effect.map(members, (all) =>
    Duration.max(interval, Duration.seconds(all.filter(isAround).length / questionsPerSecond))
  )
  yield* Effect.forkScoped(Effect.forever(Effect.andThen(look, Effect.flatMap(pause, Effect.sleep))))

  const forgetWhenSilent = Effect.gen(function* () {
    const silentMillis = (yield* monotonicMillis) - (silentSinceMillis ?? Infinity)
    if (silentMillis < Duration.toMillis(deadAfter)) return
    yield* SubscriptionRef.update(told, ({ leadership: { term } }) => ({
      quorum: noQuorum(options),
      leadership: { leader: undefined, term }
    }))
  })
  yield* Effect.forkScoped(Effect.repeat(forgetWhenSilent, Schedule.spaced(interval)))
})

/** Those that ask too, maybe. */
const isAround = ({ state }: Member) => state === "alive" || state === "suspect"

const isSure = ({ leader, quorum }: Now): boolean => leader !== null && quorum.present

/**
 * The last answer when it named a leader with a majority, which ends a round. Else nobody is sure, and the newest term counts where terms
 * fence; among equals an answer that names a leader, as a voter that is cut off names none.
 */
const bestOf = (answers: ReadonlyArray<Now>, termsFence: boolean): Now | undefined => {
  const rank = (now: Now) => [isSure(now) ? 1 : 0, termsFence ? now.term : 0, now.leader === null ? 0 : 1]
  const byRank = Order.mapInput(Order.Array(Order.Number), rank)
  return answers.toSorted(byRank).at(-1)
}

/** Says once that nobody votes, until somebody does again. */
const makeWarnNoVoters = (self: NodeId, { voters }: FollowOptions) => {
  let isWarned = false
  return Effect.fnUntraced(function* (withoutVote: number) {
    const nobodyVotes = withoutVote === voters.length
    const isNews = nobodyVotes && !isWarned
    isWarned = nobodyVotes
    if (!isNews) return
    yield* Effect.logWarning(
      "nobody votes: each node of membership.peers says that it is not in its own list; with SWIM list all voters, also the node itself, the same on every node",
      { event: "election.no_voters", node: self, voters }
    )
  })
}

/** Asks voter after voter, the leader first, as it knows best, and returns what could be read up to the first answer that is enough. */
const makeAskVoters = (
  { interval, voters }: FollowOptions,
  calls: PeerCalls["Service"],
  leadership: Effect.Effect<Leadership>
) => {
  let turn = 0
  return Effect.fnUntraced(function* <A, E>(
    name: string,
    read: (answer: Schema.Json) => Effect.Effect<A, E>,
    isEnough: (answer: A) => boolean
  ) {
    const { leader } = yield* leadership
    turn = (turn + 1) % Math.max(1, voters.length)
    const inTurn = [...voters.slice(turn), ...voters.slice(0, turn)]
    const order = leader === undefined ? inTurn : [leader, ...inTurn.filter((id) => id !== leader)]
    const answers: Array<A> = []
    for (const voter of order) {
      const answer = yield* calls
        .call(voter, { name, payload: null, timeout: interval })
        .pipe(Effect.flatMap(read), Effect.option)
      if (Option.isNone(answer)) continue
      answers.push(answer.value)
      if (isEnough(answer.value)) break
    }
    return answers
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
