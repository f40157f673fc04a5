/** One SWIM node: the core, its frames, its streams and its timer, and where its news goes. */
import { Clock, type Context, Duration, Effect, Random } from "effect"

import type { SwimNews } from "../core/swim/changes.ts"
import type { MemberRecord } from "../core/swim/memberRecord.ts"
import type { SwimOptions as SwimSettings } from "../core/swim/options.ts"
import { gossip as gossipOnly } from "../core/swim/outbox.ts"
import { startSwim } from "../core/swim/startSwim.ts"
import type { SwimState } from "../core/swim/swimState.ts"
import { isCallMessage, packetSizes } from "../core/swimWire/packetCodec.ts"
import type { PeerCalls } from "../PeerCalls.ts"
import type { PeerRefused } from "../Swim.ts"
import type { SwimTransport, SwimTransportHandler } from "../SwimTransport.ts"
import { type FrameTrust, type Refused } from "./frameTrust.ts"
import { type InboundStreams, makeInboundStreams } from "./inboundStreams.ts"
import { makeOutboundStreams, type OutboundStreams } from "./outboundStreams.ts"
import { makePacketSeal, type PacketSeal } from "./packetSeal.ts"
import type { StreamNet } from "./streamNet.ts"
import { makeSwimCalls, type SwimCalls } from "./swimCalls.ts"
import { type DriverParts, makeSwimDriver, type RunFork, type SwimDriver } from "./swimDriver.ts"
import { makeSwimMetrics, swimLoop, type SwimMetrics } from "./swimMetrics.ts"

/** What a node is made of. */
export interface SwimNodeParts {
  readonly self: MemberRecord
  readonly settings: SwimSettings
  readonly trust: FrameTrust
  readonly transport: SwimTransport["Service"]
  readonly run: RunFork
  /** Keeps a generation; may throw. */
  readonly saveGeneration: (generation: number) => void
  readonly onNews: (news: SwimNews) => void
  readonly onPeerRefused: (refused: PeerRefused) => void
  /** Called after every turn. */
  readonly settled: () => void
}

/** A node at rest: it hears and does nothing before `driver.start`. */
export interface SwimNode {
  readonly state: SwimState
  readonly driver: SwimDriver
  readonly handler: SwimTransportHandler
  readonly peerCalls: PeerCalls["Service"]
  /** Uniform in [0, 1). */
  readonly random: () => number
  /** Brings the metrics up to date. */
  readonly report: () => void
}

/** How old the metrics may be, in ms. */
const reportMillis = 5000

/** Makes a node of its parts. */
export const makeSwimNode = Effect.fnUntraced(function* (parts: SwimNodeParts) {
  const { run, self, settings, transport, trust } = parts
  const clock = yield* Clock.Clock
  const source = yield* Random.Random
  const random = () => source.nextDoubleUnsafe()
  const packets = makePacketSeal(trust)
  const state = startSwim({
    options: settings,
    self,
    sizes: packetSizes(packets.overheadBytes(self.id)),
    admit: ({ address }) =>
      transport.isAddress(address) ? undefined : `${address} is no address of this cluster's transport`,
    nowMillis: Number(clock.monotonicTimeNanosUnsafe()) / 1e6,
    random
  })
  const context = yield* Effect.context()
  const metrics = makeSwimMetrics(context, state, trust)
  const countRefused = ({ detail, reason }: Refused): void => {
    metrics.refused(reason)
    run(Effect.logDebug("SWIM frame refused", { reason, detail }))
  }
  const net: StreamNet = {
    state,
    trust,
    transport,
    run,
    turn: (event) => driver.turn(event),
    calls: () => calls,
    countRefused,
    peerRefused: parts.onPeerRefused,
    countFault: metrics.streamFault
  }
  const inbound = makeInboundStreams(net)
  const calls = makeSwimCalls(net, packets, metrics, random)
  const perform = makePerform({ parts, state, packets, metrics, inbound, outbound: makeOutboundStreams(net) })

  const { report, ticked } = makeReporter(context, metrics, () => driver.nowMillis())
  const driver: SwimDriver = makeSwimDriver({
    state,
    clock,
    random,
    run: Effect.runForkWith(context),
    perform,
    drain: transport.drain,
    settled: parts.settled,
    ticked,
    died: (defect) => run(reportDefect(defect))
  })

  const onPacket = makeOnPacket({ packets, metrics, driver, calls, countRefused })
  const onUnreachable = (address: string) => driver.turn({ _tag: "SendFailed", address })
  const handler = { onPacket, onUnreachable, onStream: inbound.accept }
  return {
    state,
    driver,
    handler,
    random,
    peerCalls: calls.peerCalls,
    report
  } satisfies SwimNode
})

