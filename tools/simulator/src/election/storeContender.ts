/** `LeaseElection`'s core in a simulated world, and the store that its nodes call over the links of that world. */
import { startContender, stepContender } from "@coterie/election/core/leaseContender"
import {
  type ContenderEffect,
  type ContenderEvent,
  type ContenderState,
  type ContenderTiming,
  dueAtMillis,
  holderName,
  type LeaseAnswer
} from "@coterie/election/core/leaseContenderState"

import type { NodeContext } from "../World.ts"
import type { Contender } from "./Contender.ts"
import type { LeaseRecord, LeaseRequest } from "./leaseRecord.ts"

/** The store's place in the world. */
export const storeId = "store"

/** A call to the store, or its answer to the run that asked. */
export type StoreMessage =
  | ({ readonly kind: "call"; readonly id: number } & LeaseRequest)
  | { readonly kind: "answer"; readonly id: number; readonly holder: string; readonly answer: LeaseAnswer }

/** A contender for the lease; its leader's work needs up to `stopMillisMax` to stop. */
export class StoreContender implements Contender<StoreMessage> {
  readonly #context: NodeContext<StoreMessage>
  readonly #stopMillisMax: number
  #state: ContenderState
  /** Which alarm counts: timers of a world cannot be taken back. */
  #alarm = 0

  constructor(
    context: NodeContext<StoreMessage>,
    nowMillis: number,
    { stopMillisMax, timing }: { readonly timing: ContenderTiming; readonly stopMillisMax: number }
  ) {
    this.#context = context
    this.#stopMillisMax = stopMillisMax
    const holder = holderName(context.id, Math.floor(context.random.between(0, 2 ** 53)).toString(36))
    this.#state = startContender({ node: context.id, holder, timing, nowMillis })
    context.after(0, "alarm 0")
  }

  get token(): number {
    return this.#state.role._tag === "Holding" ? this.#state.role.epoch : 0
  }

  leadsUntil(): number | undefined {
    // Work that was told to stop may still run, so it counts as leading.
    return this.#state.role._tag === "Holding" ? this.#state.role.validUntilMillis : undefined
  }

  receive(nowMillis: number, _from: string, message: StoreMessage): void {
    // A connection does not outlive its process: an answer to an earlier run reaches nobody.
    if (message.kind === "answer" && message.holder === this.#state.holder)
      this.#apply({ _tag: "Answered", id: message.id, answer: message.answer, ...this.#moment(nowMillis) })
  }

  timer(nowMillis: number, name: string): void {
    const [kind, text] = name.split(" ")
    const number = Number(text)
    const moment = this.#moment(nowMillis)
    if (kind === "alarm") {
      if (number === this.#alarm) this.#apply({ _tag: "Tick", ...moment })
    } else if (kind === "timeout") {
      this.#apply({ _tag: "Answered", id: number, answer: { _tag: "Unknown" }, ...moment })
    } else {
      this.#apply({ _tag: "WorkStopped", epoch: number, ...moment })
    }
  }

  stepDown(nowMillis: number): void {
    this.#apply({ _tag: "StepDown", ...this.#moment(nowMillis) })
  }

  #moment(nowMillis: number) {
    return { nowMillis, random: this.#context.random.next() }
  }

  #apply(event: ContenderEvent): void {
    const [state, effects] = stepContender(this.#state, event)
    this.#state = state
    for (const effect of effects) this.#do(effect)
    const due = dueAtMillis(state, event.nowMillis)
    this.#alarm++
    // In whole milliseconds, as timers are: an alarm that rounding makes early would ring for ever.
    if (due !== undefined)
      this.#context.after(Math.max(0, Math.ceil(due - event.nowMillis)), `alarm ${this.#alarm}`)
  }

  #do(effect: ContenderEffect): void {
    const { holder, timing } = this.#state
    switch (effect._tag) {
      case "Ask":
        this.#context.send(storeId, {
          kind: "call",
          id: effect.id,
          call: effect.call,
          holder,
          ttlMillis: timing.ttlMillis
        })
        // As the shell waits for a store.
        this.#context.after(timing.ttlMillis / 3, `timeout ${effect.id}`)
        return
      case "StopLeading":
        this.#context.after(this.#context.random.between(0, this.#stopMillisMax), `stopped ${effect.epoch}`)
        return
      case "Lead":
      case "Lost":
    }
  }
}

/**
 * The store: linearizable, durable, and a place like any other, so that all faults can hit it. While it is paused it hangs, and does late what it
 * was asked meanwhile; cut off in one direction it loses calls or only its answers.
 */
export class StoreSeat implements Contender<StoreMessage> {
  readonly #context: NodeContext<StoreMessage>
  readonly #record: LeaseRecord
  readonly #realMillis: () => number
  readonly token = 0

  constructor(context: NodeContext<StoreMessage>, record: LeaseRecord, realMillis: () => number) {
    this.#context = context
    this.#record = record
    this.#realMillis = realMillis
  }

  leadsUntil(): undefined {}

  receive(_nowMillis: number, from: string, message: StoreMessage): void {
    if (message.kind !== "call") return
    const { holder, id } = message
    const answer = this.#record.answer(message, this.#realMillis())
    this.#context.send(from, { kind: "answer", id, holder, answer })
  }

  stepDown(): void {}

  timer(): void {}
}
