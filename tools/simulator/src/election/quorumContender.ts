/** `QuorumElection`'s core in a simulated world, with heartbeats as requests and answers. */
import { initial, isStandby, type QuorumElectionState, step } from "@coterie/election/core/quorumElection"

import type { NodeContext } from "../World.ts"
import type { Contender } from "./Contender.ts"

/** A beat carries its send time so that a late answer counts as none. */
export interface Beat {
  readonly kind: "request" | "reply"
  readonly sentAtMillis: number
  /** The sender resigned lately. */
  readonly standby: boolean
}

/** A node of the quorum rule in `exact` mode. */
export class QuorumContender implements Contender<Beat> {
  readonly #context: NodeContext<Beat>
  readonly #heartbeatMillis: number
  #state: QuorumElectionState

  constructor(
    context: NodeContext<Beat>,
    nowMillis: number,
    timing: {
      readonly heartbeatMillis: number
      readonly deadAfterMillis: number
      readonly cooldownMillis: number
    }
  ) {
    this.#context = context
    this.#heartbeatMillis = timing.heartbeatMillis
    this.#state = step(
      initial({
        self: context.id,
        members: context.members,
        deadAfterMillis: timing.deadAfterMillis,
        cooldownMillis: timing.cooldownMillis,
        mode: "exact"
      }),
      { _tag: "Start", nowMillis }
    )[0]
    context.after(timing.heartbeatMillis, "tick")
  }

  get token(): number {
    return this.#state.term
  }

  leadsUntil(): number | undefined {
    return this.#state.leader === this.#context.id ? Number.POSITIVE_INFINITY : undefined
  }

  receive(nowMillis: number, from: string, beat: Beat): void {
    if (beat.kind === "request") {
      this.#state = step(this.#state, { _tag: "Beat", from, standby: beat.standby, nowMillis })[0]
      this.#context.send(from, {
        kind: "reply",
        sentAtMillis: beat.sentAtMillis,
        standby: isStandby(this.#state)
      })
    } else if (nowMillis - beat.sentAtMillis <= this.#heartbeatMillis) {
      this.#state = step(this.#state, { _tag: "Reply", from, standby: beat.standby, nowMillis })[0]
    }
  }

  stepDown(nowMillis: number): void {
    this.#state = step(this.#state, { _tag: "Resign", nowMillis })[0]
  }

  timer(nowMillis: number): void {
    this.#context.after(this.#heartbeatMillis, "tick")
    for (const to of this.#context.members) {
      if (to !== this.#context.id)
        this.#context.send(to, { kind: "request", sentAtMillis: nowMillis, standby: isStandby(this.#state) })
    }
    this.#state = step(this.#state, { _tag: "Tick", nowMillis })[0]
  }
}
