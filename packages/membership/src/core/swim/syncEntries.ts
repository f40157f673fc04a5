import type { MemberKey } from "./memberKey.ts"
/** What two nodes compare in a push/pull: a hash per bucket of members, then the entries of the buckets that differ. */
import { recordAt } from "./memberTable.ts"
import { bucketsMax, type SyncEntry } from "./messages.ts"
import { mix } from "./mix.ts"
import type { MemberTable, SwimState } from "./swimState.ts"

/** Buckets of a digest: about eight members in each, a power of two from 16 to `bucketsMax`. */
export const bucketCount = (members: number): number =>
  Math.min(bucketsMax, Math.max(16, 2 ** Math.ceil(Math.log2(Math.max(1, members / 8)))))

/** The bucket of a member among a power of two of them. */
export const bucketOf = (id: string, buckets: number): number => hashText(2_166_136_261, id) & (buckets - 1)

/** One hash per bucket over the ids and keys in it, whatever the order. */
export const digestOf = (table: MemberTable, salt: number, buckets: number): Array<number> => {
  const sums = Array.from<number>({ length: buckets }).fill(0)
  for (const slot of heldSlots(table)) {
    const id = table.roster.ids[slot] ?? ""
    const bucket = bucketOf(id, buckets)
    const key = table.troubles.get(slot)?.fact ?? table.records[slot]
    if (key !== undefined) sums[bucket] = ((sums[bucket] ?? 0) + hashKey(salt, id, key)) >>> 0
  }
  return sums
}

/** Slots that something is held about. */
export const heldSlots = function* (table: MemberTable): Generator<number> {
  for (const [slot, record] of table.records.entries()) if (record !== undefined) yield slot
  for (const slot of table.troubles.keys()) if (table.records[slot] === undefined) yield slot
}

/** All that is held about a slot. A tombstone needs no announcement: who does not know the member need not see it. */
export const entryAt = ({ table }: SwimState, slot: number, nowMillis: number): SyncEntry => {
  const trouble = table.troubles.get(slot)
  return {
    record: trouble === undefined || trouble.fact.kind === "suspect" ? recordAt(table, slot) : undefined,
    doubt: trouble?.fact,
    ageMillis: trouble === undefined ? 0 : Math.max(0, nowMillis - trouble.sinceMillis)
  }
}

const ranks = { alive: 0, suspect: 1, dead: 2, left: 3 } as const

const hashKey = (salt: number, id: string, key: MemberKey): number => {
  let hash = hashText(salt ^ 0x811c9dc5, id)
  hash = hashText(hash, key.instance)
  hash = mix(hash, key.generation >>> 0)
  hash = mix(hash, Math.floor(key.generation / 2 ** 32))
  return mix(mix(hash, key.incarnation), ranks[key.kind])
}

const hashText = (start: number, text: string): number => {
  let hash = start >>> 0
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  }
  return (hash ^ (hash >>> 15)) >>> 0
}
