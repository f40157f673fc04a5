/** The newest events of a node under numbers that rise by one, in bounded space. */

/** Numbered events; changed in place, since every event of the node goes through it. */
export interface EventRing<E> {
  readonly capacity: number
  /** Number of the first event that there ever was. */
  readonly firstId: number
  /** Number of the next event. */
  nextId: number
  readonly slots: Array<E>
}

/** A ring without events. */
export const makeEventRing = <E>(firstId: number, capacity: number): EventRing<E> => ({
  capacity,
  firstId,
  nextId: firstId,
  slots: []
})

/** Number of the oldest event that is kept. */
export const oldestId = ({ capacity, firstId, nextId }: EventRing<unknown>): number =>
  Math.max(firstId, nextId - capacity)

/** Keeps an event, in place of the oldest one when the ring is full. */
export const append = <E>(ring: EventRing<E>, event: E): void => {
  ring.slots[(ring.nextId - ring.firstId) % ring.capacity] = event
  ring.nextId += 1
}

/** What follows the event `afterId`, `most` events at once; `missed` when what came next is not there any more, or another run of the node wrote it. */
export const eventsAfter = <E>(
  ring: EventRing<E>,
  afterId: number,
  most: number
): { readonly missed: boolean; readonly lastId: number; readonly events: ReadonlyArray<E> } => {
  const oldest = oldestId(ring)
  const missed = afterId + 1 < oldest || afterId >= ring.nextId
  const from = missed ? oldest : afterId + 1
  const until = Math.min(ring.nextId, from + most)
  const events: Array<E> = []
  for (let id = from; id < until; id++) {
    const event = ring.slots[(id - ring.firstId) % ring.capacity]
    if (event !== undefined) events.push(event)
  }
  return { missed, lastId: until - 1, events }
}
