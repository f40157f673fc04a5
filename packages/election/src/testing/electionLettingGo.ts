/** What the election contract asks of a leader that lets go: of `resign` and `transfer`. */
import { Effect, Fiber } from "effect"

import {
  always,
  broken,
  commonLeader,
  elected,
  type ElectionContractCase,
  eventually,
  expect,
  followedBy,
  type Node,
  not,
  resigned,
  show,
  startWork
} from "./electionScenario.ts"
import { ElectionWorld } from "./ElectionWorld.ts"

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

const transfers: ReadonlyArray<ElectionContractCase> = [
  {
    id: "transfers",
    name: "a leader hands leadership to the member it names, once its work has cleaned up",
    run: Effect.gen(function* () {
      const { leader, others } = yield* elected
      const nodes = [leader, ...others]
      const to = others.at(-1) ?? leader
      let ledAtEnd = ""
      const noteLeaders = Effect.map(
        Effect.filter(nodes, (node) => node.isLeader),
        (leaders) => (ledAtEnd = leaders.map(({ self }) => self).join())
      )
      const { lost } = yield* startWork(leader, noteLeaders)
      const call = yield* Effect.forkChild(leader.transfer(to.self))
      yield* eventually(
        "the transfer to end",
        Effect.sync(() => call.pollUnsafe() !== undefined)
      )
      yield* Effect.mapError(Fiber.join(call), (refusal) =>
        broken("a transfer", refusal._tag === "TransferRefused" ? refusal.reason : refusal._tag)
      )
      yield* expect(!(yield* leader.isLeader), "the node not to lead", "it does")
      yield* lost
      yield* expect(
        ledAtEnd === leader.self,
        "the old leader alone to lead while its work cleans up",
        ledAtEnd
      )
      const hasMoved = Effect.map(commonLeader(nodes), (now) => now === to.self)
      yield* eventually(`${to.self} to lead`, hasMoved)
    })
  },
  {
    id: "transfer-refused",
    name: "a transfer to a stranger, to a dead member or to oneself is refused, and the leader goes on leading",
    run: Effect.gen(function* () {
      const world = yield* ElectionWorld
      const { leader, others } = yield* elected
      const [dead] = others
      yield* world.crash(dead.self)
      const before = yield* leader.leadership
      const leadsOn = Effect.flatMap(leader.leadership, (now) =>
        expect(show(now) === show(before), show(before), show(now))
      )
      yield* always(1, leadsOn)
      const refusals = [
        { to: "a-stranger", reasons: ["unknownMember", "unsupported"] },
        { to: dead.self, reasons: ["notAlive", "unsupported"] },
        { to: leader.self, reasons: ["alreadyLeads"] }
      ]
      for (const { reasons, to } of refusals) {
        const refusal = yield* refused(leader, to)
        const found = refusal._tag === "TransferRefused" ? refusal.reason : refusal._tag
        yield* expect(reasons.includes(found), reasons.join(" or "), found)
      }
      yield* always(1, leadsOn)
    })
  },
  {
    id: "follower-cannot-transfer",
    name: "a follower cannot transfer leadership, and is told who leads",
    run: Effect.gen(function* () {
      const { leader, others } = yield* elected
      const refusal = yield* refused(others[0], others[0].self)
      const hint = refusal._tag === "NotLeading" ? refusal.leader : refusal._tag
      yield* expect(hint === leader.self, `the hint ${leader.self}`, `${hint}`)
    })
  }
]

const refused = (node: Node, to: string) =>
  Effect.mapError(Effect.flip(node.transfer(to)), () => broken("a refusal", "a transfer"))

/** The promises about letting go of leadership. */
export const lettingGo: ReadonlyArray<ElectionContractCase> = [...resignation, ...transfers]
