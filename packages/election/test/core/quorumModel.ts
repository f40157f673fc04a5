/**
 * The rules Q1-Q7 once more, word by word and with mutable state: the naive model that the property tests hold the core against.
 */
export class QuorumModel {
  term = 0
  masterId = ""
  readonly lastSeen = new Map<string, number>()
  readonly liveSince = new Map<string, number>()
  readonly self: string
  readonly peers: ReadonlyArray<string>
  readonly deadAfter: number
  readonly cooldown: number

  constructor(self: string, peers: ReadonlyArray<string>, deadAfter: number, cooldown: number) {
    this.self = self
    this.peers = peers
    this.deadAfter = deadAfter
    this.cooldown = cooldown
  }

  /** Q5, both at the start and at each tick. */
  tick(now: number): void {
    this.#mark(this.self, now)
    this.#recompute(now)
  }

  /** Q6. */
  reply(from: string, now: number): void {
    this.#mark(from, now)
  }

  /** Q7. */
  beat(from: string, now: number): void {
    if (from !== "" && from !== this.self) this.#mark(from, now)
    this.#recompute(now)
  }

  /** Q2. */
  liveSet(now: number): Array<string> {
    const live: Array<string> = []
    for (const [id, seen] of this.lastSeen) if (id === this.self || seen > now - this.deadAfter) live.push(id)
    return live.toSorted()
  }

  /** Q3. */
  hasQuorum(now: number): boolean {
    const needed = this.peers.length === 0 ? 1 : Math.floor(this.peers.length / 2) + 1
    return this.liveSet(now).length >= needed
  }

  /** Q1. */
  #mark(id: string, now: number): void {
    const seen = this.lastSeen.get(id)
    if (seen === undefined || now - seen > this.deadAfter) this.liveSince.set(id, now)
    this.lastSeen.set(id, now)
  }

  /** Q4. */
  #recompute(now: number): void {
    const next = this.#next(now)
    if (next === this.masterId) return
    this.term += 1
    this.masterId = next
  }

  #next(now: number): string {
    const live = this.liveSet(now)
    const lowest = live[0] ?? ""
    if (!this.hasQuorum(now) || lowest === "") return ""
    if (this.masterId === "") return lowest
    if (!live.includes(this.masterId)) return lowest
    for (const id of live) {
      if (id >= this.masterId) break
      const since = this.liveSince.get(id)
      if (since !== undefined && now - since >= this.cooldown) return id
    }
    return this.masterId
  }
}
