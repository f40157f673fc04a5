/** A random story of all faults at once, over a cluster whose seeds come back in the end. */
import { calm } from "./Links.ts"
import type { Stage } from "./scenarios.ts"
import type { Member, SwimWorld } from "./SwimWorld.ts"

/** Members that others join through: they crash and stand still like all, but keep their names and addresses. */
const seedCount = 3

/** Addresses to join through, other than the member's own. */
const seedsFor = (world: SwimWorld, { id }: Member): ReadonlyArray<string> =>
  world.members.slice(0, seedCount).flatMap((seed) => (seed.id === id ? [] : [`${seed.id}:1`]))

/** Starts members one after the other, each joining through the seeds. */
export const startJoined = (world: SwimWorld, count: number, everyMillis: number): void => {
  for (let index = 0; index < count; index += 1) {
    const member = world.add()
    world.at(index * everyMillis, () => world.start(member, { generation: 1 }, seedsFor(world, member)))
  }
}

const actions = 30

/** Plans the faults from a time on; returns when the last one ends. */
export const planChaos = (stage: Stage, fromMillis: number): number => {
  const { world } = stage
  let at = fromMillis
  for (let index = 0; index < actions; index += 1) {
    world.at(at, () => act(stage))
    at += world.random.between(0, 4000)
  }
  world.at(at, () => end(world))
  return at
}

/** The network is well again and the seeds run; who is down otherwise, or has left, stays so. */
const end = (world: SwimWorld): void => {
  world.links.heal()
  world.links.weather = calm
  for (const seed of world.members.slice(0, seedCount)) {
    if (seed.state === undefined) restart(world, seed)
  }
}

type Act = (world: SwimWorld, member: Member) => void

const act = ({ world }: Stage): void => {
  const member = world.random.pick(world.members)
  const { state } = member
  if (state === undefined) return restart(world, member)
  if (state.phase === "left" && world.random.chance(0.5)) return world.crash(member)
  if (state.phase === "left") return world.tell(member, { _tag: "Join", seeds: seedsFor(world, member) })
  world.random.pick(member.index < seedCount ? faults : [...faults, ...changes])(world, member)
}

const faults: ReadonlyArray<Act> = [
  (world, member) => world.pause(member, world.random.between(500, 30_000)),
  (world, member) => world.crash(member),
  (world, member) => world.block(member, world.random.between(500, 15_000)),
  (world, member) => world.links.cut(member.index, world.random.pick(world.members).index),
  (world) => {
    const away = world.members.filter(() => world.random.chance(0.4)).map(({ index }) => index)
    world.links.part(away, 1)
  },
  (world) => world.links.heal(),
  (world) => {
    world.links.weather = {
      delayMillisMin: 1,
      delayMillisMax: world.random.between(2, 300),
      loss: world.random.between(0, 0.3),
      duplication: 0.1
    }
  },
  (world, member) =>
    world.tell(member, {
      _tag: "UpdateSelf",
      change: { metadata: { mark: String(Math.floor(world.now)) } }
    }),
  (world, member) => world.tell(member, { _tag: "Broadcast", name: "chaos", payload: new Uint8Array(100) })
]

const changes: ReadonlyArray<Act> = [
  (world, member) => world.tell(member, { _tag: "Leave" }),
  (world, member) => world.move(member, `${member.id}:${Math.floor(world.now)}`),
  (world) => {
    const member = world.add()
    world.start(member, { generation: 1 }, seedsFor(world, member))
  },
  (world, member) => {
    world.crash(member)
    restart(world, member)
  }
]

/** The generation was kept, or lost, or the clock that it is taken from has gone back. */
const restart = (world: SwimWorld, member: Member): void => {
  const generation = Math.max(0, member.generation + world.random.pick([1, 1, 0, -1]))
  const moves = member.index >= seedCount && world.random.chance(0.2)
  world.start(
    member,
    { generation, ...(moves ? { address: `${member.id}:${Math.floor(world.now)}` } : {}) },
    seedsFor(world, member)
  )
}
