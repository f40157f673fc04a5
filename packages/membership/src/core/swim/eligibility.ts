/** Who may be a member. */
import type { MemberRecord } from "./memberRecord.ts"
import { shownAs, slotOf } from "./memberTable.ts"
import type { SwimState } from "./swimState.ts"

/** Whether a member is shown already, or there is room for another. */
export const hasRoomFor = ({ options, table }: Pick<SwimState, "options" | "table">, id: string): boolean => {
  const slot = slotOf(table, id)
  const isShown = slot !== undefined && shownAs(table, slot) !== undefined
  return isShown || table.present + table.dead + table.left < options.membersMax
}

/** Why a process may not be a member: no common protocol version, no address, or a rule of the application. */
export const refusal = (
  { admit, self }: Pick<SwimState, "admit" | "self">,
  record: MemberRecord
): { readonly reason: "version" | "not_admitted"; readonly detail: string } | undefined => {
  const { current, max, min } = record.versions
  const own = self.versions
  if (current < own.min || current > own.max || own.current < min || own.current > max) {
    return {
      reason: "version",
      detail: `${record.id} speaks version ${current} of ${min} to ${max}, this node ${own.current} of ${own.min} to ${own.max}`
    }
  }
  const detail = record.address === "" ? `${record.id} has no address` : admit(record)
  return detail === undefined ? undefined : { reason: "not_admitted", detail }
}
