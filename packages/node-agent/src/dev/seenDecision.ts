/** Puts a decision about the group's leadership into the terms of the view. */
import type { Decision } from "@coterie/locality"

import { describeAction } from "../cli/describeAction.ts"
import type { SeenDecision } from "./core/demoState.ts"

/** The decision of this node's agent. */
export const seenDecision = (node: string, { action, at, leader, row, term }: Decision): SeenDecision => {
  const seen = { node, row, term, leads: leader === node, sentence: describeAction(action) }
  if (action._tag === "Stay") {
    const { reason } = action
    return {
      ...seen,
      gist: `${reason._tag} in term ${term}`,
      transfer: undefined,
      wellPlaced: reason._tag === "gainTooSmall" && reason.best === leader
    }
  }
  const { outcome, target, tookMillis } = action
  return {
    ...seen,
    gist: `transfer at ${at}`,
    transfer: { from: node, to: target, outcome: outcome._tag, tookMillis },
    wellPlaced: false
  }
}
