/** The situations of specification 5.6 that real servers can be put into. */
import type { StayReason } from "@coterie/locality"
import { Effect } from "effect"

import { idOf } from "./agents.ts"
import type { Scenario, Stage } from "./Scenario.ts"

/** Round trips of all pairs, from those of the pairs where the first node is the smaller. */
const links = (
  nodes: number,
  millis: (low: number, high: number) => number
): ReadonlyArray<ReadonlyArray<number>> =>
  Array.from({ length: nodes }, (_, from) =>
    Array.from({ length: nodes }, (__, to) =>
      from === to ? 0 : millis(Math.min(from, to), Math.max(from, to))
    )
  )

const far = 4
const near = [0, 1, 2, 3]

/** Four nodes near each other and one far away; n1 is in the middle of the near ones, so that noise does not choose the target. */
const farAway = links(5, (low, high) => {
  if (high !== far) return low === 0 ? 12 : 20
  return low === 0 ? 250 : 256
})

const one = { groups: 1, misplaced: 1 } as const

/** Waits until a node other than those leads the first group. */
const leadsOther = (stage: Stage, nodes: ReadonlyArray<number>) =>
  stage.until(
    "leadership to move",
    stage.sees(({ leaders }) => {
      const [leader] = leaders.values()
      return leader !== undefined && !nodes.includes(leader)
    }),
    "4 minutes"
  )

/** Waits until an agent stays for such a reason. */
const untilReason = (stage: Stage, what: string, such: (reason: StayReason) => boolean) =>
  stage.until(
    what,
    Effect.map(stage.agents.latest, (decisions) =>
      decisions.some(({ action }) => action._tag === "Stay" && such(action.reason))
    ),
    "2 minutes"
  )

const untilWished = (stage: Stage, target: number) =>
  untilReason(
    stage,
    `an agent to want a hand-over to ${idOf(target)}`,
    (reason) => "target" in reason && reason.target === stage.cluster.ids[target]
  )

const untilContent = (stage: Stage) =>
  untilReason(stage, "the leader's agent to be content", ({ _tag }) => _tag === "gainTooSmall")

