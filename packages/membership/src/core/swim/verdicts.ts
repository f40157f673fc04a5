/** Suspicions that run out become deaths, at the incarnation that was suspected and no other. */
import { merge } from "./merge.ts"
import type { Trouble, Turn } from "./swimState.ts"

/** Passes the verdicts that are due, and finds out when the next one is. */
export const onVerdictsDue = (turn: Turn): void => {
  const { nowMillis, state } = turn
  state.due.verdicts = Infinity
  if (nowMillis < state.verdictsHeldUntilMillis) {
    state.due.verdicts = state.verdictsHeldUntilMillis
    return
  }
  for (const trouble of state.table.suspicions) {
    const { suspicion } = trouble
    if (suspicion === undefined) continue
    if (suspicion.deadlineMillis <= nowMillis && state.isolated && !suspicion.extended) {
      suspicion.extended = true
      suspicion.deadlineMillis = nowMillis + suspicion.minMillis
    }
    if (suspicion.deadlineMillis <= nowMillis) condemn(turn, trouble)
    else state.due.verdicts = Math.min(state.due.verdicts, suspicion.deadlineMillis)
  }
}

const condemn = (turn: Turn, { fact, suspicion }: Trouble): void => {
  if (fact.kind !== "suspect") return
  const by = turn.state.self.id
  const evidence = { ...fact.evidence, confirmations: suspicion?.confirmedBy.length ?? 0 }
  merge(
    turn,
    { ...fact, kind: "dead", by, evidence },
    { via: "self", from: by, address: undefined, ageMillis: 0 }
  )
}
