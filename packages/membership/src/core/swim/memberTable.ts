/** The only place where views change, so that the counts and indices beside them are always right. */
import type { MemberKey, MemberStanding } from "./memberKey.ts"
import { compareProcesses } from "./memberKey.ts"
import type { MemberRecord } from "./memberRecord.ts"
import { instanceHash } from "./messages.ts"
import { mix } from "./mix.ts"
import { holdSlot, releaseSlot, type Roster } from "./roster.ts"
import type { MemberTable, Trouble } from "./swimState.ts"

/** A table without members. */
export const makeMemberTable = (roster: Roster): MemberTable => ({
  roster,
  records: [],
  troubles: new Map(),
  suspicions: new Set(),
  present: 0,
  suspects: 0,
  dead: 0,
  left: 0,
  ghosts: 0,
  viewHash: 0
})

/** The slot of a member that this table holds something about. */
export const slotOf = (table: MemberTable, id: string): number | undefined => {
  const slot = table.roster.slots.get(id)
  return slot !== undefined && isHeld(table, slot) ? slot : undefined
}

/** What is known about a slot, as the state table sees it. */
export const keyAt = (table: MemberTable, slot: number): MemberKey | undefined =>
  table.troubles.get(slot)?.fact ?? table.records[slot]

/** How a member is shown to the application; undefined for one that is not. */
export const shownAs = (table: MemberTable, slot: number): MemberStanding | undefined => {
  const trouble = table.troubles.get(slot)
  return trouble === undefined ? table.records[slot]?.kind : troubleShownAs(trouble)
}

/** How a member is shown that something is held against. */
export const troubleShownAs = ({ fact, hidden, shown }: Trouble): MemberStanding | undefined =>
  hidden ? shown : fact.kind

/** The announcement of the process that the view is about; undefined while only rumour names it. */
export const recordAt = (table: MemberTable, slot: number): MemberRecord | undefined => {
  const record = table.records[slot]
  const trouble = table.troubles.get(slot)
  return record === undefined || trouble === undefined || compareProcesses(record, trouble.fact) === 0
    ? record
    : undefined
}

/** Takes up an announcement; with `trouble` only what is held against the member stays. Returns its slot. */
export const putRecord = (table: MemberTable, record: MemberRecord, trouble?: Trouble): number => {
  const slot = slotOf(table, record.id) ?? holdSlot(table.roster, record.id)
  count(table, slot, -1)
  while (table.records.length <= slot) table.records.push(undefined)
  table.records[slot] = record
  setTrouble(table, slot, trouble)
  count(table, slot, 1)
  return slot
}

/** Takes up what is held against a member, as the newest of the table. Returns its slot. */
export const putTrouble = (table: MemberTable, id: string, make: (slot: number) => Trouble): number => {
  const slot = slotOf(table, id) ?? holdSlot(table.roster, id)
  const trouble = make(slot)
  count(table, slot, -1)
  setTrouble(table, slot, trouble)
  count(table, slot, 1)
  return slot
}

/** Forgets a member. */
export const forgetMember = (table: MemberTable, slot: number): void => {
  count(table, slot, -1)
  setTrouble(table, slot, undefined)
  if (slot < table.records.length) table.records[slot] = undefined
  releaseSlot(table.roster, slot)
}

/**
 * Up to `count` different slots that are `wanted`, at random: by drawing slots, and by a walk from a random one where few are wanted, so
 * that a pick costs neither a copy nor a shuffle of the members.
 */
export const pickSlots = (
  table: MemberTable,
  count: number,
  random: () => number,
  wanted: (slot: number) => boolean
): Array<number> => {
  const picked: Array<number> = []
  const size = table.records.length
  for (let draws = size > 8 ? 8 * count : 0; draws > 0 && picked.length < count; draws -= 1) {
    const slot = Math.floor(random() * size)
    if (!picked.includes(slot) && wanted(slot)) picked.push(slot)
  }
  if (picked.length === count) return picked
  const start = Math.floor(random() * size)
  const rest: Array<number> = []
  for (let offset = 0; offset < size; offset += 1) {
    const slot = (start + offset) % size
    if (!picked.includes(slot) && wanted(slot)) rest.push(slot)
  }
  while (picked.length < count && rest.length > 0) {
    picked.push(...rest.splice(Math.floor(random() * rest.length), 1))
  }
  return picked
}

const isHeld = (table: MemberTable, slot: number): boolean =>
  table.records[slot] !== undefined || table.troubles.has(slot)

const setTrouble = (table: MemberTable, slot: number, trouble: Trouble | undefined): void => {
  const before = table.troubles.get(slot)
  if (before !== undefined) {
    table.troubles.delete(slot)
    table.suspicions.delete(before)
  }
  if (trouble === undefined) return
  table.troubles.set(slot, trouble)
  if (trouble.suspicion !== undefined) table.suspicions.add(trouble)
}

const count = (table: MemberTable, slot: number, by: 1 | -1): void => {
  const trouble = table.troubles.get(slot)
  const standing = shownAs(table, slot)
  if (standing === "dead") table.dead += by
  else if (standing === "left") table.left += by
  else if (standing === undefined) table.ghosts += trouble === undefined ? 0 : by
  else {
    table.present += by
    if (trouble !== undefined) table.suspects += by
    // What was mixed in leaves by being mixed in once more.
    table.viewHash ^= hashOf(table.records[slot], trouble?.fact)
  }
}

/** Doubt is left out: it comes and goes without a difference that a push/pull should end. */
const hashOf = (record: MemberRecord | undefined, fact: MemberKey | undefined): number => {
  const known = record ?? fact
  if (known === undefined) return 0
  const process = mix(mix(0x811c9dc5, instanceHash(known.instance)), known.generation >>> 0)
  return mix(mix(process, known.generation / 2 ** 32), known.incarnation)
}
