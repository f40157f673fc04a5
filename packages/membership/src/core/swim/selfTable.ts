/** What a fact about this node itself does: refute what is false about this process, see off what is about its past, notice a rival. */
import { compareProcesses } from "./memberKey.ts"
import type { MemberFact, MemberRecord } from "./memberRecord.ts"

/**
 * `refute`: announce an incarnation above the accused one; `renew`: a new generation, for what no incarnation can beat; `answer`: send the
 * sender our record; `outlive`: a past process of this name is known at a higher key and is over, so take a generation above it; `rival`:
 * another process announces itself under this name.
 */
export type SelfRow = "nothing" | "answer" | "refute" | "renew" | "outlive" | "rival"

/** The row for a fact about this node, which is not leaving. */
export const selfRowFor = (self: MemberRecord, fact: MemberFact): SelfRow => {
  const process = compareProcesses(fact, self)
  if (process < 0) return fact.kind === "alive" && fact.generation === self.generation ? "rival" : "answer"
  if (process > 0) return fromAnother(fact)
  switch (fact.kind) {
    case "left":
      return "renew"
    case "alive":
      return fact.incarnation > self.incarnation ? "refute" : "nothing"
    case "suspect":
    case "dead":
      return fact.incarnation < self.incarnation ? "answer" : "refute"
  }
}

/** A doubt about a higher process says nothing yet: if it lives it refutes, if not its death follows. */
const fromAnother = (fact: MemberFact): SelfRow => {
  switch (fact.kind) {
    case "alive":
      return "rival"
    case "suspect":
      return "nothing"
    case "dead":
    case "left":
      return "outlive"
  }
}
