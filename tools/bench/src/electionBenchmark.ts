/** Steps of the election cores, five members, in steady state. */
import { startLeasedQuorum, stepLeasedQuorum } from "@coterie/election/core/leasedQuorum"
import { configOf } from "@coterie/election/core/leasedQuorumState"
import { initial, step } from "@coterie/election/core/quorumElection"

import { type BenchmarkRow, time } from "./stopwatch.ts"

const members = ["a", "b", "c", "d", "e"]
const timing = {
  heartbeatMillis: 1000,
  deadAfterMillis: 4000,
  leaseMillis: 4000,
  guardMillis: 200,
  deferMillis: 500,
  cooldownMillis: 120_000,
  reserveMillis: 2000,
  drainMillis: 10_000
}

/** A member that hears from the others in turn. */
const quorumBeat = (): (() => unknown) => {
  let state = initial({ self: "a", members, deadAfterMillis: 4000, cooldownMillis: 120_000, mode: "strict" })
  let nowMillis = 0
  return () => {
    nowMillis += 250
    state = step(state, {
      _tag: "Beat",
      from: members[(nowMillis / 250) % members.length] ?? "b",
      nowMillis
    })[0]
    return state
  }
}

/** An acceptor that renews the vote it lends to the leader. */
const leasedRenewal = (): (() => unknown) => {
  let state = startLeasedQuorum({ self: "b", members, timing, promised: 0, nowMillis: 0 })
  let nowMillis = 0
  return () => {
    nowMillis += 1000
    state = stepLeasedQuorum(state, {
      _tag: "Received",
      nowMillis,
      from: "a",
      message: {
        _tag: "Request",
        kind: nowMillis === 1000 ? "bid" : "renew",
        epoch: 1,
        sentAtMillis: nowMillis,
        config: configOf(members, timing)
      }
    })[0]
    return state
  }
}

/** Rows of the benchmark. */
export const electionBenchmark = (): ReadonlyArray<BenchmarkRow> => [
  time("QuorumElection: an inbound beat, marked and decided", quorumBeat()),
  time("LeasedQuorumElection: a renewal, granted and answered", leasedRenewal())
]
