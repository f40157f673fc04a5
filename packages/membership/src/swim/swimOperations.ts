/** The `Swim` service over a running node. */
import { Effect } from "effect"

import { explainDoubt, explainFact } from "../core/swim/explain.ts"
import { pickSlots, shownAs } from "../core/swim/memberTable.ts"
import { memberView } from "../core/swim/view.ts"
import { wireLimits } from "../core/swimWire/limits.ts"
import { BroadcastRefused, NotDead, Swim } from "../Swim.ts"
import type { Keyring } from "./Keyring.ts"
import type { RoundTrips } from "./roundTrips.ts"
import type { Passages } from "./swimJoin.ts"
import type { NewsDesk } from "./swimNews.ts"
import type { SwimNode } from "./swimNode.ts"

/** Operations and observations of the node. */
export const makeSwimOperations = (
  node: SwimNode,
  {
    desk,
    passages,
    roundTrips
  }: { readonly desk: NewsDesk; readonly passages: Passages; readonly roundTrips: RoundTrips },
  keyring: Keyring | undefined
): Swim["Service"] => {
  const { driver, state } = node
  return Swim.of({
    forceLeave: Effect.fn("Swim.forceLeave")(function* (id) {
      const standing = memberView(state, id)?.standing ?? "unknown"
      if (standing !== "dead") return yield* new NotDead({ id, state: standing })
      driver.turn({ _tag: "ForceLeave", id })
    }),
    broadcast: makeBroadcast(node, desk),
    events: desk.events,
    notices: desk.notices,
    explain: Effect.fn("Swim.explain")((id) =>
      Effect.sync(() => {
        const view = memberView(state, id)
        if (view === undefined) return undefined
        const suspicion = explainDoubt(state, id, driver.nowMillis())
        const { generation, incarnation } = view.fact
        return {
          id,
          state: view.standing,
          generation,
          incarnation,
          reason: explainFact(view.fact),
          suspicion
        }
      })
    ),
    health: Effect.sync(() => ({
      score: state.awareness,
      isolated: state.isolated,
      phase: state.phase,
      lastJoin: passages.lastJoin()
    })),
    size: Effect.sync(() => state.table.present),
    sample: makeSample(node),
    rtt: (id) => Effect.sync(() => roundTrips.of(id, driver.nowMillis())),
    keyring
  })
}

const makeBroadcast = ({ driver, state }: SwimNode, desk: NewsDesk): Swim["Service"]["broadcast"] =>
  Effect.fn("Swim.broadcast")(function* (name, payload) {
    const refuse = (reason: BroadcastRefused["reason"], detail: string) =>
      new BroadcastRefused({ name, reason, detail })
    const most = wireLimits.eventNameCharactersMax
    if (name.length === 0 || name.length > most || !name.isWellFormed()) {
      return yield* refuse("bad_name", `its name must be 1 to ${most} characters of well-formed text`)
    }
    if (state.phase !== "member") {
      return yield* refuse("not_a_member", `this node is ${state.phase}`)
    }
    driver.turn({ _tag: "Broadcast", name, payload: Uint8Array.from(payload) })
    switch (desk.takeRefusedBroadcast()) {
      case "QueueFull":
        return yield* refuse("queue_full", "too many broadcasts are on their way; try again later")
      case "TooLarge":
        return yield* refuse(
          "too_large",
          `it does not fit a packet of ${state.options.packetBytesMax} bytes; send a reference instead`
        )
      case undefined:
        return
    }
  })

const makeSample = ({ random, state }: SwimNode): Swim["Service"]["sample"] => {
  const { selfSlot, table } = state
  const idAt = (slot: number) => table.records[slot]?.id ?? ""
  return (count, except) =>
    Effect.sync(() => {
      const wanted = (slot: number) =>
        slot !== selfSlot && shownAs(table, slot) === "alive" && !except.has(idAt(slot))
      return pickSlots(table, count, random, wanted).map(idAt)
    })
}
