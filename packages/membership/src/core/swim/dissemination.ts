/**
 * What still has to be told to others: at most one fact per member, each sent a limited number of times, within the bytes of a packet.
 *
 * First this node's own refutation and goodbyes, then facts, then user events; in each lane what was sent the fewest times first, and of
 * those the newest. Facts are bounded by the number of members, user events by the options.
 */
import { compareKeys } from "./memberKey.ts"
import type { MemberFact } from "./memberRecord.ts"
import type { GossipItem, UserEvent } from "./messages.ts"

/** One item on its way. */
interface Entry {
  readonly name: string
  readonly item: GossipItem
  readonly bytes: number
  readonly lane: Lane
  transmits: number
  /** False once a newer item took its place; it is skipped when its bucket is next walked. */
  live: boolean
}

type Lane = 0 | 1 | 2
const first: Lane = 0
const facts: Lane = 1
const users: Lane = 2

/** The queue of one node; owned by this module. */
export interface GossipQueue {
  readonly entries: Map<string, Entry>
  /** By lane, then by transmits so far: a stack whose top is the newest. */
  readonly lanes: ReadonlyArray<Array<Array<Entry>>>
  /** Entries in the lanes that are no longer live. */
  stale: number
  userEvents: number
  userBytes: number
}

/** An empty queue. */
export const makeGossipQueue = (): GossipQueue => ({
  entries: new Map(),
  lanes: [[], [], []],
  stale: 0,
  userEvents: 0,
  userBytes: 0
})

/** How often an item is sent among `n` members. */
export const transmitLimit = (retransmitMult: number, n: number): number =>
  retransmitMult * Math.ceil(Math.log10(n + 1))

/** Queues a fact with a fresh count, unless one that is newer, or the same by the same accuser, is queued. */
export const enqueueFact = (queue: GossipQueue, fact: MemberFact, bytes: number, priority: boolean): void => {
  const queued = queue.entries.get(fact.id)
  if (queued !== undefined && !supersedes(fact, queued.item)) return
  put(queue, { name: fact.id, item: fact, bytes, lane: priority ? first : facts, transmits: 0, live: true })
}

/** Queues a user event in place of an older one of its origin and name; false when the queue has no room for it. */
export const enqueueUser = (
  queue: GossipQueue,
  event: UserEvent,
  bytes: number,
  limits: { readonly userEventsMax: number; readonly userEventBytesMax: number }
): boolean => {
  const name = `${event.origin} ${event.name}`
  const replaced = queue.entries.get(name)
  const count = queue.userEvents + (replaced === undefined ? 1 : 0)
  const total = queue.userBytes + bytes - (replaced?.bytes ?? 0)
  if (count > limits.userEventsMax || total > limits.userEventBytesMax) return false
  put(queue, { name, item: event, bytes, lane: users, transmits: 0, live: true })
  return true
}

/** Whether any fact still has to be told. */
export const hasFacts = ({ entries, userEvents }: GossipQueue): boolean => entries.size > userEvents

/** Whether a fact about this member still has to be told. */
export const isQueued = (queue: GossipQueue, id: string): boolean => queue.entries.has(id)

/**
 * The items that go into `budgetBytes`, each counted as sent once more and dropped at `limit`. Never more than the budget by a byte.
 * `taken` names a member whose fact is in the packet already.
 */
export const takeItems = (
  queue: GossipQueue,
  budgetBytes: number,
  limit: number,
  taken?: string
): Array<GossipItem> => {
  const chosen: Array<Entry> = []
  let room = budgetBytes
  for (const lane of queue.lanes) {
    for (const [transmits, bucket] of lane.entries()) {
      if (transmits >= limit) expire(queue, bucket)
      else if (bucket.length > 0) room = takeFrom(queue, bucket, room, { chosen, taken })
    }
  }
  for (const entry of chosen) {
    entry.transmits += 1
    if (entry.transmits >= limit) forget(queue, entry)
    else push(queue, entry)
  }
  return chosen.map(({ item }) => item)
}

/** Misfits after which the rest of a bucket is taken to be as large. */
const misfitsMax = 8

const takeFrom = (
  queue: GossipQueue,
  bucket: Array<Entry>,
  roomBytes: number,
  into: { readonly chosen: Array<Entry>; readonly taken: string | undefined }
): number => {
  const kept: Array<Entry> = []
  let room = roomBytes
  while (room > 0 && kept.length < misfitsMax) {
    const entry = bucket.pop()
    if (entry === undefined) break
    if (!entry.live) queue.stale -= 1
    else if (entry.bytes > room || entry.name === into.taken) kept.push(entry)
    else {
      into.chosen.push(entry)
      room -= entry.bytes
    }
  }
  bucket.push(...kept.toReversed())
  return room
}

const supersedes = (fact: MemberFact, queued: GossipItem): boolean => {
  if (queued.kind === "user") return true
  const order = compareKeys(fact, queued)
  return order > 0 || (order === 0 && "by" in fact && "by" in queued && fact.by !== queued.by)
}

const put = (queue: GossipQueue, entry: Entry): void => {
  const replaced = queue.entries.get(entry.name)
  if (replaced !== undefined) {
    forget(queue, replaced)
    replaced.live = false
    queue.stale += 1
  }
  queue.entries.set(entry.name, entry)
  if (entry.lane === users) {
    queue.userEvents += 1
    queue.userBytes += entry.bytes
  }
  push(queue, entry)
  if (queue.stale > queue.entries.size + 64) sweep(queue)
}

const push = (queue: GossipQueue, entry: Entry): void => {
  const lane = queue.lanes[entry.lane]
  if (lane === undefined) return
  while (lane.length <= entry.transmits) lane.push([])
  lane[entry.transmits]?.push(entry)
}

const forget = (queue: GossipQueue, entry: Entry): void => {
  queue.entries.delete(entry.name)
  if (entry.lane !== users) return
  queue.userEvents -= 1
  queue.userBytes -= entry.bytes
}

/** The cluster has shrunk, and with it the limit. */
const expire = (queue: GossipQueue, bucket: Array<Entry>): void => {
  for (const entry of bucket.splice(0)) {
    if (entry.live) forget(queue, entry)
    else queue.stale -= 1
  }
}

const sweep = (queue: GossipQueue): void => {
  for (const lane of queue.lanes)
    for (const bucket of lane) bucket.splice(0, bucket.length, ...bucket.filter(({ live }) => live))
  queue.stale = 0
}