/** Counts the turns of the timer, and brings the metrics up to date now and then. */
const makeReporter = (context: Context.Context<never>, metrics: SwimMetrics, nowMillis: () => number) => {
  let reportedMillis = -Infinity
  let turns = 0
  let lastMillis = 0
  const report = (): void => {
    if (turns > 0) swimLoop.completedUnsafe(turns, Duration.millis(lastMillis), context)
    turns = 0
    metrics.report()
  }
  const ticked = (tookMillis: number): void => {
    turns += 1
    lastMillis = tookMillis
    const now = nowMillis()
    if (now - reportedMillis < reportMillis) return
    reportedMillis = now
    report()
  }
  return { ticked, report }
}

interface Ears {
  readonly packets: PacketSeal
  readonly metrics: SwimMetrics
  readonly driver: SwimDriver
  readonly calls: SwimCalls
  readonly countRefused: (refused: Refused) => void
}

/** What a packet says goes to the core, except for calls, beside which facts may ride all the same. */
const makeOnPacket =
  ({ calls, countRefused, driver, metrics, packets }: Ears): SwimTransportHandler["onPacket"] =>
  (packet, address) => {
    const opened = packets.open(packet, driver.nowMillis())
    if (opened._tag === "Refused") return countRefused(opened)
    metrics.skipped(opened.skipped)
    const { sealed, sender } = opened
    const { gossip, message } = opened.body
    const received = { _tag: "Received", from: sender.id, address, sealed, gossip } as const
    if (!isCallMessage(message)) return driver.turn({ ...received, message })
    if (gossip.length > 0) driver.turn({ ...received, message: gossipOnly })
    calls.hear({ from: sender, address }, message)
  }

const reportDefect = (defect: unknown) =>
  Effect.andThen(swimLoop.failed("defect"), Effect.logError("a turn of the protocol died", { defect }))

interface Hands {
  readonly parts: SwimNodeParts
  readonly state: SwimState
  readonly packets: PacketSeal
  readonly metrics: SwimMetrics
  readonly outbound: OutboundStreams
  readonly inbound: InboundStreams
}

/** Does what the core says. */
const makePerform =
  ({ inbound, metrics, outbound, packets, parts, state }: Hands): DriverParts["perform"] =>
  (effect) => {
    switch (effect._tag) {
      case "Send": {
        const { address, gossip, message } = effect
        const packet = packets.seal(state.self, { message, gossip })
        return packet === undefined ? metrics.oversized() : parts.transport.send(address, packet)
      }
      case "StreamPing":
        return outbound.ping(effect)
      case "OpenSync":
        return outbound.openSync(effect)
      case "AnswerSync":
        return inbound.answerSync(effect)
      case "PushSync":
        return outbound.pushSync(effect)
      case "SaveGeneration":
        return save(parts, effect.generation)
      case "Emit":
        return parts.onNews(effect.news)
    }
  }

/** A generation that cannot be kept is no reason to be no member: the next start asks the others. */
const save = ({ run, saveGeneration }: SwimNodeParts, generation: number): void => {
  try {
    saveGeneration(generation)
  } catch (error) {
    const log = Effect.logError("the generation could not be kept", { generation, error })
    run(Effect.andThen(swimLoop.failed("generation_file"), log))
  }
}
