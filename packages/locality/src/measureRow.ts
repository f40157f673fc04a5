/** One round of probes: the minimum round trip to each peer, or why there is none. */
import type { Replica } from "@coterie/election"
import { Duration, Effect, type Types } from "effect"

import type { UnreachableVoter } from "./core/LeaderPolicy.ts"
import type { LocalityOptions } from "./LocalityOptions.ts"
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

/** Probes the peers, some at a time; the fastest of each peer's probes counts, because noise only ever adds. */
export const measureRounds = Effect.fnUntraced(function* (
  probe: RttProbe["Service"],
  group: string,
  peers: ReadonlyArray<Replica>,
  options: LocalityOptions
) {
  const rounds = yield* Effect.forEach(
    peers,
    ({ id, address }) =>
      Effect.map(measureRound(probe, { group, id, address }, options), (round) => [id, round] as const),
    { concurrency: options.probeConcurrency }
  )
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

const measureRound = Effect.fnUntraced(function* (
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
