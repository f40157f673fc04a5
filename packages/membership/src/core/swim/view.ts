/** What can be asked of a node between two steps. */
import type { MemberStanding } from "./memberKey.ts"
import type { MemberFact, MemberRecord } from "./memberRecord.ts"
import { recordAt, shownAs, slotOf } from "./memberTable.ts"
import type { SwimState } from "./swimState.ts"
import { heldSlots } from "./syncEntries.ts"

/** A member as this node shows it. */
export interface MemberView {
  readonly id: string
  readonly standing: MemberStanding
  /** Undefined while only rumour names its process. */
  readonly record: MemberRecord | undefined
  /** Its key, and who says so when it is not alive. */
  readonly fact: MemberFact
}

/** One member, or undefined when it is not shown. */
export const memberView = (state: Pick<SwimState, "table">, id: string): MemberView | undefined => {
  const slot = slotOf(state.table, id)
  return slot === undefined ? undefined : viewAt(state, slot)
}

/** All members that are shown, this node included, in no order. */
export const memberViews = (state: Pick<SwimState, "table">): ReadonlyArray<MemberView> =>
  Array.from(heldSlots(state.table)).flatMap((slot) => viewAt(state, slot) ?? [])

const viewAt = ({ table }: Pick<SwimState, "table">, slot: number): MemberView | undefined => {
  const standing = shownAs(table, slot)
  const fact = table.troubles.get(slot)?.fact ?? table.records[slot]
  if (standing === undefined || fact === undefined) return undefined
  return { id: fact.id, standing, record: recordAt(table, slot), fact }
}
