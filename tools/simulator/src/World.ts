/**
 * A seeded discrete-event world for cores: nodes with clocks and disks of their own, links with faults, pauses, crashes and restarts.
 *
 * Nothing here knows what the nodes do. Time is real time in ms since the start; each node sees only its own clock.
 */
import { EventQueue } from "./EventQueue.ts"
import { type Link, Network } from "./Network.ts"
import { makeRandom, type Random } from "./Random.ts"

/** What a node may do to the world. */
export interface NodeContext<M> {
  readonly id: string
  readonly members: ReadonlyArray<string>
  readonly random: Random
  /** What is on this node's disk; it survives a crash. */
  readonly disk: ReadonlyMap<string, number>
  /** Writes with fsync and calls `done` after it; until then the node handles nothing else. A crash meanwhile may lose the write. */
  sync(key: string, value: number, done: () => void): void
  send(to: string, message: M): void
  /** Calls `timer` after a time on this node's clock. */
  after(millis: number, name: string): void
}

/** A core with the little that drives it. Times are this node's clock. */
export interface SimulatedNode<M> {
  receive(nowMillis: number, from: string, message: M): void
  timer(nowMillis: number, name: string): void
}

/** Starts a node, at the beginning and after each crash. */
export type StartNode<M, N extends SimulatedNode<M>> = (context: NodeContext<M>, nowMillis: number) => N

/** What a world is made of. */
export interface WorldOptions<M, N extends SimulatedNode<M>> {
  readonly seed: number
  readonly members: ReadonlyArray<string>
  /** Places that are no members, such as a store that the members use: subject to all the same faults. Default none. */
  readonly bystanders?: ReadonlyArray<string>
  readonly link: Link
  /** Clocks run at a rate in [1 - skew, 1 + skew] and begin anywhere at each start. */
  readonly clockSkew: number
  readonly start: StartNode<M, N>
}

/** A place for a node: what stays when it restarts. */
export interface Seat<N> {
  readonly id: string
  readonly rate: number
  readonly disk: Map<string, number>
  offsetMillis: number
  /** How far the wall clock has been set off; no node is given it. */
  wallJumpMillis: number
  /** Undefined while the node is down. */
  node: N | undefined
  /** Rises with each start and crash: what was scheduled for an earlier life is dropped. */
  life: number
  pausedUntil: number
  syncing: boolean
  /** What arrived while the node was paused or waited for its disk, in order. */
  readonly held: Array<() => void>
}

/** A world of nodes that all run the same core. */
export class World<M, N extends SimulatedNode<M>> {
  readonly random: Random
  readonly network: Network
  readonly members: ReadonlyArray<string>
  /** The places of all nodes: in the order of `members`, then the bystanders. */
  readonly seats: ReadonlyArray<Seat<N>>
  /** Longest time in ms that a write with fsync takes from now on. */
  syncMillisMax = 5
  readonly #start: StartNode<M, N>
  readonly #queue = new EventQueue<() => void>()
  readonly #seatOf: ReadonlyMap<string, Seat<N>>
  #now = 0
  #trace = 0
  #observe: (untilMillis: number) => void = () => {}

  constructor({ bystanders = [], clockSkew, link, members, seed, start }: WorldOptions<M, N>) {
    this.random = makeRandom(seed)
    this.network = new Network(this.random, link)
    this.members = members
    this.#start = start
    this.seats = [...members, ...bystanders].map((id) => ({
      id,
      rate: 1 + this.random.between(-clockSkew, clockSkew),
      disk: new Map(),
      offsetMillis: 0,
      wallJumpMillis: 0,
      node: undefined,
      life: 0,
      pausedUntil: 0,
      syncing: false,
      held: []
    }))
    this.#seatOf = new Map(this.seats.map((seat) => [seat.id, seat]))
  }

  /** Real time in ms since the start. */
  get now(): number {
    return this.#now
  }

  /** A hash of all that has happened and when: two runs of one seed have the same. */
  get traceHash(): number {
    return this.#trace >>> 0
  }

  /** Is called before time moves on, with the time it moves to: state is constant in between. */
  observe(observer: (untilMillis: number) => void): void {
    this.#observe = observer
  }

  /** Does something at a real time. */
  at(millis: number, action: () => void): void {
    this.#queue.push(millis, action)
  }

