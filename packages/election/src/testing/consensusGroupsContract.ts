/**
 * What every driver of `ConsensusGroups` must do. Cases leave the world as they found it, but for who leads, so they may share one.
 *
 * They wait by reading again every 50 ms: run them on the live clock unless the world answers at once.
 */
import { Duration, Effect } from "effect"

import type { ConsensusGroups } from "../ConsensusGroups.ts"
import {
  eventually,
  expect,
  refusal,
  refusedWithoutTrace,
  settled,
  type Step,
  whileDown
} from "./groupsScenario.ts"

/** One promise of the port. */
export interface ConsensusGroupsCase {
  readonly name: string
  readonly run: Step<void>
}

const reading: ReadonlyArray<ConsensusGroupsCase> = [
  {
    name: "lists the group",
    run: Effect.gen(function* () {
      const { beside, group } = yield* settled
      const groups = yield* beside.list
      yield* expect(groups.includes(group), `${group} in the list`, groups)
    })
  },
  {
    name: "every replica knows itself, the leader and the term",
    run: Effect.gen(function* () {
      const { beside, besideFollower, follower, group, leader, status } = yield* settled
      const own = yield* besideFollower.status(group)
      yield* expect(own.self === follower, `self to be ${follower}`, own)
      yield* expect(own.leader === leader && !own.electing, `${leader} to lead`, own)
      yield* expect((yield* beside.status(group)).self === leader, `self to be ${leader}`, leader)
      const reportsTerm = status.term !== undefined && status.term > 0
      yield* expect(!beside.capabilities.term || reportsTerm, "a term above 0", status.term ?? "none")
    })
  },
  {
    name: "voters are sorted, and a replica without a vote is not among them",
    run: Effect.gen(function* () {
      const { nonVoter, status } = yield* settled
      const ids = status.voters.map(({ id }) => id)
      yield* expect(ids.length >= 3 && ids.join() === ids.toSorted().join(), "sorted voters", ids)
      if (nonVoter === undefined) return
      yield* expect(!ids.includes(nonVoter), `${nonVoter} not to vote`, ids)
      yield* expect(
        status.nonVoters.some(({ id }) => id === nonVoter),
        `${nonVoter} among the non-voters`,
        status.nonVoters
      )
    })
  },
  {
    name: "a group that is not there is UnknownGroup, with the known ones",
    run: Effect.gen(function* () {
      const { beside, group } = yield* settled
      const { known } = yield* refusal("UnknownGroup", beside.status("no such group"))
      yield* expect(known.includes(group), `${group} among the known groups`, known)
      yield* refusal("UnknownGroup", beside.probe("no such group", "x"))
      yield* refusal("UnknownGroup", beside.transferLeadership("no such group", "x"))
    })
  },
  {
    name: "every replica, the local one included, is reported reachable while all are up",
    run: Effect.gen(function* () {
      const { beside, group, nonVoter, status } = yield* settled
      const ids = [...status.voters, ...status.nonVoters].map(({ id }) => id)
      yield* expect(nonVoter === undefined || ids.includes(nonVoter), `${nonVoter} among the replicas`, ids)
      yield* eventually("all replicas to be reachable", beside.reachability(group), (replicas) =>
        ids.every((id) => replicas.get(id)?.reachable === true)
      )
    })
  }
]

