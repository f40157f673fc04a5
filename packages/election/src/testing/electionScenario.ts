/**
 * The moves that the cases of the election contract are made of: get a leader, cut it off, let time pass until something holds.
 */
import { Duration, Effect, Fiber, Schema } from "effect"

import type { Election, Leadership } from "../Election.ts"
import { ElectionWorld } from "./ElectionWorld.ts"

/** The strategy did not do what the contract asks. */
export class ElectionContractBroken extends Schema.TaggedError<ElectionContractBroken>()(
  "ElectionContractBroken",
  {
    expected: Schema.String,
    found: Schema.String
  }
) {
  override get message(): string {
    return `expected ${this.expected}, found ${this.found}`
  }
}

/** The election of one node. */
export type Node = Election["Service"]

/** What a case needs and how it fails. */
export type Move<A> = Effect.Effect<A, ElectionContractBroken, ElectionWorld>

/** One promise of the port. */
export interface ElectionContractCase {
  /** Stable name for lists of known exceptions. */
  readonly id: string
  readonly name: string
  readonly run: Move<void>
}

/** Steps that a waiting time is cut into. */
const steps = 24

/** The failure of a case. */
export const broken = (expected: string, found: string) => new ElectionContractBroken({ expected, found })

/** Fails the case unless the condition holds. */
export const expect = (
  condition: boolean,
  expected: string,
  found: string
): Effect.Effect<void, ElectionContractBroken> =>
  condition ? Effect.void : Effect.fail(broken(expected, found))

/** Starts every member. */
export const startAll = Effect.gen(function* () {
  const world = yield* ElectionWorld
  return yield* Effect.forEach(world.members, (member) => world.start(member))
})

/** Starts every member and waits until they agree: the leader, and the others in order. */
export const elected = Effect.gen(function* () {
  const nodes = yield* startAll
  const id = yield* agreement(nodes)
  const leader = nodes.find(({ self }) => self === id)
  const [first, ...rest] = nodes.filter(({ self }) => self !== id)
  if (leader === undefined || first === undefined) return yield* broken("a leader among the members", id)
  return { leader, others: [first, ...rest] as const }
})

/** Waits until all nodes name the same leader, and returns it. */
export const agreement = Effect.fnUntraced(function* (nodes: ReadonlyArray<Node>) {
  yield* eventually(
    "agreement on a leader",
    Effect.map(commonLeader(nodes), (leader) => leader !== undefined)
  )
  return (yield* commonLeader(nodes)) ?? ""
})

/** The leader that all nodes name, if they name the same. */
export const commonLeader = (nodes: ReadonlyArray<Node>): Effect.Effect<string | undefined> =>
  Effect.map(
    Effect.forEach(nodes, (node) => node.leadership),
    (views) => {
      const leader = views[0]?.leader
      return views.every((view) => view.leader === leader) ? leader : undefined
    }
  )

/** Lets time pass until the condition holds, for `settling` at most. */
export const eventually = Effect.fnUntraced(function* (expected: string, condition: Effect.Effect<boolean>) {
  const world = yield* ElectionWorld
  for (let step = 0; step <= steps; step++) {
    // The first look lets no time pass: what needs none must be seen at once.
    yield* world.advance(step === 0 ? Duration.zero : Duration.divideUnsafe(world.settling, steps))
    if (yield* condition) return
  }
  return yield* broken(`${expected} within ${Duration.format(world.settling)}`, "none")
})

/** Lets `settlings` times the settling time pass, and checks at each step. */
export const always = Effect.fnUntraced(function* (
  settlings: number,
  check: Effect.Effect<void, ElectionContractBroken>
) {
  const world = yield* ElectionWorld
  for (let step = 0; step < settlings * steps; step++) {
    yield* world.advance(Duration.divideUnsafe(world.settling, steps))
    yield* check
  }
})

/** Lets `settlings` times the settling time pass, in which at most one node at a time may lead. */
export const atMostOneLeads = (nodes: ReadonlyArray<Node>, settlings: number): Move<void> =>
  always(
    settlings,
    Effect.flatMap(
      Effect.filter(nodes, (node) => node.isLeader),
      (leaders) =>
        expect(leaders.length <= 1, "at most one leader", leaders.map(({ self }) => self).join(" and "))
    )
  )

/** Cuts all links between a node and some others, both ways. */
export const separate = (node: Node, others: ReadonlyArray<Node>) => onLinks(node, others, "cut")

/** Heals all links between a node and some others, both ways. */
export const reunite = (node: Node, others: ReadonlyArray<Node>) => onLinks(node, others, "heal")

const onLinks = Effect.fnUntraced(function* (
  node: Node,
  others: ReadonlyArray<Node>,
  change: "cut" | "heal"
) {
  const world = yield* ElectionWorld
  for (const other of others) {
    yield* world[change](node.self, other.self)
    yield* world[change](other.self, node.self)
  }
})

/** The leader resigns; returns when leadership is released. */
export const resigned = Effect.fnUntraced(function* (leader: Node) {
  const call = yield* Effect.forkChild(leader.resign)
  yield* eventually(
    "the resignation to end",
    Effect.sync(() => call.pollUnsafe() !== undefined)
  )
  yield* Effect.mapError(Fiber.join(call), (refusal) => broken("a resignation", refusal.message))
})

/** Work that goes on until it is interrupted: `atEnd` is its clean-up, `lost` its outcome. */
export const startWork = Effect.fnUntraced(function* (node: Node, atEnd: Effect.Effect<unknown>) {
  let started = false
  const endless = Effect.acquireRelease(
    Effect.sync(() => {
      started = true
    }),
    () => atEnd
  ).pipe(Effect.andThen(Effect.never))
  const call = yield* Effect.forkChild(node.whileLeader(endless))
  yield* eventually(
    "work to start",
    Effect.sync(() => started)
  )
  const ended = eventually(
    "work to end",
    Effect.sync(() => call.pollUnsafe() !== undefined)
  )
  return { lost: Effect.andThen(ended, Effect.flip(Fiber.join(call))) }
})

/** How a leadership reads in a failure. */
export const show = ({ leader, term }: Leadership) => `${leader ?? "nobody"} in term ${term}`

/** Whether the condition does not hold. */
export const not = (condition: Effect.Effect<boolean>): Effect.Effect<boolean> =>
  Effect.map(condition, (holds) => !holds)

/** Whether all nodes name the same leader, and it is not the old one. */
export const followedBy = (old: Node, nodes: ReadonlyArray<Node>): Effect.Effect<boolean> =>
  Effect.map(commonLeader(nodes), (leader) => leader !== undefined && leader !== old.self)
