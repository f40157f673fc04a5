/**
 * What every layer of `Election` must do. Run each case over a fresh `ElectionWorld`.
 *
 * A strategy that breaks a case by design names the case's id in its runner and asserts that the case fails, so that the exception stays
 * visible and true.
 */
import { Duration, Effect, Exit, Fiber, Stream } from "effect"

import type { Leadership } from "../Election.ts"
import {
  agreement,
  always,
  atMostOneLeads,
  broken,
  commonLeader,
  elected,
  eventually,
  expect,
  type Move,
  type Node,
  resigned,
  reunite,
  separate,
  show,
  startAll,
  startWork
} from "./electionScenario.ts"
import { ElectionWorld } from "./ElectionWorld.ts"

/** One promise of the port. */
export interface ElectionContractCase {
  /** Stable name for lists of known exceptions. */
  readonly id: string
  readonly name: string
  readonly run: Move<void>
}

const whoLeads: ReadonlyArray<ElectionContractCase> = [
  {
    id: "elects-one",
    name: "members in contact elect exactly one of them, and all know it",
    run: Effect.gen(function* () {
      const nodes = yield* startAll
      const leader = yield* agreement(nodes)
      for (const node of nodes) {
        const seesAll = Effect.map(node.quorum, ({ alive, present }) => present && alive === nodes.length)
        yield* eventually(`a quorum of all, seen from ${node.self}`, seesAll)
        const { needed } = yield* node.quorum
        yield* expect(needed === Math.floor(nodes.length / 2) + 1, "a majority to be needed", `${needed}`)
        const leads = yield* node.isLeader
        yield* expect(leads === (node.self === leader), `${leader} alone to lead`, `${leads} on ${node.self}`)
      }
    })
  },
  {
    id: "none-without-quorum",
    name: "a member on its own does not lead",
    run: Effect.gen(function* () {
      const world = yield* ElectionWorld
      const node = yield* world.start(world.members[0])
      const check = Effect.gen(function* () {
        const { leader } = yield* node.leadership
        const { present } = yield* node.quorum
        yield* expect(leader === undefined && !(yield* node.isLeader), "no leader", `${leader}`)
        yield* expect(!present, "no quorum", "one")
      })
      yield* always(3, check)
    })
  },
  {
    id: "steps-down",
    name: "a leader cut off from everybody steps down and names nobody",
    run: Effect.gen(function* () {
      const { leader, others } = yield* elected
      yield* separate(leader, others)
      yield* eventually("the leader to step down", not(leader.isLeader))
      const namesNobody = Effect.map(leader.leadership, (now) => now.leader === undefined)
      yield* eventually("the isolated node to name no leader", namesNobody)
    })
  },
  {
    id: "takes-over",
    name: "when the leader crashes, the others elect one of themselves",
    run: Effect.gen(function* () {
      const world = yield* ElectionWorld
      const { leader, others } = yield* elected
      yield* world.crash(leader.self)
      yield* eventually("a new leader", followedBy(leader, others))
    })
  },
  {
    id: "changes",
    name: "changes begin with the current leadership, and each leader has a higher term",
    run: Effect.gen(function* () {
      const world = yield* ElectionWorld
      const { leader, others } = yield* elected
      const now = yield* others[0].leadership
      const seen: Array<Leadership> = []
      const read = Stream.runForEach(others[0].changes, (change) => Effect.sync(() => seen.push(change)))
      const reader = yield* Effect.forkChild(read)
      yield* eventually(
        "the current leadership",
        Effect.sync(() => seen.length > 0)
      )
      yield* expect(seen.map(show).join() === show(now), show(now), seen.map(show).join())
      yield* world.crash(leader.self)
      yield* eventually("a new leader", followedBy(leader, others))
      yield* eventually(
        "a change",
        Effect.sync(() => seen.length > 1)
      )
      const leaders = seen.filter((now) => now.leader !== undefined)
      const rising = leaders.every(
        ({ term }, index) => index === 0 || term > (leaders[index - 1]?.term ?? term)
      )
      yield* expect(rising, "rising terms", seen.map(show).join())
      yield* Fiber.interrupt(reader)
    })
  }
]

