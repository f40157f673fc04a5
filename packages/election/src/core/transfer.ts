/**
 * The rules of a hand-over that every engine shares: what is refused before anything is sent, and how the outcome is read afterwards.
 */
import type { GroupStatus, TransferOutcome } from "../ConsensusGroups.ts"

/** Why a hand-over must not be asked for. */
export type TransferRefusal =
  | { readonly _tag: "NotLeader"; readonly leader: string | undefined }
  | { readonly _tag: "StaleTerm"; readonly expected: number; readonly actual: number | undefined }
  | { readonly _tag: "AlreadyLeader"; readonly target: string }
  | { readonly _tag: "NotEligible"; readonly target: string; readonly detail: string }
  | { readonly _tag: "UnknownTarget"; readonly target: string }
  | { readonly _tag: "TransferInProgress" }

/**
 * Checks a hand-over against the group's status as read just now; undefined means that it may be sent, once the target answered a probe.
 * A target without a vote is refused here because an engine may accept it, lose its leader for seconds and move nothing (rqlite does).
 */
export const refuseTransfer = (
  status: GroupStatus,
  target: string,
  expectedTerm: number | undefined
): TransferRefusal | undefined => {
  const refusal = refuseForeign(status, expectedTerm)
  if (refusal !== undefined) return refusal
  if (target === status.self) return { _tag: "AlreadyLeader", target }
  if (status.nonVoters.some((replica) => replica.id === target)) {
    return { _tag: "NotEligible", target, detail: "it has no vote" }
  }
  if (!status.voters.some((replica) => replica.id === target)) return { _tag: "UnknownTarget", target }
  return status.electing ? { _tag: "TransferInProgress" } : undefined
}

/** The same for a step-down, which names no target. */
export const refuseStepDown = (
  status: GroupStatus,
  expectedTerm: number | undefined
): TransferRefusal | undefined =>
  refuseForeign(status, expectedTerm) ?? (status.electing ? { _tag: "TransferInProgress" } : undefined)

const refuseForeign = (
  { leader, self, term }: GroupStatus,
  expectedTerm: number | undefined
): TransferRefusal | undefined => {
  if (leader !== self) return { _tag: "NotLeader", leader }
  return expectedTerm !== undefined && expectedTerm !== term
    ? { _tag: "StaleTerm", expected: expectedTerm, actual: term }
    : undefined
}

/**
 * Reads a hand-over's outcome from a status taken after it was sent; undefined means too early to tell, look again. A step-down has no target.
 * The old leader in the old term may still be about to step down; in a newer term it has won the election that the hand-over caused.
 */
export const judgeTransfer = (
  before: GroupStatus,
  target: string | undefined,
  now: Pick<GroupStatus, "leader" | "term" | "electing">
): TransferOutcome | undefined => {
  const { electing, leader, term } = now
  if (leader === undefined || electing) return undefined
  const termRose = term === undefined || before.term === undefined || term > before.term
  if (!termRose) return undefined
  if (leader === target) return { _tag: "Moved", leader, term }
  if (leader !== before.leader) return { _tag: "MovedElsewhere", leader, term }
  return term === undefined ? undefined : { _tag: "Unchanged", leader }
}

/** The outcome when the time to look is over: `last` is the last status read, undefined when none could be. */
export const judgeAtDeadline = (
  before: GroupStatus,
  last: Pick<GroupStatus, "leader"> | undefined
): TransferOutcome =>
  last?.leader !== undefined && last.leader === before.leader
    ? { _tag: "Unchanged", leader: last.leader }
    : { _tag: "Unknown" }