const liveness: ReadonlyArray<ConsensusGroupsCase> = [
  {
    name: "a hung replica is reported unreachable, with a reason, and the others reachable",
    run: Effect.gen(function* () {
      const { beside, follower, group, other } = yield* settled
      const replicas = yield* whileDown("hang", follower, beside.reachability(group))
      const hung = replicas.get(follower)
      yield* expect(hung?.reachable === false && hung.detail !== undefined, "a reason", hung)
      yield* expect(replicas.get(other)?.reachable === true, `${other} to be reachable`, replicas.get(other))
    })
  },
  {
    name: "a probe measures a round trip to any other replica",
    run: Effect.gen(function* () {
      const { beside, follower, group, nonVoter, other } = yield* settled
      for (const replica of [follower, other, ...(nonVoter === undefined ? [] : [nonVoter])]) {
        const rtt = yield* beside.probe(group, replica)
        const isTime = Duration.isFinite(rtt) && Duration.isGreaterThan(rtt, Duration.zero)
        yield* expect(isTime, `a round trip to ${replica}`, Duration.format(rtt))
      }
    })
  },
  {
    name: "a probe of a replica that the group does not have is UnknownTarget",
    run: Effect.gen(function* () {
      const { beside, group } = yield* settled
      yield* refusal("UnknownTarget", beside.probe(group, "no such replica"))
    })
  },
  {
    name: "a probe of a hung replica times out, and succeeds once it goes on",
    run: Effect.gen(function* () {
      const { beside, follower, group } = yield* settled
      // The driver has met the replica before it hangs: connections are open.
      yield* beside.probe(group, follower)
      yield* whileDown("hang", follower, refusal("TimedOut", beside.probe(group, follower)))
      yield* eventually("the probe to succeed again", beside.probe(group, follower), Duration.isFinite)
    })
  },
  {
    name: "a dead replica is Unavailable to a probe",
    run: Effect.gen(function* () {
      const { beside, follower, group } = yield* settled
      yield* beside.probe(group, follower)
      yield* whileDown("kill", follower, refusal("Unavailable", beside.probe(group, follower)))
      yield* eventually("the probe to succeed again", beside.probe(group, follower), Duration.isFinite)
    })
  },
  {
    name: "a dead local engine is Unavailable, a hung one TimedOut",
    run: Effect.gen(function* () {
      const { besideFollower, follower, group } = yield* settled
      yield* whileDown("kill", follower, refusal("Unavailable", besideFollower.status(group)))
      yield* settled
      yield* whileDown("hang", follower, refusal("TimedOut", besideFollower.status(group)))
    })
  }
]

const transfers: ReadonlyArray<ConsensusGroupsCase> = [
  {
    name: "a transfer at the leader moves leadership to the voter, in a newer term",
    run: Effect.gen(function* () {
      const setting = yield* settled
      const { beside, follower, group, status } = setting
      if (!beside.capabilities.targeted) {
        return void (yield* refusedWithoutTrace(
          setting,
          "Unsupported",
          beside.transferLeadership(group, follower)
        ))
      }
      const outcome = yield* beside.transferLeadership(group, follower, { term: status.term })
      const moved = outcome._tag === "Moved" && outcome.leader === follower
      yield* expect(moved, `leadership to move to ${follower}`, outcome)
      const after = yield* settled
      yield* expect(after.leader === follower, `${follower} to lead`, after.status)
      const termRose = (after.status.term ?? 1) > (status.term ?? 0)
      yield* expect(termRose, `a term above ${status.term}`, after.status.term)
    })
  },
  {
    name: "a transfer at a follower is NotLeader and names the leader",
    run: Effect.gen(function* () {
      const setting = yield* settled
      const { besideFollower, follower, group, leader, other } = setting
      for (const target of [follower, other]) {
        const call = besideFollower.transferLeadership(group, target)
        const reason = yield* refusedWithoutTrace(setting, "NotLeader", call)
        yield* expect(reason.leader === leader, `the leader to be ${leader}`, reason)
      }
    })
  },
  {
    name: "a target without a vote is NotEligible, and nothing happens",
    run: Effect.gen(function* () {
      const setting = yield* settled
      const { beside, group, nonVoter } = setting
      if (nonVoter === undefined) return
      yield* refusedWithoutTrace(setting, "NotEligible", beside.transferLeadership(group, nonVoter))
    })
  },
  {
    name: "a target that the group does not have is UnknownTarget",
    run: Effect.gen(function* () {
      const setting = yield* settled
      const { beside, group } = setting
      yield* refusedWithoutTrace(
        setting,
        "UnknownTarget",
        beside.transferLeadership(group, "no such replica")
      )
    })
  },
  {
    name: "the leader as target is AlreadyLeader",
    run: Effect.gen(function* () {
      const setting = yield* settled
      const { beside, group, leader } = setting
      yield* refusedWithoutTrace(setting, "AlreadyLeader", beside.transferLeadership(group, leader))
    })
  },
  {
    name: "a decision made in another term is StaleTerm",
    run: Effect.gen(function* () {
      const setting = yield* settled
      const { beside, follower, group, status } = setting
      if (!beside.capabilities.term) return
      const term = (status.term ?? 0) - 1
      const call = beside.transferLeadership(group, follower, { term })
      yield* refusedWithoutTrace(setting, "StaleTerm", call)
    })
  },
  {
    name: "a hung or dead target is NotEligible before anything is sent",
    run: Effect.gen(function* () {
      const { follower } = yield* settled
      for (const how of ["hang", "kill"] as const) {
        const setting = yield* settled
        const { beside, group } = setting
        const call = beside.transferLeadership(group, follower)
        const reason = beside.capabilities.targeted ? "NotEligible" : "Unsupported"
        yield* whileDown(how, follower, refusedWithoutTrace(setting, reason, call))
      }
    })
  }
]

