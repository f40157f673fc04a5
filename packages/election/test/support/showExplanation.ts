import type { LeadershipExplanation } from "../../src/index.ts"

/** An explanation in lines: who leads by what rule, then each member with its vote, lent to the leader (+) or not (-). */
export const showExplanation = (explained: LeadershipExplanation): ReadonlyArray<string> => {
  const { leader, leaseLeftMillis, members, rule, self, strategy, term } = explained
  const left = leaseLeftMillis === undefined ? "" : `, ${leaseLeftMillis} ms left`
  return [
    `${self} of a ${strategy}: ${leader ?? "nobody"} leads, term ${term}${left}: ${rule}`,
    ...members.map(
      ({ detail, grants, id, reason }) =>
        `  ${id}${grants === undefined ? "" : grants ? " +" : " -"} ${reason}: ${detail}`
    )
  ]
}
