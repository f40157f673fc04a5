/**
 * Small integers ("slots") for the ids of members, so that a view of a member is an array element and not a map entry.
 *
 * Many nodes in one process may share a roster: that is what makes 10^8 views fit in memory. A slot is given to another id when nobody holds
 * it any more, so a roster stays as large as the cluster however many ids come and go.
 */

/** Ids by slot and slots by id. Owned by this module; the nodes that share it hold and release slots. */
export interface Roster {
  readonly slots: Map<string, number>
  readonly ids: Array<string>
  readonly holders: Array<number>
  readonly free: Array<number>
}

/** An empty roster. */
export const makeRoster = (): Roster => ({ slots: new Map(), ids: [], holders: [], free: [] })

/** The slot of an id, one more holder. */
export const holdSlot = (roster: Roster, id: string): number => {
  const known = roster.slots.get(id)
  const slot = known ?? roster.free.pop() ?? roster.ids.length
  if (known === undefined) {
    roster.slots.set(id, slot)
    roster.ids[slot] = id
    roster.holders[slot] = 0
  }
  roster.holders[slot] = (roster.holders[slot] ?? 0) + 1
  return slot
}

/** One holder less; without any the slot is free for another id. */
export const releaseSlot = (roster: Roster, slot: number): void => {
  const left = (roster.holders[slot] ?? 0) - 1
  roster.holders[slot] = left
  if (left > 0) return
  roster.slots.delete(roster.ids[slot] ?? "")
  roster.free.push(slot)
}