/** The step-down of the driver; undefined when it rightly has none. */
const stepDownOf = Effect.fnUntraced(function* (groups: ConsensusGroups["Service"]) {
  const { capabilities, stepDown } = groups
  const isPromised = capabilities.untargeted === true
  yield* expect(isPromised === (stepDown !== undefined), `stepDown: ${isPromised}`, typeof stepDown)
  return stepDown
})

const stepDowns: ReadonlyArray<ConsensusGroupsCase> = [
  {
    name: "a step-down, where there is one, lets another voter lead in a newer term",
    run: Effect.gen(function* () {
      const { beside, group, leader, status } = yield* settled
      const stepDown = yield* stepDownOf(beside)
      if (stepDown === undefined) return
      const outcome = yield* stepDown(group, { term: status.term, deadline: Duration.seconds(30) })
      yield* expect(outcome._tag === "MovedElsewhere", "leadership to move", outcome)
      const after = yield* settled
      yield* expect(after.leader !== leader, `another leader than ${leader}`, after.status)
      const termRose = (after.status.term ?? 1) > (status.term ?? 0)
      yield* expect(termRose, `a term above ${status.term}`, after.status.term)
    })
  },
  {
    name: "a step-down at a follower is NotLeader, one decided in another term StaleTerm",
    run: Effect.gen(function* () {
      const setting = yield* settled
      const { beside, besideFollower, group, leader, status } = setting
      const stepDown = yield* stepDownOf(beside)
      const elsewhere = yield* stepDownOf(besideFollower)
      if (stepDown === undefined || elsewhere === undefined) return
      const reason = yield* refusedWithoutTrace(setting, "NotLeader", elsewhere(group))
      yield* expect(reason.leader === leader, `the leader to be ${leader}`, reason)
      yield* refusal("UnknownGroup", stepDown("no such group"))
      if (!beside.capabilities.term) return
      yield* refusedWithoutTrace(setting, "StaleTerm", stepDown(group, { term: (status.term ?? 0) - 1 }))
    })
  }
]

const roundTrips: ReadonlyArray<ConsensusGroupsCase> = [
  {
    name: "an engine that measures round trips shows them between replicas that the group has, never to itself",
    run: Effect.gen(function* () {
      const { beside, group, leader, status } = yield* settled
      const { capabilities, rttRows } = beside
      if (capabilities.ownRtt === "none" || rttRows === undefined) {
        yield* expect(capabilities.ownRtt === "none", "rttRows, as capabilities promise", capabilities)
        return
      }
      const rows = yield* rttRows(group)
      const ids = new Set([...status.voters, ...status.nonVoters].map(({ id }) => id))
      yield* expect(rows.has(leader), `a row of ${leader}`, [...rows.keys()])
      for (const [from, row] of rows) {
        for (const [to, rtt] of row) {
          const isLink = ids.has(from) && ids.has(to) && from !== to
          yield* expect(isLink && Duration.isFinite(rtt), "a link of the group", `${from} to ${to}`)
        }
      }
      yield* refusal("UnknownGroup", rttRows("no such group"))
    })
  }
]

/** The contract of `ConsensusGroups`. */
export const consensusGroupsContract: ReadonlyArray<ConsensusGroupsCase> = [
  ...reading,
  ...liveness,
  ...transfers,
  ...stepDowns,
  ...roundTrips
]
