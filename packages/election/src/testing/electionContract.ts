/**
 * What every layer of `Election` must do. Run each case over a fresh `ElectionWorld`.
 *
 * A strategy that breaks a case by design names the case's id in its runner and asserts that the case fails, so that the exception stays
 * visible and true.
 */
import { Duration, Effect, Exit, Fiber, Schema, Stream } from "effect"

import type { Leadership } from "../Election.ts"
import { LeadershipExplanation } from "../LeadershipExplanation.ts"
import { lettingGo } from "./electionLettingGo.ts"
import {
  agreement,
  always,
  atMostOneLeads,
  broken,
  elected,
  type ElectionContractCase,
  eventually,
  expect,
  followedBy,
  not,
  reunite,
  separate,
  show,
  startAll,
  startWork
} from "./electionScenario.ts"
import { ElectionWorld } from "./ElectionWorld.ts"

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

const explanations: ReadonlyArray<ElectionContractCase> = [
  {
    id: "explains",
    name: "every member explains the leader and the term that it knows, and where itself and the leader stand",
    run: Effect.gen(function* () {
      const { leader, others } = yield* elected
      for (const node of [leader, ...others]) {
        const explained = yield* node.explain
        const isValid = Schema.is(LeadershipExplanation)(explained)
        yield* expect(isValid, "an explanation that its schema accepts", JSON.stringify(explained))
        yield* expect(explained.self === node.self, node.self, explained.self)
        const known = yield* node.leadership
        yield* expect(explained.term === known.term, `term ${known.term}`, `${explained.term}`)
        yield* expect(explained.leader === leader.self, leader.self, `${explained.leader}`)
        const leads = explained.members.filter(({ reason }) => reason === "leads").map(({ id }) => id)
        yield* expect(leads.join() === leader.self, `${leader.self} alone to lead`, leads.join())
        const ids = standingsOf(explained)
        yield* expect(ids.includes(node.self), `a standing of ${node.self}`, ids.join())
      }
    })
  },
  {
    id: "explains-term",
    name: "all members explain the same term",
    run: Effect.gen(function* () {
      const { leader, others } = yield* elected
      const nodes = [leader, ...others]
      const terms = Effect.forEach(nodes, (node) => Effect.map(node.explain, ({ term }) => term))
      yield* eventually(
        "the same term",
        Effect.map(terms, (all) => new Set(all).size === 1)
      )
    })
  },
  {
    id: "explains-everyone",
    name: "every member's explanation says where each member stands, in order",
    run: Effect.gen(function* () {
      const { members } = yield* ElectionWorld
      const { leader, others } = yield* elected
      for (const node of [leader, ...others]) {
        const ids = standingsOf(yield* node.explain)
        yield* expect(ids.join() === members.join(), members.join(), ids.join())
      }
    })
  },
  {
    id: "explains-nobody",
    name: "a member cut off from everybody explains that nobody leads",
    run: Effect.gen(function* () {
      const { leader, others } = yield* elected
      yield* separate(leader, others)
      yield* eventually(
        "no leader",
        Effect.map(leader.explain, (now) => now.leader === undefined && now.leaseLeftMillis === undefined)
      )
      const { members } = yield* leader.explain
      const leads = members.filter(({ reason }) => reason === "leads" || reason === "handingOver")
      yield* expect(leads.length === 0, "no standing of a leader", JSON.stringify(leads))
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

/** The promises of the port: who leads and why, work, letting go of leadership, and safety under faults. */
export const electionContract: ReadonlyArray<ElectionContractCase> = [
  ...whoLeads,
  ...work,
  ...lettingGo,
  ...explanations,
  ...safety
]

const standingsOf = ({ members }: LeadershipExplanation) => members.map(({ id }) => id)