const work: ReadonlyArray<ElectionContractCase> = [
  {
    id: "work-on-leader",
    name: "work runs on the leader only, and its result is the call's",
    run: Effect.gen(function* () {
      const nodes = yield* startAll
      const ran: Array<string> = []
      const calls = yield* Effect.forEach(nodes, (node) =>
        Effect.forkChild(node.whileLeader(Effect.sync(() => ran.push(node.self))))
      )
      const leader = yield* agreement(nodes)
      yield* eventually(
        "work to run",
        Effect.sync(() => ran.length > 0)
      )
      yield* expect(ran.join() === leader, `work on ${leader} only`, ran.join())
      const exits = calls.map((call) => call.pollUnsafe()).filter((exit) => exit !== undefined)
      const results = exits.map((exit) => (Exit.isSuccess(exit) ? String(exit.value) : "a failure"))
      yield* expect(results.join() === "1", "one call with the result 1", results.join())
      yield* Effect.forEach(calls, Fiber.interrupt)
    })
  },
  {
    id: "work-ends-with-leadership",
    name: "work is interrupted when leadership is lost, and the call fails after its finalizers ran",
    run: Effect.gen(function* () {
      const { leader, others } = yield* elected
      const { term } = yield* leader.leadership
      let cleanUps = 0
      const { lost } = yield* startWork(
        leader,
        Effect.sync(() => cleanUps++)
      )
      yield* separate(leader, others)
      const outcome = yield* lost
      yield* expect(cleanUps === 1, "one run of the finalizers", `${cleanUps}`)
      yield* expect(
        outcome.node === leader.self && outcome.term === term,
        `the loss of term ${term}`,
        outcome.message
      )
    })
  },
  {
    id: "work-campaigns-again",
    name: "a call after the loss waits for leadership again",
    run: Effect.gen(function* () {
      const { leader, others } = yield* elected
      const first = yield* startWork(leader, Effect.void)
      yield* separate(leader, others)
      yield* first.lost
      let ran = false
      const again = yield* Effect.forkChild(leader.whileLeader(Effect.sync(() => (ran = true))))
      yield* always(
        1,
        Effect.suspend(() => expect(!ran, "work to wait for leadership", "it ran"))
      )
      yield* Fiber.interrupt(again)
    })
  },
  {
    id: "work-fails",
    name: "work that fails is the call's failure, and leadership stays",
    run: Effect.gen(function* () {
      const { leader } = yield* elected
      const failure = yield* Effect.flip(leader.whileLeader(Effect.fail("boom" as const))).pipe(
        Effect.mapError(() => broken("boom", "success"))
      )
      yield* expect(failure === "boom", "boom", String(failure))
      yield* expect(yield* leader.isLeader, "the node still to lead", "it does not")
    })
  }
]

