/**
 * Several nodes' cores joined by a message relay that takes no time: the world that the scripts under `testdata/quorum` play in.
 *
 * Every node beats each `interval` from its own start. Within one instant the nodes beat in the order in which they were started. A beat that
 * the relay cuts gets no reply; a reply can be cut on its own, which is what a one-way fault does.
 */
import {
  hasQuorum,
  initial,
  isStandby,
  liveSet,
  type QuorumEffect,
  type QuorumElectionState,
  type QuorumEvent,
  type QuorumRules,
  step
} from "../../src/core/quorumElection.ts"
import { explainQuorum } from "../../src/core/quorumReasons.ts"
import { showExplanation } from "../support/showExplanation.ts"

type Timing = Pick<QuorumRules, "deadAfterMillis" | "cooldownMillis" | "mode"> & {
  readonly intervalMillis: number
}

/** The seed's timing. */
export const seedTiming: Timing = {
  intervalMillis: 1_000,
  deadAfterMillis: 4_000,
  cooldownMillis: 120_000,
  mode: "exact"
}

interface Running {
  state: QuorumElectionState
  nextBeatMillis: number
  paused: boolean
}

/** One line per observable change, in order. */
export type Trace = (line: string) => void

/** A cluster in one process and one instant. */
export class QuorumWorld {
  nowMillis = 0
  readonly members: ReadonlyArray<string>
  readonly timing: Timing
  readonly nodes = new Map<string, Running>()
  readonly #cuts = new Set<string>()
  readonly #trace: Trace

  constructor(members: ReadonlyArray<string>, timing: Timing, trace: Trace) {
    this.members = members
    this.timing = timing
    this.#trace = trace
  }

  /** Starts a node that remembers nothing; `members` is its own configuration. */
  start(id: string, members = this.members): void {
    const { intervalMillis, ...rules } = this.timing
    const state = initial({ self: id, members, ...rules })
    this.nodes.set(id, { state, nextBeatMillis: this.nowMillis + intervalMillis, paused: false })
    this.apply(id, { _tag: "Start", nowMillis: this.nowMillis })
  }

  crash(id: string): void {
    this.nodes.delete(id)
  }

  /** A paused node neither beats nor answers; its clock goes on. */
  setPaused(id: string, paused: boolean): void {
    const node = this.node(id)
    node.paused = paused
    // A late ticker fires as soon as the process runs again, but not before what `run` does next.
    if (!paused) node.nextBeatMillis = Math.max(node.nextBeatMillis, this.nowMillis)
  }

  cut(from: string, to: string): void {
    this.#cuts.add(`${from}>${to}`)
  }

  heal(from: string, to: string): void {
    this.#cuts.delete(`${from}>${to}`)
  }

  run(millis: number): void {
    const end = this.nowMillis + millis
    for (let due = this.#nextDue(end); due !== undefined; due = this.#nextDue(end)) {
      const node = this.node(due)
      this.nowMillis = Math.max(this.nowMillis, node.nextBeatMillis)
      node.nextBeatMillis = this.nowMillis + this.timing.intervalMillis
      this.round(due)
    }
    this.nowMillis = end
  }

  /** One heartbeat round of a node: decide on what was known before the replies, then collect them (Q5, Q6). */
  round(id: string): void {
    this.apply(id, { _tag: "Tick", nowMillis: this.nowMillis })
    for (const peer of this.node(id).state.rules.members) if (peer !== id) this.beat(id, peer)
  }

  /** One request from `from` to `to`, and its reply. */
  beat(from: string, to: string): void {
    if (!this.#delivers(from, to)) return
    this.apply(to, {
      _tag: "Beat",
      from,
      standby: isStandby(this.node(from).state),
      nowMillis: this.nowMillis
    })
    if (!this.#delivers(to, from)) return
    this.apply(from, {
      _tag: "Reply",
      from: to,
      standby: isStandby(this.node(to).state),
      nowMillis: this.nowMillis
    })
  }

  apply(id: string, event: QuorumEvent): void {
    const node = this.node(id)
    const [state, effects] = step(node.state, event)
    node.state = state
    for (const effect of effects) this.#trace(`${seconds(this.nowMillis)} ${id}: ${describe(effect)}`)
  }

  /** Every node's view, one line each. */
  views(): ReadonlyArray<string> {
    return [...this.nodes.keys()].toSorted().map((id) => {
      const { state, paused } = this.node(id)
      const live = liveSet(state, this.nowMillis).join(",")
      const quorum = hasQuorum(state, this.nowMillis) ? "quorum" : "no quorum"
      return `${id}: leader=${state.leader ?? "none"} term=${state.term} live={${live}} ${quorum}${paused ? " paused" : ""}`
    })
  }

  /** Who leads and why, as a node knows it. */
  explain(id: string): ReadonlyArray<string> {
    return showExplanation(explainQuorum(this.node(id).state, this.nowMillis))
  }

  /** Nodes that hold themselves the leader. */
  leaders(): ReadonlyArray<string> {
    return [...this.nodes].filter(([id, { state }]) => state.leader === id).map(([id]) => id)
  }

  node(id: string): Running {
    const node = this.nodes.get(id)
    if (node === undefined) throw new Error(`node ${id} does not run`)
    return node
  }

  #delivers(from: string, to: string): boolean {
    const receiver = this.nodes.get(to)
    return (
      receiver !== undefined && !receiver.paused && this.nodes.has(from) && !this.#cuts.has(`${from}>${to}`)
    )
  }

  /** The running node whose beat is due first, up to and including `end`. */
  #nextDue(end: number): string | undefined {
    const due = [...this.nodes].filter(([, node]) => !node.paused && node.nextBeatMillis <= end)
    return due.toSorted(([, a], [, b]) => a.nextBeatMillis - b.nextBeatMillis)[0]?.[0]
  }
}

const seconds = (millis: number): string => `${(millis / 1_000).toFixed(3)}s`

const describe = (effect: QuorumEffect): string => {
  if (effect._tag === "StrangerIgnored") return `ignored ${effect.from}`
  const { previous, leader, term, cause } = effect
  return `${previous ?? "none"} -> ${leader ?? "none"}, term ${term} (${cause})`
}
