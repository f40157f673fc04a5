/**
 * When a node that starts has joined on SWIM.
 *
 * A node that was refused stays outside until somebody lets it in: as a cluster of one it would look ready, and an orchestrator that restarts
 * node after node would go on to lock out the next.
 */

/** What is seen of SWIM at one round. */
export interface JoinSight {
  /** What came of the last attempt to enter through seeds; undefined before its end, and without seeds. */
  readonly lastJoin: "answered" | "no_answer" | "refused" | "name_conflict" | undefined
  /** An attempt is under way. */
  readonly isJoining: boolean
  /** Another member is alive. */
  readonly hasCompany: boolean
}

/** How far a node has come. */
export interface StartupJoin {
  readonly isJoined: boolean
  /** A seed once said no, or the name is taken. */
  readonly wasRefused: boolean
  /** Rounds in a row after attempts that nobody answered. */
  readonly quietRounds: number
}

/** A node that has only just started. */
export const notJoined: StartupJoin = { isJoined: false, wasRefused: false, quietRounds: 0 }

/** One round later; a first node, whom nobody answers for so many rounds, is a cluster of its own. */
export const watchJoin = (before: StartupJoin, sight: JoinSight, quietRoundsMax: number): StartupJoin => {
  const { hasCompany, isJoining, lastJoin } = sight
  const wasRefused = before.wasRefused || lastJoin === "refused" || lastJoin === "name_conflict"
  const quietRounds = lastJoin === "no_answer" ? before.quietRounds + 1 : 0
  const hasNobodyToAsk = lastJoin === undefined && !isJoining
  const isFirst = !wasRefused && (hasNobodyToAsk || quietRounds >= quietRoundsMax)
  return {
    wasRefused,
    quietRounds,
    isJoined: before.isJoined || hasCompany || lastJoin === "answered" || isFirst
  }
}