  /** Starts a node that does not run. */
  start(id: string): void {
    const seat = this.#seat(id)
    if (seat.node !== undefined) return
    seat.life++
    seat.offsetMillis = Math.floor(this.random.between(0, 1e6))
    seat.node = this.#start(this.#context(seat, seat.life), this.#local(seat))
  }

  /** Does something with a running node, on its clock; later when it is paused. */
  tell(id: string, code: (node: N, nowMillis: number) => void): void {
    const seat = this.#seat(id)
    this.#live(seat, seat.life, code)
  }

  /** Ends a node at once; only its disk stays. */
  crash(id: string): void {
    const seat = this.#seat(id)
    seat.node = undefined
    seat.life++
    seat.pausedUntil = 0
    seat.syncing = false
    seat.held.length = 0
  }

  /** Stops a node's execution, not its clock; what arrives meanwhile is handled when it goes on. */
  pause(id: string, millis: number): void {
    const seat = this.#seat(id)
    const life = seat.life
    seat.pausedUntil = Math.max(seat.pausedUntil, this.#now + millis)
    this.#queue.push(seat.pausedUntil, () => {
      if (seat.life === life && this.#now >= seat.pausedUntil) this.#resume(seat)
    })
  }

  /** Sets a node's wall clock forward or back. Its own clock, which is monotonic and the only one that a node is given, stays. */
  jumpWallClock(id: string, millis: number): void {
    this.#seat(id).wallJumpMillis += millis
  }

  /** Runs until a real time. */
  run(untilMillis: number): void {
    for (;;) {
      const next = this.#queue.popUntil(untilMillis)
      if (next === undefined) break
      if (next.at > this.#now) {
        this.#observe(next.at)
        this.#now = next.at
      }
      this.#trace = Math.imul(this.#trace ^ Math.floor(next.at * 1e6), 0x01000193)
      next.item()
    }
    this.#observe(untilMillis)
    this.#now = untilMillis
  }

  #seat(id: string): Seat<N> {
    const seat = this.#seatOf.get(id)
    if (seat === undefined) throw new RangeError(`no node ${id}`)
    return seat
  }

  #local(seat: Seat<N>): number {
    return this.#now * seat.rate + seat.offsetMillis
  }

  /** Runs code of a node's life: later when it is held up, never when that life is over. */
  #live(seat: Seat<N>, life: number, code: (node: N, nowMillis: number) => void): void {
    if (seat.life !== life || seat.node === undefined) return
    if (seat.syncing || this.#now < seat.pausedUntil) seat.held.push(() => this.#live(seat, life, code))
    else code(seat.node, this.#local(seat))
  }

  #resume(seat: Seat<N>): void {
    for (const code of seat.held.splice(0)) code()
  }

  #sync(seat: Seat<N>, write: () => void, done: () => void): void {
    const { life } = seat
    const finish = (): void => {
      if (seat.life !== life) return
      seat.syncing = false
      done()
      this.#resume(seat)
    }
    seat.syncing = true
    this.#queue.push(this.#now + this.random.between(0, this.syncMillisMax), () => {
      if (seat.life === life || this.random.chance(0.5)) write()
      if (this.#now < seat.pausedUntil) seat.held.unshift(finish)
      else finish()
    })
  }

  #context(seat: Seat<N>, life: number): NodeContext<M> {
    return {
      id: seat.id,
      members: this.members,
      random: this.random,
      disk: seat.disk,
      sync: (key, value, done) => this.#sync(seat, () => seat.disk.set(key, value), done),
      send: (to, message) => {
        const target = this.#seat(to)
        for (const delay of this.network.deliveries(seat.id, to)) {
          this.#queue.push(this.#now + delay, () =>
            this.#live(target, target.life, (node, now) => node.receive(now, seat.id, message))
          )
        }
      },
      after: (millis, name) =>
        this.#queue.push(this.#now + millis / seat.rate, () =>
          this.#live(seat, life, (node, now) => node.timer(now, name))
        )
    }
  }
}

/** Real time at which a node's clock shows the given time. */
export const realTimeOf = (seat: Seat<unknown>, localMillis: number): number =>
  (localMillis - seat.offsetMillis) / seat.rate
