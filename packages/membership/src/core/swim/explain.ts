/** Who said what about whom, and on what evidence, in one clause for a person. */
import type { MemberChanged } from "./changes.ts"
import type { Evidence, MemberFact } from "./memberRecord.ts"
import { slotOf } from "./memberTable.ts"
import type { SwimState } from "./swimState.ts"

/** Why a change happened, such as "suspected by n3: direct and 3 indirect probes failed, 3 of 3 helpers heard nothing either". */
export const explainChange = ({ change, fact, previous }: MemberChanged): string => {
  switch (change) {
    case "Joined":
      return previous === "left" ? "came back after it had left" : "announced itself"
    case "Updated":
      return "changed what it says of itself"
    case "Restarted":
      return `came back as a new process, generation ${fact.generation}`
    case "Recovered":
      return previous === "dead" ? "refuted its death" : "refuted the suspicion"
    case "Suspected":
    case "Failed":
    case "Left":
      return explainFact(fact)
    case "Reaped":
      return "forgotten after its time"
  }
}

/** What a fact says and who says so. */
export const explainFact = (fact: MemberFact): string => {
  switch (fact.kind) {
    case "alive":
      return `announced itself, incarnation ${fact.incarnation}`
    case "suspect":
      return `suspected by ${fact.by}: ${explainEvidence(fact.evidence)}`
    case "dead":
      return `given up by ${fact.by}, ${explainConfirmations(fact.evidence)}: ${explainEvidence(fact.evidence)}`
    case "left":
      return fact.by === fact.id ? "said goodbye" : `declared left by ${fact.by}`
  }
}

/** The doubt about a member as it stands: who began it, who confirmed it, and how long it still has; undefined when there is none. */
export const explainDoubt = (
  { table }: Pick<SwimState, "table">,
  id: string,
  nowMillis: number
):
  | {
      readonly fact: MemberFact
      readonly accuser: string
      readonly confirmedBy: ReadonlyArray<string>
      readonly confirmationsMax: number
      readonly leftMillis: number
    }
  | undefined => {
  const slot = slotOf(table, id)
  const trouble = slot === undefined ? undefined : table.troubles.get(slot)
  if (trouble?.suspicion === undefined) return undefined
  const { accuser, confirmationsMax, confirmedBy, deadlineMillis } = trouble.suspicion
  return {
    fact: trouble.fact,
    accuser,
    confirmedBy: [...confirmedBy],
    confirmationsMax,
    leftMillis: Math.max(0, deadlineMillis - nowMillis)
  }
}

const explainConfirmations = ({ confirmations }: Evidence): string =>
  confirmations === 1 ? "1 other member agreed" : `${confirmations} other members agreed`

const explainEvidence = ({ cause, helpers, nacks, stream }: Evidence): string => {
  if (cause === "not_me") return "another process answers at its address"
  const direct = cause === "unreachable" ? "it could not be sent to" : "direct"
  const indirect = helpers === 1 ? "1 indirect probe" : `${helpers} indirect probes`
  const tried = [
    ...(cause === "silence" ? [direct] : []),
    ...(helpers > 0 ? [indirect] : []),
    ...(stream ? ["a stream probe"] : [])
  ]
  const failed =
    tried.length === 0 ? "" : `${listed(tried)}${helpers === 0 && !stream ? " probe" : ""} failed`
  const heard = helpers > 0 ? `${nacks} of ${helpers} helpers heard nothing either` : ""
  return [...(cause === "unreachable" ? [direct] : []), failed, heard]
    .filter((part) => part !== "")
    .join(", ")
}

const listed = (parts: ReadonlyArray<string>): string =>
  parts.length < 2 ? parts.join("") : `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}`