const resignation: ReadonlyArray<ElectionContractCase> = [
  {
    id: "resigns",
    name: "a leader that resigns is followed by another, and does not lead again at once",
    run: Effect.gen(function* () {
      const { leader, others } = yield* elected
      yield* resigned(leader)
      const steppedDown = Effect.flatMap(leader.isLeader, (leads) =>
        expect(!leads, "the node not to lead", "it does")
      )
      yield* steppedDown
      yield* eventually("another leader", followedBy(leader, [leader, ...others]))
      yield* always(1, steppedDown)
    })
  },
  {
    id: "resigns-after-work",
    name: "a resignation lets running work clean up before leadership is released",
    run: Effect.gen(function* () {
      const { leader } = yield* elected
      const ledAtEnd: Array<boolean> = []
      const noteLeads = Effect.map(leader.isLeader, (leads) => ledAtEnd.push(leads))
      const { lost } = yield* startWork(leader, noteLeads)
      yield* resigned(leader)
      yield* lost
      yield* expect(ledAtEnd.join() === "true", "the node to lead while its work cleans up", ledAtEnd.join())
    })
  },
  {
    id: "resigns-from-work",
    name: "work may resign, and is then interrupted itself",
    run: Effect.gen(function* () {
      const { leader } = yield* elected
      const call = yield* Effect.forkChild(leader.whileLeader(Effect.andThen(leader.resign, Effect.never)))
      yield* eventually(
        "work to end",
        Effect.sync(() => call.pollUnsafe() !== undefined)
      )
      const outcome = yield* Effect.flip(Fiber.join(call))
      yield* expect(outcome._tag === "LeadershipLost", "LeadershipLost", outcome._tag)
      yield* eventually("the node to step down", not(leader.isLeader))
    })
  },
  {
    id: "follower-cannot-resign",
    name: "a follower cannot resign, and is told who leads",
    run: Effect.gen(function* () {
      const { leader, others } = yield* elected
      const refusal = yield* Effect.flip(others[0].resign).pipe(
        Effect.mapError(() => broken("NotLeading", "success"))
      )
      yield* expect(refusal.leader === leader.self, `the hint ${leader.self}`, refusal.message)
    })
  }
]

const safety: ReadonlyArray<ElectionContractCase> = [
  {
    id: "safe-link-cut",
    name: "at most one node leads while the link between the leader and one other is cut",
    run: Effect.gen(function* () {
      const { leader, others } = yield* elected
      yield* separate(leader, [others[0]])
      yield* atMostOneLeads([leader, ...others], 3)
    })
  },
  {
    id: "safe-one-way-cut",
    name: "at most one node leads while one other does not hear the leader",
    run: Effect.gen(function* () {
      const world = yield* ElectionWorld
      const { leader, others } = yield* elected
      yield* world.cut(leader.self, others[0].self)
      yield* atMostOneLeads([leader, ...others], 3)
    })
  },
  {
    id: "safe-partition",
    name: "at most one node leads while the leader loses its links, one after the other",
    run: Effect.gen(function* () {
      const world = yield* ElectionWorld
      const { leader, others } = yield* elected
      const [first, ...rest] = others
      yield* separate(leader, [first])
      yield* world.advance(Duration.divideUnsafe(world.settling, 6))
      yield* separate(leader, rest)
      yield* atMostOneLeads([leader, ...others], 3)
    })
  },
  {
    id: "safe-heal",
    name: "at most one node leads after a leader that was cut off from everybody is back",
    run: Effect.gen(function* () {
      const { leader, others } = yield* elected
      yield* separate(leader, others)
      yield* eventually("a new leader", followedBy(leader, others))
      yield* reunite(leader, others)
      yield* atMostOneLeads([leader, ...others], 3)
    })
  },
  {
    id: "safe-return",
    name: "at most one node leads after a leader that crashed is back",
    run: Effect.gen(function* () {
      const world = yield* ElectionWorld
      const { leader, others } = yield* elected
      yield* world.crash(leader.self)
      yield* eventually("a new leader", followedBy(leader, others))
      const returned = yield* world.start(leader.self)
      yield* atMostOneLeads([returned, ...others], 3)
    })
  }
]

/** The promises of the port: who leads, work, resignation, and safety under faults. */
export const electionContract: ReadonlyArray<ElectionContractCase> = [
  ...whoLeads,
  ...work,
  ...resignation,
  ...safety
]

const not = (condition: Effect.Effect<boolean>): Effect.Effect<boolean> =>
  Effect.map(condition, (holds) => !holds)

/** Whether all nodes name the same leader, and it is not the old one. */
const followedBy = (old: Node, nodes: ReadonlyArray<Node>): Effect.Effect<boolean> =>
  Effect.map(commonLeader(nodes), (leader) => leader !== undefined && leader !== old.self)
