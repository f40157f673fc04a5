/** Whether all members that live see the same. */
import type { MemberKey } from "@coterie/membership/core/swim/memberKey"
import { keyAt, shownAs, slotOf } from "@coterie/membership/core/swim/memberTable"

import { type Complaint, keyText } from "./invariants.ts"
import type { Member } from "./SwimWorld.ts"

/** Observers that are asked in large worlds. */
const askedMax = 200

/** Who disagrees about whom, or undefined: the living are alive at one key in every view, and nobody else is shown alive or suspect. */
export const disagreement = (members: ReadonlyArray<Member>): Complaint => {
  const live = members.filter(({ state }) => state?.phase === "member")
  const every = Math.max(1, Math.floor(live.length / askedMax))
  for (const [index, observer] of live.entries()) {
    if (index % every !== 0) continue
    for (const subject of members) {
      const wrong = disagreementOf(observer, subject)
      if (wrong !== undefined) return `${observer.id}: ${wrong}`
    }
  }
  return undefined
}

const disagreementOf = ({ state }: Member, subject: Member): Complaint => {
  if (state === undefined) return undefined
  const slot = slotOf(state.table, subject.id)
  const shown = slot === undefined ? undefined : shownAs(state.table, slot)
  if (subject.state?.phase !== "member") {
    return shown === "alive" || shown === "suspect" ? `${subject.id} is gone and shown ${shown}` : undefined
  }
  const key: MemberKey | undefined = slot === undefined ? undefined : keyAt(state.table, slot)
  const { self } = subject.state
  if (shown !== "alive" || key === undefined) return `${subject.id} lives and is shown ${shown ?? "nowhere"}`
  return key.generation === self.generation &&
    key.instance === self.instance &&
    key.incarnation === self.incarnation
    ? undefined
    : `${subject.id} is ${keyText(self)} and held at ${keyText(key)}`
}
