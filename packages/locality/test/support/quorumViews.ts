import { readFileSync } from "node:fs"

import type { MatrixPolicyLimits } from "../../src/core/matrixPolicy.ts"
import { quorumLatency } from "../../src/core/quorumLatency.ts"
import type { QuorumReason, QuorumVerdict } from "../../src/core/QuorumVerdict.ts"
import { measuredDistance, type QuorumView } from "../../src/core/QuorumView.ts"
import { type GuardState, unguarded } from "../../src/core/transferGuards.ts"

/** The defaults of the options, as numbers. */
export const patient: MatrixPolicyLimits = {
  persistenceRounds: 3,
  persistenceMillis: 60_000,
  settleMillis: 60_000,
  cooldownMillis: 600_000,
  attemptsPerDay: 3,
  evacuationMillis: 30_000,
  gainMillis: 5,
  gainRatio: 0.05,
  rho: 1,
  allowEstimated: false,
  allowUntargeted: false,
  strictAllReachable: false,
  preference: []
}

/** Guards that never make anybody wait. */
export const eager: MatrixPolicyLimits = {
  ...patient,
  persistenceRounds: 1,
  persistenceMillis: 0,
  settleMillis: 0,
  cooldownMillis: 0,
  evacuationMillis: 0,
  attemptsPerDay: 32
}

/** Round trips by index and index, in ms. */
export type Rtts = ReadonlyArray<ReadonlyArray<number>>

/** A healthy group led from `leader`; its agent knows all round trips, to `errorMillis`. */
export const viewOf = (
  ids: ReadonlyArray<string>,
  rtts: Rtts,
  leader: string,
  { errorMillis = 0, ...changes }: Partial<QuorumView> & { readonly errorMillis?: number } = {}
): QuorumView => ({
  nowMillis: 0,
  self: leader,
  leader,
  term: 1,
  electing: false,
  voters: ids.map((id) => ({ id, alive: true, ineligible: undefined, appendMillis: 0, penaltyMillis: 0 })),
  distances: rtts.map((row) => row.map((millis) => measuredDistance(millis, errorMillis))),
  origins: [],
  paused: false,
  draining: false,
  targeted: true,
  agentRestMillis: 0,
  ...changes
})

/** One voter 256 ms from four neighbours, which are 20 ms apart. */
export const farIds = ["far", "n1", "n2", "n3", "n4"]
export const farRtts: Rtts = farIds.map((from) =>
  farIds.map((to) => (from === to ? 0 : from === "far" || to === "far" ? 256 : 20))
)

/** The group above with a voter changed. */
export const changeVoter = (
  view: QuorumView,
  id: string,
  change: Partial<QuorumView["voters"][number]>
): QuorumView => ({
  ...view,
  voters: view.voters.map((voter) => (voter.id === id ? { ...voter, ...change } : voter))
})

export const targetOf = (verdict: QuorumVerdict): string | undefined =>
  verdict._tag === "Transfer" ? verdict.target : undefined

export const reasonOf = (verdict: QuorumVerdict): QuorumReason | undefined =>
  verdict._tag === "Stay" ? verdict.reason : undefined

/** The verdict of an agent that sees this for the first time. */
export const first = (view: QuorumView, limits: MatrixPolicyLimits = eager): QuorumVerdict =>
  quorumLatency(unguarded, view, limits)[1]

/** The verdicts of an agent that sees these one after the other. */
export const watch = (
  views: ReadonlyArray<QuorumView>,
  limits: MatrixPolicyLimits = patient,
  begin: GuardState = unguarded
): { readonly state: GuardState; readonly verdicts: ReadonlyArray<QuorumVerdict> } => {
  const verdicts: Array<QuorumVerdict> = []
  let state = begin
  for (const view of views) {
    const [next, verdict] = quorumLatency(state, view, limits)
    state = next
    verdicts.push(verdict)
  }
  return { state, verdicts }
}

const aws = JSON.parse(readFileSync(new URL("../testdata/aws-rtt.json", import.meta.url), "utf8")) as {
  readonly regions: ReadonlyArray<string>
  readonly rttMs: Rtts
}

/** The regions of the data. */
export const awsRegions = aws.regions

const awsMillis = (from: string, to: string): number =>
  aws.rttMs[aws.regions.indexOf(from)]?.[aws.regions.indexOf(to)] ?? Number.NaN

/** Round trips between AWS regions, symmetric; where they come from is noted in the file. */
export const awsRtts = (regions: ReadonlyArray<string>): Rtts =>
  regions.map((from) =>
    regions.map((to) => (from === to ? 0 : (awsMillis(from, to) + awsMillis(to, from)) / 2))
  )
