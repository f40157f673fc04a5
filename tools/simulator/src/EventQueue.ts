/** What is due next: a binary heap ordered by time, then by insertion, so that a run is the same every time. */
export class EventQueue<A> {
  readonly #heap: Array<{ readonly at: number; readonly order: number; readonly item: A }> = []
  #order = 0

  /** How many are waiting. */
  get size(): number {
    return this.#heap.length
  }

  /** Time of the next item, or undefined when none waits. */
  get nextAt(): number | undefined {
    return this.#heap[0]?.at
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

  /** Takes the next item. */
  pop(): { readonly at: number; readonly item: A } | undefined {
    const first = this.#heap[0]
    const last = this.#heap.pop()
    if (first === undefined || last === undefined || this.#heap.length === 0) return first
    let index = 0
    for (;;) {
      const left = this.#heap[2 * index + 1]
      const right = this.#heap[2 * index + 2]
      const child = left !== undefined && right !== undefined && before(right, left) ? right : left
      if (child === undefined || before(last, child)) break
      this.#heap[index] = child
      index = 2 * index + (child === left ? 1 : 2)
    }
    this.#heap[index] = last
    return first
  }
}

const before = (
  a: { readonly at: number; readonly order: number },
  b: { readonly at: number; readonly order: number }
): boolean => a.at < b.at || (a.at === b.at && a.order < b.order)
