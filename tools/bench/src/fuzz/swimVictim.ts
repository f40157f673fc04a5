/** A node of SWIM that everything decodable is told to; it must stay within its bounds and its packets within theirs. */
import { swimProfiles, type SwimOptions } from "@coterie/membership/core/swim/options"
import { startSwim } from "@coterie/membership/core/swim/startSwim"
import { nextDeadlineMillis, step } from "@coterie/membership/core/swim/swim"
import type { SwimEffect, SwimEvent, SwimState } from "@coterie/membership/core/swim/swimState"
import { isCallMessage, packetSizes, type PacketBody } from "@coterie/membership/core/swimWire/packetCodec"
import type { StreamMessage } from "@coterie/membership/core/swimWire/streamCodec"

import type { Draw } from "./randomNumbers.ts"
import { anyId, victim } from "./swimMessages.ts"

/** Small bounds, so that they are reached. */
const options: SwimOptions = {
  ...swimProfiles.lan,
  packetBytesMax: 1400,
  membersMax: 64,
  ghostsMax: 16,
  tombstonesMax: 32,
  userEventsMax: 16,
  userEventBytesMax: 4096
}

const sizes = packetSizes(80)

/** One node under fire. */
export interface Victim {
  /** A sequence number that it may be waiting for. */
  readonly seq: () => number
  /** Tells it a packet. Fails on a broken promise. */
  readonly hear: (body: PacketBody) => void
  /** Tells it a message of a stream. Fails on a broken promise. */
  readonly hearStream: (message: StreamMessage) => void
}

/** A node that has just started. */
export const makeVictim = (draw: Draw): Victim => {
  const state = startVictim(draw)
  let now = 0
  let exchange = 0

  const take = (event: SwimEvent): void => {
    for (const effect of step(state, event, now, draw.next)) {
      checkEffect(effect)
      if (effect._tag === "OpenSync") exchange = effect.exchange
    }
  }
  const hear = (event: SwimEvent): void => {
    now += draw.below(20)
    for (let ticks = 0; ticks < 20 && nextDeadlineMillis(state) <= now; ticks += 1) take({ _tag: "Tick" })
    take(event)
    checkState(state)
  }

  return {
    seq: () => state.seq,
    hear: (body) => {
      const from = anyId(draw)
      // Of a call the core sees what rides beside it.
      const message = isCallMessage(body.message) ? ({ _tag: "Gossip" } as const) : body.message
      const { gossip } = body
      hear({ _tag: "Received", from, address: "10.0.0.9:7946", sealed: draw.below(2) === 0, message, gossip })
    },
    hearStream: (message) => {
      if (message._tag === "CallPart") return
      hear(streamEvent(message, { exchange, from: anyId(draw), seq: state.seq }))
    }
  }
}

const startVictim = (draw: Draw): SwimState =>
  startSwim({
    options,
    sizes,
    self: {
      kind: "alive",
      id: victim,
      generation: 1,
      instance: "0".repeat(32),
      incarnation: 0,
      address: "10.0.0.0:7946",
      metadata: {},
      versions: { min: 1, current: 1, max: 1 },
      capabilities: 1
    },
    nowMillis: 0,
    random: draw.next
  })

/** What a shell makes of a message of a stream. */
const streamEvent = (
  message: Exclude<StreamMessage, { _tag: "CallPart" }>,
  { exchange, from, seq }: { readonly exchange: number; readonly from: string; readonly seq: number }
): SwimEvent => {
  switch (message._tag) {
    case "SyncRequest":
      return { _tag: "SyncRequested", exchange: seq, request: message }
    case "SyncAnswer":
      return { ...message, _tag: "SyncEntries", exchange, from }
    case "SyncPush":
      return { ...message, _tag: "SyncEntries", exchange: undefined, from, differing: [] }
    case "SyncRefused":
      return { _tag: "SyncFailed", exchange, refused: true, detail: message.reason }
    case "Ack":
      return { _tag: "StreamPinged", seq, answer: "ack" }
    case "NotMe":
      return { _tag: "StreamPinged", seq, answer: "not_me" }
    case "Ping":
    case "PingReq":
    case "Nack":
    case "Gossip":
      return { _tag: "StreamPinged", seq, answer: "silence" }
  }
}

const checkEffect = (effect: SwimEffect): void => {
  if (effect._tag !== "Send") return
  const bytes = effect.gossip.reduce((sum, item) => sum + sizes.item(item), sizes.message(effect.message))
  const bare = sizes.message(effect.message)
  if (bytes > options.packetBytesMax && bytes > bare) throw new RangeError(`a packet of ${bytes} bytes`)
}

const checkState = (state: SwimState): void => {
  const { dead, ghosts, left, present } = state.table
  const counts = {
    members: [present + dead + left, options.membersMax + options.tombstonesMax + 1],
    ghosts: [ghosts, options.ghostsMax],
    tombstones: [dead + left, options.tombstonesMax],
    "queued items": [state.queue.entries.size, 4 * options.membersMax],
    relays: [state.relays.size, 4096],
    exchanges: [state.exchanges.size, 64],
    "user events": [state.userEvents.size, 4096],
    "seed ids": [state.seedIds.size, 1024]
  } as const
  for (const [name, [count, most]] of Object.entries(counts)) {
    if (count > most) throw new RangeError(`${count} ${name}; at most ${most} are allowed`)
  }
}
