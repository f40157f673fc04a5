/** `LeasedQuorumElection`'s core in a simulated world. */
import { startLeasedQuorum, stepLeasedQuorum } from "@coterie/election/core/leasedQuorum"
import type {
  LeasedQuorumEffect,
  LeasedQuorumEvent,
  LeasedQuorumState,
  LeasedQuorumTiming
} from "@coterie/election/core/leasedQuorumState"
import type { LeaseMessage } from "@coterie/election/core/leaseMessages"

import type { NodeContext } from "../World.ts"
import type { Contender } from "./Contender.ts"

const pollMillis = 100

/** A node of the leased strategy; its leader's work needs up to `stopMillisMax` to stop. */
export class LeasedContender implements Contender<LeaseMessage> {
  readonly #context: NodeContext<LeaseMessage>
  readonly #stopMillisMax: number
  #state: LeasedQuorumState

  constructor(
    context: NodeContext<LeaseMessage>,
    nowMillis: number,
    {
      stopMillisMax,
      timing,
      voters = context.members
    }: {
      readonly timing: LeasedQuorumTiming
      readonly stopMillisMax: number
      /** This node's list of voters, which others may not share. Default all members. */
      readonly voters?: ReadonlyArray<string>
    }
  ) {
    this.#context = context
    this.#stopMillisMax = stopMillisMax
    const promised = context.disk.get("promised") ?? 0
    this.#state = startLeasedQuorum({
      self: context.id,
      members: voters,
      timing,
      promised,
      nowMillis
    })
    context.after(context.random.between(0, pollMillis), "poll")
    context.after(0, "beat")
  }

  get token(): number {
    return this.#state.role._tag === "Holder" ? this.#state.role.epoch : 0
  }

  leadsUntil(): number | undefined {
    // Work that was told to stop may still run, so it counts as leading.
    const { role } = this.#state
    return role._tag === "Holder" ? role.validUntilMillis : undefined
  }

  receive(nowMillis: number, from: string, message: LeaseMessage): void {
    this.#apply({ _tag: "Received", nowMillis, from, message })
  }

  timer(nowMillis: number, name: string): void {
    if (name === "poll") {
      this.#context.after(pollMillis, "poll")
      this.#apply({ _tag: "Poll", nowMillis, random: this.#context.random.next() })
    } else if (name === "beat") {
      this.#context.after(this.#state.timing.heartbeatMillis, "beat")
      this.#apply({ _tag: "Beat", nowMillis })
    } else {
      this.#apply({ _tag: "WorkStopped", nowMillis, epoch: Number(name) })
    }
  }

  stepDown(nowMillis: number, to: string | undefined): void {
    this.#apply({ _tag: "StepDown", nowMillis, to })
  }

  /** As in the shell, a step counts only once its promise is on disk. */
  #apply(event: LeasedQuorumEvent): void {
    const [state, effects] = stepLeasedQuorum(this.#state, event)
    if (effects.length === 0) {
      this.#state = state
      return
    }
    const settle = (): void => {
      this.#state = state
      for (const effect of effects) this.#do(effect)
    }
    const promise = effects.find(({ _tag }) => _tag === "Persist")
    if (promise?._tag === "Persist") this.#context.sync("promised", promise.promised, settle)
    else settle()
  }

  #do(effect: LeasedQuorumEffect): void {
    switch (effect._tag) {
      case "Send":
        this.#context.send(effect.to, effect.message)
        return
      case "StopLeading":
        this.#context.after(this.#context.random.between(0, this.#stopMillisMax), `${effect.epoch}`)
        return
      case "Persist":
      case "Lead":
      case "Lost":
      case "ConfigNews":
    }
  }
}
