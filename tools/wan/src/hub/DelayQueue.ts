/** Packets waiting for their time: a binary min-heap by due time, first come first served among equals. */
export class DelayQueue<Item> {
  readonly #heap: Array<Entry<Item>> = []
  #pushed = 0

  /** Number of waiting items. */
  get size(): number {
    return this.#heap.length
  }

  /** When the first item is due, in the caller's milliseconds; `undefined` when empty. */
  get nextDueMillis(): number | undefined {
    return this.#heap[0]?.dueMillis
  }

  /** Adds an item. */
  push(dueMillis: number, item: Item): void {
    const entry = { dueMillis, order: this.#pushed++, item }
    let index = this.#heap.length
    this.#heap.push(entry)
    while (index > 0) {
      const parent = (index - 1) >> 1
      const above = this.#heap[parent]
      if (above === undefined || !isBefore(entry, above)) break
      this.#heap[index] = above
      index = parent
    }
    this.#heap[index] = entry
  }

  /** Takes the first item when it is due at `nowMillis`; `undefined` otherwise. */
  popDue(nowMillis: number): Item | undefined {
    const first = this.#heap[0]
    if (first === undefined || first.dueMillis > nowMillis) return undefined
    const last = this.#heap.pop()
    if (last !== undefined && this.#heap.length > 0) this.#sink(last)
    return first.item
  }

  /** Puts the entry in at the top and lets it sink to its place. */
  #sink(entry: Entry<Item>): void {
    let index = 0
    for (;;) {
      const child = this.#firstChild(index)
      const below = this.#heap[child]
      if (below === undefined || !isBefore(below, entry)) break
      this.#heap[index] = below
      index = child
    }
    this.#heap[index] = entry
  }

  #firstChild(index: number): number {
    const left = this.#heap[2 * index + 1]
    const right = this.#heap[2 * index + 2]
    return left !== undefined && right !== undefined && isBefore(right, left) ? 2 * index + 2 : 2 * index + 1
  }
}

interface Entry<Item> {
  readonly dueMillis: number
  readonly order: number
  readonly item: Item
}

const isBefore = (left: Entry<unknown>, right: Entry<unknown>): boolean =>
  left.dueMillis < right.dueMillis || (left.dueMillis === right.dueMillis && left.order < right.order)
