/** One round of probes: the minimum round trip to each peer, or why there is none. */
import type { GroupStatus, Replica } from "@coterie/election"
import { Duration, Effect, type Types } from "effect"

import type { UnreachableVoter } from "./core/LeaderPolicy.ts"
import type { LocalityOptions } from "./LocalityOptions.ts"
import { placeOf } from "./placeOf.ts"
import type { Pass } from "./Reconciliation.ts"
import type { ProbeTarget, RttProbe } from "./RttProbe.ts"

/** One peer's round. */
export interface MeasuredRound {
  /** Undefined while no probe came back. */
  readonly bestMillis: number | undefined
  /** Why the last failed probe failed. */
  readonly detail: string
  readonly sent: number
  readonly answered: number
}

/** What one round found out, by peer. */
export type MeasuredRounds = ReadonlyMap<string, MeasuredRound>

/**
 * Probes the peers, some at a time, less those that another look of the pass probes. `onRound` hears of each round that is made, before
 * anybody gets it.
 */
export const measureRounds = Effect.fnUntraced(function* (
  { options, probe, shareRound }: Pass,
  { group, self, voters }: GroupStatus,
  peers: ReadonlyArray<Replica>,
  onRound: (to: string, round: MeasuredRound) => Effect.Effect<void> = () => Effect.void
) {
  const own = voters.find(({ id }) => id === self)
  const from = own === undefined ? self : placeOf(own)
  const measure = (peer: Replica) => {
    const to = placeOf(peer)
    const target = { group, id: peer.id, address: peer.address }
    const round = Effect.tap(measureRound(probe, target, options), (made) => onRound(to, made))
    return Effect.map(shareRound(JSON.stringify([from, to]), round), (shared) => [peer.id, shared] as const)
  }
  const rounds = yield* Effect.forEach(peers, measure, { concurrency: options.probeConcurrency })
  return new Map(rounds) satisfies MeasuredRounds
})

/** Who answered how fast, and who did not. */
export interface MeasuredRow {
  readonly rowMillis: ReadonlyMap<string, number>
  readonly unreachable: ReadonlyArray<UnreachableVoter>
}

/** The rounds as a row. */
export const rowOf = (rounds: MeasuredRounds): MeasuredRow => {
  const rowMillis = new Map<string, number>()
  const unreachable: Array<UnreachableVoter> = []
  for (const [id, { bestMillis, detail }] of rounds) {
    if (bestMillis === undefined) unreachable.push({ id, detail })
    else rowMillis.set(id, bestMillis)
  }
  return { rowMillis, unreachable }
}

/** Probes one peer; the fastest of its probes counts, because noise only ever adds. */
export const measureRound = Effect.fnUntraced(function* (
  probe: RttProbe["Service"],
  target: ProbeTarget,
  { probesPerRound, probeSpacing, probeTimeout }: LocalityOptions
) {
  const round: Types.Mutable<MeasuredRound> = {
    bestMillis: undefined,
    detail: "no probe came back in time",
    sent: 0,
    answered: 0
  }
  const take = Effect.suspend(() => {
    round.sent += 1
    return Effect.match(probe.measure(target), {
      onFailure: (failure) => {
        round.detail = failure.message
      },
      onSuccess: (rtt) => {
        const millis = Duration.toMillis(rtt)
        if (!Number.isFinite(millis) || millis < 0) round.detail = `the probe said ${millis} ms`
        else {
          round.bestMillis = Math.min(millis, round.bestMillis ?? millis)
          round.answered += 1
        }
      }
    })
  })
  const all = Effect.andThen(
    take,
    Effect.replicateEffect(Effect.andThen(Effect.sleep(probeSpacing), take), probesPerRound - 1, {
      discard: true
    })
  )
  yield* Effect.timeoutOption(all, probeTimeout)
  return round satisfies MeasuredRound
})
