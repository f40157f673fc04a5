/** What a policy sees of one group in one round, and what it may answer. */

/** A voter that did not answer, and what was heard instead. */
export interface UnreachableVoter {
  readonly id: string
  readonly detail: string
}

/** Everything measured about one group in one round: the whole input of a policy. */
export interface GroupView {
  /** The local engine node. */
  readonly self: string
  readonly leader: string | undefined
  /** Round trip in ms to each voter that answered, self left out. */
  readonly rowMillis: ReadonlyMap<string, number>
  /** Voters that did not answer the engine or no probe. */
  readonly unreachable: ReadonlyArray<UnreachableVoter>
  /** What is left of the group's rest after its last attempt; 0 when it is over. */
  readonly cooldownRemainingMillis: number
  readonly rttThresholdMillis: number
}

/** Why a policy leaves leadership where it is. */
export type PolicyReason =
  | { readonly _tag: "notLeader"; readonly leader: string | undefined }
  | { readonly _tag: "singleVoter" }
  | { readonly _tag: "voterUnreachable"; readonly voters: ReadonlyArray<UnreachableVoter> }
  | {
      readonly _tag: "withinThreshold"
      readonly nearest: string
      readonly nearestMillis: number
      readonly thresholdMillis: number
    }
  | {
      readonly _tag: "cooldown"
      readonly target: string
      readonly gainMillis: number
      readonly remainingMillis: number
    }

/** What a policy wants. */
export type Verdict =
  | { readonly _tag: "Stay"; readonly reason: PolicyReason }
  | { readonly _tag: "Transfer"; readonly target: string; readonly gainMillis: number }

/** Decides about one group: the same view always gets the same verdict. */
export type LeaderPolicy = (view: GroupView) => Verdict
