/** What a change of a member's state is called. */
import type { MemberState, MembershipChangeKind } from "./Membership.ts"

/** The name of a transition; without one the member itself changed. */
export const changeKind = (previous: MemberState | undefined, current: MemberState): MembershipChangeKind => {
  if (current === previous) return "updated"
  switch (current) {
    case "suspect":
      return "suspected"
    case "dead":
      return "failed"
    case "left":
      return "left"
    case "alive":
      return previous === undefined || previous === "left" ? "joined" : "recovered"
  }
}
