/** What is due next: a binary heap ordered by time, then by insertion, so that a run is the same every time. */
export class EventQueue<A> {
  readonly #heap: Array<Entry<A>> = []
  #order = 0

  /** How many are waiting. */
  get size(): number {
    return this.#heap.length
  }

  /** Adds an item that is due at the given time. */
  push(at: number, item: A): void {
    const entry = { at, order: this.#order++, item }
    let index = this.#heap.push(entry) - 1
    while (index > 0) {
      const parent = (index - 1) >> 1
      const above = this.#heap[parent]
      if (above === undefined || !before(entry, above)) break
      this.#heap[index] = above
      index = parent
    }
    this.#heap[index] = entry
  }

  /** Takes the next item if it is due at the given time or earlier. */
  popUntil(untilMillis: number): Entry<A> | undefined {
    const first = this.#heap[0]
    if (first === undefined || first.at > untilMillis) return undefined
    const last = this.#heap.pop()
    if (last !== undefined && last !== first) this.#sink(last)
    return first
  }

  /** Puts an entry in the place of the first. */
  #sink(entry: Entry<A>): void {
    const heap = this.#heap
    let index = 0
    for (;;) {
      let child = 2 * index + 1
      const left = heap[child]
      const right = heap[child + 1]
      let smaller = left
      if (left !== undefined && right !== undefined && before(right, left)) {
        smaller = right
        child++
      }
      if (smaller === undefined || !before(smaller, entry)) break
      heap[index] = smaller
      index = child
    }
    heap[index] = entry
  }
}

/** An item that waits. */
interface Entry<A> {
  readonly at: number
  readonly order: number
  readonly item: A
}

const before = (a: Entry<unknown>, b: Entry<unknown>): boolean =>
  a.at < b.at || (a.at === b.at && a.order < b.order)
