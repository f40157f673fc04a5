/**
 * `Election` by votes that are lent for a lease: the smallest live member leads while a majority lends it theirs, and never two at once.
 *
 * Safe under cut links, pauses, crashes, and clocks whose rates are up to `drift` from true. The term is the epoch:
 * it belongs to one leader only and rises, so it is a fencing token. It also rises without a change of leader when somebody bid in vain; work
 * then ends and starts again under the new token. The rules are in `core/leasedQuorum.ts`.
 *
 * Wall clocks play no part. Provide `layerSuspendClock` where machines may be suspended. Change the members one at a time.
 */
import type { NodeId } from "@coterie/membership"
import { Duration, Effect, Layer, PubSub, Stream } from "effect"

import { transferRefusal } from "./core/leasedQuorumHindrance.ts"
import { explainLeasedQuorum } from "./core/leasedQuorumReasons.ts"
import { isLeader, leaseLeftMillis, liveMembers } from "./core/leasedQuorumState.ts"
import { quorumSize } from "./core/quorumSize.ts"
import { Election, type Leadership, TransferRefused } from "./Election.ts"
import { makeLeasedQuorumNode } from "./leasedQuorumNode.ts"
import {
  LeasedQuorumOptions,
  type LeasedQuorumOptionsInput,
  outlastsRound,
  timingOf
} from "./LeasedQuorumOptions.ts"
import { LeaseTransport } from "./LeaseTransport.ts"
import { mustLead, uninterrupted } from "./lettingGo.ts"
import type { PromiseStore, PromiseStoreFailed } from "./PromiseStore.ts"
import { makeLeaderWork } from "./whileLeader.ts"

/** Elects the smallest live id that a majority lends its votes to; the term is a fencing token. */
export const LeasedQuorumElection = {
  /**
   * Takes part in the election until its scope closes. Fails with `PromiseStoreFailed` when the promise of an earlier run cannot be read:
   * voting without it could elect two leaders. Options that break a rule of `LeasedQuorumOptions` are a defect.
   */
  layer: (
    options: LeasedQuorumOptionsInput = {}
  ): Layer.Layer<Election, PromiseStoreFailed, LeaseTransport | PromiseStore> =>
    Layer.effect(
      Election,
      Effect.suspend(() => make(LeasedQuorumOptions.make(options)))
    )
}

const make = Effect.fnUntraced(function* (options: typeof LeasedQuorumOptions.Type) {
  const transport = yield* LeaseTransport
  yield* outlastsRound(options, transport)
  const { self } = transport
  const scope = yield* Effect.scope
  const latest = yield* PubSub.sliding<Leadership>({ capacity: 1, replay: 1 })
  const changes = Stream.changesWith(Stream.fromPubSub(latest), isSame)
  const announce = (leadership: Leadership) => Effect.asVoid(PubSub.publish(latest, leadership))
  const work = yield* makeLeaderWork(self, changes, {
    remaining: (term): Effect.Effect<Duration.Duration> =>
      Effect.map(node.query(leaseLeftMillis(term)), Duration.millis),
    termIsFencingToken: true
  })
  const node = yield* makeLeasedQuorumNode(timingOf(options, transport), {
    announce,
    // In the layer's scope: work that resigns is itself interrupted, and must not take the hand-over with it.
    stopWork: (stopped) => Effect.asVoid(Effect.forkIn(work.afterWork(stopped), scope))
  })
  // Nobody renews any more, so work ends.
  yield* Effect.addFinalizer(() =>
    Effect.flatMap(node.leadership, ({ term }) => announce({ leader: undefined, term }))
  )
  yield* transport.attach({
    onRound: node.offer({ _tag: "Beat" }),
    onMessage: (from, message) => node.offer({ _tag: "Received", from, message }),
    config: yield* node.query(({ config }) => config),
    onConfig: (from, config) => node.offer({ _tag: "ConfigHeard", from, config })
  })
  yield* node.poll.pipe(Effect.delay(options.poll), Effect.forever, Effect.forkScoped)

  const view = { self, isLeader: node.query(isLeader), leadership: node.leadership }
  const released = Stream.runHead(
    Stream.filterEffect(changes, () => node.query(({ role }) => role._tag !== "Holder"))
  )
  const stepDown = (to: NodeId | undefined) =>
    Effect.asVoid(Effect.andThen(node.apply({ _tag: "StepDown", to }), released))

  return Election.of({
    ...view,
    quorum: node.query((state, nowMillis) => {
      const alive = liveMembers(state, nowMillis).length
      const needed = quorumSize(state.members.length)
      return { alive, needed, present: alive >= needed }
    }),
    changes,
    whileLeader: work.whileLeader,
    resign: mustLead(view).pipe(
      Effect.andThen(stepDown(undefined)),
      uninterrupted(scope),
      Effect.withSpan("LeasedQuorumElection.resign")
    ),
    transfer: Effect.fn("LeasedQuorumElection.transfer")(function* (to) {
      yield* mustLead(view)
      const refusal = yield* node.query((state, nowMillis) => transferRefusal(state, to, nowMillis))
      if (refusal !== undefined) return yield* new TransferRefused({ node: self, to, ...refusal })
      yield* stepDown(to)
    }, uninterrupted(scope)),
    explain: Effect.flatMap(node.leadership, ({ term }) =>
      node.query((state, nowMillis) => explainLeasedQuorum(state, nowMillis, term))
    )
  })
})

const isSame = (one: Leadership, other: Leadership): boolean =>
  one.leader === other.leader && one.term === other.term
