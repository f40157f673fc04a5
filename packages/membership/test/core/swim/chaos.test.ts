/** Random stories: what holds after every step, and that all who live agree once the faults are over. */
import { assert, describe, it } from "@effect/vitest"

import { compareKeys, type MemberKey } from "../../../src/core/swim/memberKey.ts"
import { keyAt, shownAs } from "../../../src/core/swim/memberTable.ts"
import type { SwimState } from "../../../src/core/swim/swimState.ts"
import { heldSlots } from "../../../src/core/swim/syncEntries.ts"
import { randomFrom, SwimWorld } from "./swimWorld.ts"

const ids = ["n1", "n2", "n3", "n4", "n5", "n6"]

/** What an observer holds never goes down, its counts are right, and its queue is bounded. */
const watch = (world: SwimWorld) => {
  const keys = new Map<SwimState, Map<string, MemberKey>>()
  world.afterStep = (id) => {
    const state = world.state(id)
    const { table } = state
    const before = keys.get(state) ?? new Map<string, MemberKey>()
    keys.set(state, before)
    const counts = { alive: 0, suspect: 0, dead: 0, left: 0, hidden: 0 }
    for (const slot of heldSlots(table)) {
      const key = keyAt(table, slot)
      const subject = table.roster.ids[slot] ?? ""
      assert(key !== undefined)
      const old = before.get(subject)
      assert(old === undefined || compareKeys(key, old) >= 0, `seed ${world.seed}: ${id} lowers ${subject}`)
      before.set(subject, key)
      counts[shownAs(table, slot) ?? "hidden"] += 1
    }
    assert.deepStrictEqual(
      [table.present, table.suspects, table.dead, table.left, table.ghosts],
      [counts.alive + counts.suspect, counts.suspect, counts.dead, counts.left, counts.hidden],
      `seed ${world.seed}`
    )
    assert.isAtMost(state.queue.entries.size, ids.length)
  }
}

/** Members' changes are a path: each starts where the last one of that member ended. */
const checkPaths = (world: SwimWorld) => {
  for (const id of world.nodes.keys()) {
    const standing = new Map<string, string | undefined>()
    for (const { change, current, id: subject, previous } of world.changes(id)) {
      const last = standing.get(subject)
      assert(
        previous === last || (previous === undefined && change === "Joined"),
        `seed ${world.seed}: ${id} tells ${subject} ${change} from ${previous}, it was ${last}`
      )
      standing.set(subject, current)
    }
  }
}

const act = (world: SwimWorld, random: () => number, generations: Map<string, number>) => {
  const pick = () => ids[Math.floor(random() * ids.length)] ?? "n1"
  const [one, other] = [pick(), pick()]
  const dice = random()
  const node = world.node(one)
  if (dice < 0.15) world.pause(one, random() * 30_000)
  else if (dice < 0.3) world.kill(one)
  else if (dice < 0.55 && node.dead) {
    generations.set(one, (generations.get(one) ?? 1) + Math.floor(random() * 3) - 1)
    world.start(one, { generation: Math.max(0, generations.get(one) ?? 1) })
  } else if (dice < 0.7) world.cut(one, other)
  else if (dice < 0.75) world.heal()
  else if (dice < 0.85)
    world.weather = { loss: random() * 0.3, delayMillis: [1, 1 + random() * 300], duplicate: 0.1 }
  else if (dice < 0.9) world.tell(one, { _tag: "Leave" })
  else if (node.state.phase === "left") world.tell(one, { _tag: "Join", seeds: [`${other}:1`] })
  else world.tell(one, { _tag: "UpdateSelf", change: { metadata: { mark: String(random()) } } })
}

describe("a story of faults", () => {
  it.each(Array.from({ length: 8 }, () => Math.floor(Math.random() * 2 ** 32)))(
    "ends in agreement (seed %i)",
    (seed) => {
      const random = randomFrom(seed ^ 0x5bd1e995)
      const world = new SwimWorld({ onConflict: "takeover" }, seed)
      for (const id of ids) {
        world.start(id)
        world.run(50)
      }
      watch(world)
      const generations = new Map<string, number>()
      for (let index = 0; index < 25; index += 1) {
        act(world, random, generations)
        world.run(random() * 8000)
      }
      world.heal()
      world.weather = { loss: 0, delayMillis: [1, 5], duplicate: 0 }
      world.run(31_000)
      const live = ids.filter((id) => !world.node(id).dead && world.state(id).phase === "member")
      for (const id of live.slice(1)) world.tell(id, { _tag: "Join", seeds: [`${live[0]}:1`] })
      world.until(
        () => live.every((id) => world.alive(id).join(" ") === live.toSorted().join(" ")),
        150_000,
        `${live.join(" ")} agree`
      )
      checkPaths(world)
      assert.isAtMost(world.bytesMax, world.options.packetBytesMax)
    }
  )
})
