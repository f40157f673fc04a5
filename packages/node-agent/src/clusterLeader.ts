/**
 * The agents' leadership as it can be asked for at any node: whoever leads answers, over a call between peers.
 *
 * Only the leader can let go, and only it knows who lends it a vote and how long it leads without another.
 */
import { type Election, LeadershipExplanation, NotLeading, TransferRefused } from "@coterie/election"
import { type CallFailed, NodeId, type PeerCalls } from "@coterie/membership"
import { Duration, Effect, Option, Schema } from "effect"

/** A leader was asked to hand leadership over. */
export const HandOver = Schema.Struct({
  from: NodeId,
  to: NodeId,
  /** The term that ends; whoever leads next does so in a later one. */
  term: Schema.Int,
  /** The old leader has let go; false while its work still stops, after which it does. */
  released: Schema.Boolean
})
/** A leader was asked to hand leadership over. */
export type HandOver = typeof HandOver.Type

/** Nobody is known to lead, or whoever led has just stopped; worth asking again soon. */
export class NoLeader extends Schema.TaggedError<NoLeader>()("NoLeader", { detail: Schema.String }) {
  override get message(): string {
    return this.detail
  }
}

/** An explanation, and who gave it. */
export interface ExplainedLeadership {
  readonly servedBy: NodeId
  /** Why the leader itself did not answer, when another node leads and this one had to. */
  readonly leaderSilence?: string
  readonly explanation: LeadershipExplanation
}

/** The agents' leadership, asked for at any node. */
export interface ClusterLeader {
  /**
   * Has the leader hand leadership to a member; answers when the leader has let go, or after 3 s while its work still stops. Fails with
   * `TransferRefused` when it goes on leading, and with `NoLeader`, also when the leader did not answer: then the outcome is unknown.
   */
  transfer(to: NodeId): Effect.Effect<HandOver, NoLeader | TransferRefused>
  /** Why the leader leads, in its own words when it answers; else as this node sees it. */
  readonly explain: Effect.Effect<ExplainedLeadership>
}

/** How long the answer to a transfer waits for the leader's work to stop. */
const releaseTimeout = Duration.seconds(3)
/** Time for a question to the leader and its answer. */
const answerTimeout = Duration.seconds(1)

const transferCall = "leader.transfer"
/** Name of the call that asks a node for its explanation. */
export const explainCall = "leader.explain"
const Wanted = Schema.toCodecJson(Schema.Struct({ to: NodeId }))
const Handed = Schema.toCodecJson(
  Schema.Result(HandOver, Schema.Union([NotLeading, TransferRefused, NoLeader]))
)
const Explained = Schema.toCodecJson(LeadershipExplanation)

/** Answers the peers until the scope closes; without a vote it explains nothing to them, as it would have to ask them. */
export const makeClusterLeader = Effect.fnUntraced(function* (
  election: Election["Service"],
  calls: PeerCalls["Service"],
  votes: boolean
) {
  const { self } = election

  const handOver = handOverHere(election)
  yield* answerHandOvers(election, calls, handOver)
  if (votes) yield* answerExplanations(election, calls)

  const askToHandOver = (leader: NodeId, to: NodeId) =>
    calls
      .call(leader, {
        name: transferCall,
        payload: { to },
        timeout: Duration.sum(releaseTimeout, answerTimeout)
      })
      .pipe(
        Effect.flatMap(Schema.decodeUnknownEffect(Handed)),
        Effect.mapError((error) => unanswered(leader, error)),
        Effect.flatMap(Effect.fromResult)
      )

  const explainHere = Effect.map(election.explain, (explanation): ExplainedLeadership => ({
    servedBy: self,
    explanation
  }))

  return {
    transfer: Effect.fn("ClusterLeader.transfer")(
      function* (to) {
        const { leader } = yield* election.leadership
        if (leader === undefined) return yield* new NoLeader({ detail: `${self} knows of no leader` })
        return yield* leader === self ? handOver(to) : askToHandOver(leader, to)
      },
      Effect.catchTag("NotLeading", ({ message }) => Effect.fail(new NoLeader({ detail: message })))
    ),
    explain: Effect.gen(function* () {
      const { leader } = yield* election.leadership
      if (leader === undefined || leader === self) return yield* explainHere
      return yield* calls.call(leader, { name: explainCall, payload: null, timeout: answerTimeout }).pipe(
        Effect.flatMap(Schema.decodeUnknownEffect(Explained)),
        Effect.map((explanation): ExplainedLeadership => ({ servedBy: leader, explanation })),
        Effect.catch((error) =>
          Effect.map(explainHere, (here) => ({ ...here, leaderSilence: unanswered(leader, error).detail }))
        )
      )
    }).pipe(Effect.withSpan("ClusterLeader.explain"))
  } satisfies ClusterLeader
})

/** Hands over as the leader; fails on every other node. */
const handOverHere = (election: Election["Service"]) =>
  Effect.fnUntraced(function* (to: NodeId) {
    const { term } = yield* election.leadership
    const released = Option.isSome(yield* Effect.timeoutOption(election.transfer(to), releaseTimeout))
    yield* Effect.logInfo("leadership was asked to move", { event: "leader.transfer", to, term, released })
    return { from: election.self, to, term, released } satisfies HandOver
  })

const answerHandOvers = (
  { self }: Election["Service"],
  calls: PeerCalls["Service"],
  handOver: ReturnType<typeof handOverHere>
) =>
  calls.answer(transferCall, (_, payload) =>
    Schema.decodeUnknownEffect(Wanted)(payload).pipe(
      Effect.mapError(
        () => new NoLeader({ detail: `${self} did not understand whom to hand leadership to` })
      ),
      Effect.flatMap(({ to }) => handOver(to)),
      Effect.result,
      Effect.flatMap(Schema.encodeEffect(Handed)),
      Effect.orDie
    )
  )

const answerExplanations = ({ explain }: Election["Service"], calls: PeerCalls["Service"]) =>
  calls.answer(explainCall, () => Effect.orDie(Effect.flatMap(explain, Schema.encodeEffect(Explained))))

const unanswered = (leader: NodeId, error: CallFailed | Schema.SchemaError): NoLeader =>
  new NoLeader({
    detail:
      error._tag === "CallFailed"
        ? `${leader}, which leads, did not answer (${error.kind}): ${error.detail}`
        : `${leader}, which leads, answered something that this version does not know`
  })
