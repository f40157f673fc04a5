/**
 * Is it them or me? When the last rounds failed against different members and the helpers are silent too, this node is the likelier
 * one to be cut off. Then its verdicts wait for one more minimum, which spares a burst of false failures when the network comes back.
 */
import { emit, type SwimState, type Turn } from "./swimState.ts"

/** Rounds that are looked at. */
const roundsMax = 4

/** Notes how a round ended, and whether that changes the answer. */
export const noteOutcome = (turn: Turn, outcome: SwimState["outcomes"][number]): void => {
  const { state } = turn
  state.outcomes.push(outcome)
  if (state.outcomes.length > roundsMax) state.outcomes.shift()
  const isolated = state.options.isolation && seemsIsolated(state)
  if (isolated === state.isolated) return
  state.isolated = isolated
  emit(turn, { _tag: isolated ? "Isolated" : "Reconnected" })
}

const seemsIsolated = ({ awareness, options, outcomes, table }: SwimState): boolean => {
  if (options.awarenessMax > 1 && awareness === options.awarenessMax - 1) return true
  if (!outcomes.some(({ failed }) => failed)) return false
  const rounds = Math.min(roundsMax, table.present - 1)
  const recent = rounds > 0 ? outcomes.slice(-rounds) : []
  if (recent.length < rounds || new Set(recent.map(({ slot }) => slot)).size < rounds) return false
  const failed = recent.filter((outcome) => outcome.failed)
  const expected = failed.reduce((sum, outcome) => sum + outcome.expected, 0)
  const nacks = failed.reduce((sum, outcome) => sum + outcome.nacks, 0)
  return failed.length >= 0.75 * rounds && nacks < expected / 2
}
