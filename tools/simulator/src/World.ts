/**
 * A seeded discrete-event world for cores: nodes with clocks of their own rate, links with faults, pauses, crashes and restarts.
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
  /** What survives a crash; written at once, as by a write with fsync. */
  readonly disk: Map<string, number>
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

interface Seat<N> {
  readonly id: string
  readonly rate: number
  readonly offsetMillis: number
  readonly disk: Map<string, number>
  node: N | undefined
  /** Rises with each restart: what was scheduled for an earlier life is dropped. */
  life: number
  pausedUntil: number
  readonly held: Array<() => void>
}

/** A world of nodes that all run the same core. */
export class World<M, N extends SimulatedNode<M>> {
  readonly random: Random
  readonly network: Network
  readonly #start: StartNode<M, N>
  readonly #queue = new EventQueue<() => void>()
  readonly #seats = new Map<string, Seat<N>>()
  #now = 0
  #observe: (untilMillis: number) => void = () => {}

  constructor(options: {
    readonly seed: number
    readonly members: ReadonlyArray<string>
    readonly link: Link
    /** Clocks run at a rate in [1 - skew, 1 + skew] and start anywhere. */
    readonly clockSkew: number
    readonly start: StartNode<M, N>
  }) {
    this.random = makeRandom(options.seed)
    this.network = new Network(this.random, options.link)
    this.#start = options.start
    for (const id of options.members) {
      this.#seats.set(id, {
        id,
        rate: 1 + this.random.between(-options.clockSkew, options.clockSkew),
        offsetMillis: Math.floor(this.random.between(0, 1e6)),
        disk: new Map(),
        node: undefined,
        life: 0,
        pausedUntil: 0,
        held: []
      })
    }
  }

  /** Real time in ms since the start. */
  get now(): number {
    return this.#now
  }

  /** Ids of all nodes, running or not. */
  get members(): ReadonlyArray<string> {
    return [...this.#seats.keys()]
  }

  /** The node while it runs. */
  node(id: string): N | undefined {
    return this.#seat(id).node
  }

  /** Real time at which a node's clock shows the given time. */
  realTime(id: string, localMillis: number): number {
    const seat = this.#seat(id)
    return (localMillis - seat.offsetMillis) / seat.rate
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
    seat.pausedUntil = 0
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
    seat.held.length = 0
  }

  /** Stops a node's execution, not its clock; what arrives meanwhile is handled when it goes on. */
  pause(id: string, millis: number): void {
    const seat = this.#seat(id)
    const life = seat.life
    seat.pausedUntil = this.#now + millis
    this.#queue.push(seat.pausedUntil, () => {
      if (seat.life !== life || this.#now < seat.pausedUntil) return
      for (const resume of seat.held.splice(0)) resume()
    })
  }

  /** Runs until a real time. */
  run(untilMillis: number): void {
    for (;;) {
      const nextAt = this.#queue.nextAt
      if (nextAt === undefined || nextAt > untilMillis) break
      const next = this.#queue.pop()
      if (next === undefined) break
      if (next.at > this.#now) {
        this.#observe(next.at)
        this.#now = next.at
      }
      next.item()
    }
    this.#observe(untilMillis)
    this.#now = untilMillis
  }

  #seat(id: string): Seat<N> {
    const seat = this.#seats.get(id)
    if (seat === undefined) throw new RangeError(`no node ${id}`)
    return seat
  }

  #local(seat: Seat<N>): number {
    return this.#now * seat.rate + seat.offsetMillis
  }

  /** Runs code of a node's life, later when it is paused, never when that life is over. */
  #live(seat: Seat<N>, life: number, code: (node: N, nowMillis: number) => void): void {
    if (seat.life !== life || seat.node === undefined) return
    if (this.#now < seat.pausedUntil) seat.held.push(() => this.#live(seat, life, code))
    else code(seat.node, this.#local(seat))
  }

  #context(seat: Seat<N>, life: number): NodeContext<M> {
    return {
      id: seat.id,
      members: this.members,
      random: this.random,
      disk: seat.disk,
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
