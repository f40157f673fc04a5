/** The faults that elections are tried under; times are ms of real time. */
import type { Link } from "../Network.ts"
import type { World } from "../World.ts"
import type { Contender } from "./Contender.ts"
import { storeId } from "./storeContender.ts"

/** A script of faults. */
export interface Scenario {
  readonly name: string
  readonly durationMillis: number
  /** When the fault begins; gaps before it belong to the start. */
  readonly faultAtMillis: number
  /** Longest time that a leader's work needs to stop; beyond the drain time the lease runs out first. */
  readonly stopMillisMax: number
  /** Whether the fault is one of the store, which only the strategy `lease` has. */
  readonly needsStore: boolean
  inject<M, N extends Contender<M>>(world: World<M, N>): void
}

const faultAt = 200_000
const settle = 400_000

/** Links without a fault. */
export const calm: Link = { delayMillisMin: 0.5, delayMillisMax: 2.5, loss: 0, duplication: 0 }
const stopMillisMax = 50

const startAll = <M, N extends Contender<M>>(world: World<M, N>, spreadMillis: number): void => {
  for (const id of world.members) world.at(world.random.between(0, spreadMillis), () => world.start(id))
}

const scripted = (
  name: string,
  fault: <M, N extends Contender<M>>(world: World<M, N>) => void,
  durationMillis = faultAt + settle
): Scenario => ({
  name,
  durationMillis,
  faultAtMillis: faultAt,
  stopMillisMax,
  needsStore: false,
  inject(world) {
    // a starts first so that it leads when the fault comes
    for (const [index, id] of world.members.entries()) world.at(index * 10, () => world.start(id))
    world.at(faultAt, () => fault(world))
  }
})

const ofStore = (name: string, fault: <M, N extends Contender<M>>(world: World<M, N>) => void): Scenario => ({
  ...scripted(name, fault),
  needsStore: true
})

/** Every place of the world, the store's too if there is one, save those named. */
const allBut = <M, N extends Contender<M>>(
  world: World<M, N>,
  ...named: ReadonlyArray<string>
): ReadonlyArray<string> => world.seats.map(({ id }) => id).filter((id) => !named.includes(id))

const cutBetween = <M, N extends Contender<M>>(
  world: World<M, N>,
  pairs: ReadonlyArray<readonly [string, string]>,
  forMillis: number
): void => {
  for (const [from, to] of pairs) world.network.cut(from, to)
  world.at(world.now + forMillis, () => {
    for (const [from, to] of pairs) world.network.heal(from, to)
  })
}

const bothWays = (
  left: ReadonlyArray<string>,
  right: ReadonlyArray<string>
): ReadonlyArray<readonly [string, string]> =>
  left.flatMap((a) => right.flatMap((b) => [[a, b] as const, [b, a] as const]))

const restart = <M, N extends Contender<M>>(world: World<M, N>, id: string, downMillis: number): void => {
  world.crash(id)
  world.at(world.now + downMillis, () => world.start(id))
}

const slowLinks = <M, N extends Contender<M>>(
  world: World<M, N>,
  change: Partial<Link>,
  forMillis: number
): void => {
  world.network.link = { ...calm, ...change }
  world.at(world.now + forMillis, () => {
    world.network.link = calm
  })
}

/** What the store sends. */
const answersOf = <M, N extends Contender<M>>(world: World<M, N>): ReadonlyArray<readonly [string, string]> =>
  world.members.map((id) => [storeId, id])

/** One-fault scenarios of the specification's table, then random faults. */
export const scenarios: ReadonlyArray<Scenario> = [
  scripted("cut a-b 60 s", (world) => cutBetween(world, bothWays(["a"], ["b"]), 60_000)),
  scripted("one-way a->b 60 s", (world) => cutBetween(world, [["a", "b"]], 60_000)),
  scripted("a isolated 30 s", (world) => cutBetween(world, bothWays(["a"], allBut(world, "a")), 30_000)),
  scripted("a crashes, back after 30 s", (world) => restart(world, "a", 30_000)),
  scripted("a hands over", (world) => world.tell("a", (node, now) => node.stepDown(now, undefined))),
  scripted("a paused 10 s", (world) => world.pause("a", 10_000)),
  scripted("b restarts, a healthy", (world) => restart(world, "b", world.random.between(200, 3000))),
  scripted("a,b split 30 s", (world) =>
    cutBetween(world, bothWays(["a", "b"], allBut(world, "a", "b")), 30_000)
  ),
  scripted("wall clocks jump 1 h", (world) => {
    for (const id of world.members) world.jumpWallClock(id, id === "a" ? -3_600_000 : 3_600_000)
  }),
  ofStore("store down 30 s", (world) => restart(world, storeId, 30_000)),
  ofStore("store hangs 30 s", (world) => world.pause(storeId, 30_000)),
  ofStore("store's answers lost 30 s", (world) => cutBetween(world, answersOf(world), 30_000)),
  ofStore("take-over's answer lost", (world) => {
    restart(world, "a", 30_000)
    cutBetween(world, answersOf(world), 6000)
  }),
  ofStore("zombie candidates", (world) => {
    // Calls travel for so long that candidates are stopped between a take-over and its answer.
    restart(world, "a", 30_000)
    slowLinks(world, { delayMillisMin: 100, delayMillisMax: 600 }, 8000)
    for (const id of world.members)
      world.at(world.now + world.random.between(3500, 5500), () => world.pause(id, 10_000))
  }),
  {
    name: "cold start, 2 s spread",
    durationMillis: settle,
    faultAtMillis: 0,
    stopMillisMax,
    needsStore: false,
    inject: (world) => startAll(world, 2000)
  },
  {
    name: "chaos",
    durationMillis: 1_200_000,
    faultAtMillis: 0,
    stopMillisMax: 12_000,
    needsStore: false,
    inject: (world) => chaos(world)
  }
]

/** Random faults every few seconds, several at once: cuts, pauses, crashes, hand-overs, slow disks, and bursts of loss, delay and duplicates. */
const chaos = <M, N extends Contender<M>>(world: World<M, N>): void => {
  startAll(world, 2000)
  const places = allBut(world)
  const somewhere = (): string => world.random.pick(places)
  const faults: ReadonlyArray<() => void> = [
    () => cutBetween(world, bothWays([somewhere()], [somewhere()]), world.random.between(500, 30_000)),
    () => cutBetween(world, [[somewhere(), somewhere()]], world.random.between(500, 30_000)),
    () => {
      const lone = somewhere()
      cutBetween(world, bothWays([lone], allBut(world, lone)), world.random.between(500, 20_000))
    },
    () => world.pause(somewhere(), world.random.between(100, 12_000)),
    () => {
      const to = world.random.chance(0.5) ? world.random.pick(world.members) : undefined
      for (const id of world.members) world.tell(id, (node, now) => node.stepDown(now, to))
    },
    () => {
      world.syncMillisMax = world.random.between(100, 5000)
      world.at(world.now + world.random.between(500, 10_000), () => {
        world.syncMillisMax = 5
      })
    },
    () => restart(world, somewhere(), world.random.between(10, 15_000)),
    () => {
      const loss = world.random.between(0, 0.3)
      const delayMillisMax = world.random.between(5, 800)
      slowLinks(world, { loss, duplication: 0.2, delayMillisMax }, world.random.between(500, 10_000))
    }
  ]
  const next = (): void => {
    world.random.pick(faults)()
    world.at(world.now + world.random.between(2000, 30_000), next)
  }
  world.at(10_000, next)
}