/** Every scenario, the headline first. */
export const scenarios: ReadonlyArray<Scenario> = [
  {
    name: "far-leader",
    shows: "the leader sits 256 ms from four nodes that are 12 to 20 ms apart: it moves once",
    rttMillis: farAway,
    leader: far,
    client: 0,
    ...one,
    expect: { leaders: near, handOvers: [1, 1], writeRatio: 10, writeGapMillis: 2000 },
    run: (stage) => leadsOther(stage, [far])
  },
  {
    name: "two-plus-three",
    shows: "the leader has one near neighbour, three others are near each other: it moves to the three",
    rttMillis: links(5, (low, high) => (low < 3 === high < 3 ? 20 : 150)),
    leader: far,
    client: 0,
    ...one,
    expect: { leaders: [0, 1, 2], handOvers: [1, 1], writeRatio: 4, writeGapMillis: 2000 },
    run: (stage) => leadsOther(stage, [3, far])
  },
  {
    name: "distant-triple",
    shows: "two of three nodes are nearest to each other and yet 150 ms apart: leadership does not rotate",
    rttMillis: links(3, (low, high) => (high === 1 ? 150 : 300 + 10 * low)),
    leader: 2,
    client: 0,
    ...one,
    expect: { leaders: [0, 1], handOvers: [1, 1] },
    run: (stage) => leadsOther(stage, [2])
  },
  {
    name: "hung-target",
    shows: "the best target's engine stops in its tracks once it is wanted: another one is taken",
    rttMillis: farAway,
    leader: far,
    client: 1,
    ...one,
    expect: { leaders: [1, 2, 3], handOvers: [1, 1], handOversTo: { 0: 0 } },
    run: Effect.fnUntraced(function* (stage) {
      yield* untilWished(stage, 0)
      yield* stage.say("n1 is wanted: its engine hangs from now on")
      yield* stage.cluster.nodes[0]?.pause() ?? Effect.void
      yield* leadsOther(stage, [far])
    })
  },
  {
    name: "target-dies",
    shows:
      "the target's engine is killed while leadership is on its way: another one is taken, and the dead one left alone",
    rttMillis: farAway,
    leader: far,
    client: 1,
    ...one,
    expect: { leaders: [1, 2, 3], handOvers: [1, 2], handOversTo: { 0: 1 } },
    run: Effect.fnUntraced(function* (stage) {
      yield* untilWished(stage, 0)
      yield* stage.until(
        "a hand-over to be asked for",
        Effect.map(stage.requests, (counts) => stage.engine.transferRequest in counts),
        "2 minutes"
      )
      yield* stage.cluster.nodes[0]?.kill() ?? Effect.void
      yield* stage.say("asked for: n1's engine is dead")
      yield* leadsOther(stage, [0, far])
    })
  },
  {
    name: "partition-heal",
    shows:
      "a voter is cut off for a minute, which makes another leader look better: nothing moves, then or later",
    // Without n3 the leader n1 has n2 near and nobody else; n2 has n1 and n4. With it, n1 is the best.
    rttMillis: links(5, (low, high) => {
      if (low === 0 && high < 3) return 20
      if (low === 1 && high === 2) return 40
      if (low === 1 && high === 3) return 60
      return low === 3 ? 20 : 200
    }),
    leader: 0,
    client: 1,
    ...one,
    expect: { leaders: [0], handOvers: [0, 0] },
    run: Effect.fnUntraced(function* (stage) {
      yield* untilContent(stage)
      yield* stage.say("n3 is cut off")
      yield* stage.wan.setNode(2, { partitioned: true })
      yield* Effect.sleep("1 minute")
      yield* stage.wan.setNode(2, { partitioned: false })
      yield* stage.say("n3 is back")
    }, Effect.orDie)
  },
  {
    name: "draining",
    shows: "the leader's agent is told to drain: leadership goes to the next best at once, and stays",
    rttMillis: farAway,
    leader: 0,
    client: 1,
    ...one,
    expect: { leaders: [1, 2, 3], handOvers: [1, 1], handOversTo: { 0: 0 }, writeGapMillis: 2000 },
    run: Effect.fnUntraced(function* (stage) {
      yield* untilContent(stage)
      yield* stage.say("n1 drains")
      yield* stage.agents.drain(0)
      yield* leadsOther(stage, [0])
    })
  },
  {
    name: "restart-agents",
    shows: "leadership moves, then all agents restart: it does not move again",
    rttMillis: farAway,
    leader: far,
    client: 0,
    ...one,
    expect: { leaders: near, handOvers: [1, 1] },
    run: Effect.fnUntraced(function* (stage) {
      yield* leadsOther(stage, [far])
      yield* stage.until(
        "the hand-over to be reported",
        Effect.map(stage.agents.handOvers, (made) => made.length > 0),
        "1 minute"
      )
      yield* stage.say("all agents restart")
      const all = stage.wan.nodes.map(({ index }) => index)
      yield* Effect.forEach(all, (node) => stage.agents.stop(node), { concurrency: all.length })
      yield* Effect.forEach(all, (node) => stage.agents.start(node))
    })
  },
  {
    name: "many-groups",
    shows: "12 of 200 groups are led from afar: those move once each, at most 6 in a minute, and no other",
    rttMillis: links(5, (low, high) => (high === far ? 100 + low : 10)),
    leader: far,
    client: 0,
    groups: 200,
    misplaced: 12,
    expect: { leaders: near, handOvers: [12, 12] },
    run: (stage) =>
      stage.until(
        "all groups to be led from near",
        stage.sees(({ leaders }) =>
          [...leaders.values()].every((leader) => leader !== undefined && leader !== far)
        ),
        "15 minutes"
      )
  }
]
