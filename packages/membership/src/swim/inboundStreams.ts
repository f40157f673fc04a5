/** Streams that others open to this node, each within bounds of number, bytes and time. */
import { Effect, type Fiber } from "effect"

import { viewHash } from "../core/swim/comparison.ts"
import { refusal } from "../core/swim/eligibility.ts"
import type { MemberRecord } from "../core/swim/memberRecord.ts"
import type { Ack, NotMe, Ping, SyncAnswer, SyncRefused } from "../core/swim/messages.ts"
import { isMe } from "../core/swim/probe.ts"
import type { SwimEffect } from "../core/swim/swimState.ts"
import { decodeCallMessage } from "../core/swimWire/callCodec.ts"
import { decodeHeader, type Sender } from "../core/swimWire/frameHeader.ts"
import { encodeRefusal, type RefusalReason } from "../core/swimWire/refusal.ts"
import { answerParts, type CallPart, type StreamMessage } from "../core/swimWire/streamCodec.ts"
import { tellingRefusals } from "../Swim.ts"
import type { SwimStream, SwimStreamHandler } from "../SwimTransport.ts"
import { type Refused, refusedBody } from "./frameTrust.ts"
import { lingerMillis, type StreamFault, type StreamNet } from "./streamNet.ts"
import { answerStream, type StreamEnd } from "./streamSeal.ts"
import { inPieces, type SyncPiece } from "./syncPieces.ts"

/** Most streams from others at a time. */
const streamsMax = 128

/** Longest wait for the first message of a stream, which proves its sender (unless plain), in ms. */
const strangerMillis = 2000

/** Most bytes of a stream whose sender has not proven itself. */
const strangerBytesMax = 65_536

/** Most bytes that a stream brings. */
const streamBytesMax = 33_554_432

type AnswerSync = Extract<SwimEffect, { _tag: "AnswerSync" }>

/** The streams of one node that others opened. */
export interface InboundStreams {
  readonly accept: (stream: SwimStream, from: string) => SwimStreamHandler
  readonly answerSync: (effect: AnswerSync) => void
}

interface Visit {
  readonly end: StreamEnd
  readonly stream: SwimStream
  /** Where the stream comes from. */
  readonly from: string
  /** Its sender has not proven itself. */
  isStranger: boolean
  /** Who asked for a push/pull. */
  asker: MemberRecord | undefined
  /** Gives the visit so long from now. */
  readonly allow: (millis: number, fault: StreamFault) => void
  /** Ends the visit once, with a last act. */
  readonly leave: (last: () => void) => void
  isOver: boolean
  bytes: number
  /** What came of a call or its answer so far. */
  readonly parts: Array<Uint8Array>
  exchange: number | undefined
  /** The answer to its push/pull, while it goes out. */
  answering: Fiber.Fiber<void> | undefined
}

/** All visits of one node. */
interface Visits {
  readonly net: StreamNet
  /** Push/pulls that wait for the core's answer. */
  readonly asking: Map<number, Visit>
  /** In the order of their beginning. */
  readonly open: Set<Visit>
  exchanges: number
}

/** No streams yet. */
export const makeInboundStreams = (net: StreamNet): InboundStreams => {
  const visits: Visits = { net, asking: new Map(), open: new Set(), exchanges: 0 }
  return {
    accept: (stream, from) => {
      if (visits.open.size >= streamsMax) {
        net.countFault("too_many")
        const displaced = strangerOfMost(visits.open)
        if (displaced === undefined) {
          sayRefused(stream, "busy")
          return { onBytes: () => undefined, onClosed: () => undefined }
        }
        displaced.leave(() => sayRefused(displaced.stream, "busy"))
      }
      return receive(visits, begin(visits, stream, from))
    },
    answerSync: ({ answer, exchange }) => {
      const visit = visits.asking.get(exchange)
      if (visit === undefined) return
      visits.asking.delete(exchange)
      if (answer._tag === "SyncRefused") {
        tellRefusedSync(net, visit, answer)
        return sayLast(visit, answer)
      }
      visit.answering = inPieces(net, answer.entries, (piece, sent) => sayPiece(visit, answer, piece, sent))
    }
  }
}

/** The oldest stranger of the host with most of them: who opens many streams pushes out their own. */
const strangerOfMost = (open: ReadonlySet<Visit>): Visit | undefined => {
  const strangers = [...open].filter(({ isStranger }) => isStranger)
  const hosts = [...Map.groupBy(strangers, ({ from }) => from.replace(/:\d+$/, "")).values()]
  return hosts.toSorted((one, other) => other.length - one.length)[0]?.[0]
}

const begin = (visits: Visits, stream: SwimStream, from: string): Visit => {
  const { net } = visits
  let timer: Fiber.Fiber<unknown> | undefined
  const visit: Visit = {
    end: answerStream(net.trust, net.state.self),
    stream,
    from,
    isStranger: true,
    asker: undefined,
    isOver: false,
    bytes: 0,
    parts: [],
    exchange: undefined,
    answering: undefined,
    allow: (millis, fault) => {
      timer?.interruptUnsafe()
      timer = net.run(
        Effect.delay(
          Effect.sync(() => drop(visits, visit, fault)),
          millis
        )
      )
    },
    leave: (last) => {
      if (visit.isOver) return
      visit.isOver = true
      visits.open.delete(visit)
      timer?.interruptUnsafe()
      visit.answering?.interruptUnsafe()
      if (visit.exchange !== undefined) visits.asking.delete(visit.exchange)
      last()
    }
  }
  visits.open.add(visit)
  visit.allow(Math.min(strangerMillis, net.state.options.streamTimeoutMillis), "unproven")
  return visit
}

const receive = (visits: Visits, visit: Visit): SwimStreamHandler => ({
  onBytes: (bytes) => {
    if (visit.isOver) return
    visit.bytes += bytes.length
    const received = visit.end.receive(bytes)
    // Asked afterwards, for these very bytes may prove the sender.
    if (visit.isStranger && visit.end.peer() !== undefined) welcome(visits, visit)
    if (visit.bytes > (visit.isStranger ? strangerBytesMax : streamBytesMax))
      return drop(visits, visit, "too_long")
    if ("_tag" in received) {
      tellRefusedFrame(visits.net, visit, received, bytes)
      return refuse(visits, visit, received)
    }
    for (const message of received) hear(visits, visit, message)
  },
  onClosed: () => visit.leave(() => undefined)
})

/** Who has proven itself gets the time of an exchange. */
const welcome = ({ net: { state } }: Visits, visit: Visit): void => {
  visit.isStranger = false
  visit.allow(state.options.streamTimeoutMillis + lingerMillis(state), "too_long")
}

const hear = (visits: Visits, visit: Visit, message: StreamMessage): void => {
  const { asking, net } = visits
  const { exchange } = visit
  const peer = visit.end.peer()
  if (peer === undefined || visit.isOver) return
  if (message._tag === "Ping" && exchange === undefined && isPresent(net)) {
    return sayLast(visit, answerTo(net, message))
  }
  if (message._tag === "SyncRequest" && exchange === undefined && isOf(message.sender, peer)) {
    visits.exchanges += 1
    visit.exchange = visits.exchanges
    visit.asker = message.sender
    asking.set(visit.exchange, visit)
    return net.turn({ _tag: "SyncRequested", exchange: visit.exchange, request: message })
  }
  if (message._tag === "SyncPush" && exchange !== undefined && !asking.has(exchange)) {
    const { entries, last } = message
    net.turn({ _tag: "SyncEntries", exchange: undefined, from: peer.id, entries, differing: [], last })
    if (last) visit.leave(() => visit.stream.end())
    return
  }
  if (message._tag === "CallPart" && exchange === undefined) return takePart(visits, visit, message, peer)
  drop(visits, visit, "unexpected")
}

/** A call, or the answer to one, comes in parts and is all that its stream brings. */
const takePart = (visits: Visits, visit: Visit, { bytes, last }: CallPart, from: Sender): void => {
  const { net } = visits
  visit.parts.push(bytes)
  const length = visit.parts.reduce((sum, part) => sum + part.length, 0)
  if (length > net.calls().bytesMax(from.id)) return drop(visits, visit, "too_long")
  if (!last) return
  const decoded = decodeCallMessage(Buffer.concat(visit.parts))
  if (decoded._tag === "Malformed") return refuse(visits, visit, refusedBody(decoded))
  net.calls().hear({ from, address: undefined }, decoded.value)
  visit.leave(() => visit.stream.end())
}

const answerTo = ({ state }: StreamNet, { seq, target }: Ping): Ack | NotMe => {
  const { generation, id } = state.self
  return isMe(state, target)
    ? { _tag: "Ack", seq, target, wantsRecord: false, view: viewHash(state) }
    : { _tag: "NotMe", seq, id, generation }
}

const sayPiece = (
  { end, stream }: Visit,
  { differing }: SyncAnswer,
  { entries, isFirst, isLast }: SyncPiece,
  sent: () => void
): void => {
  const parts = answerParts({ _tag: "SyncAnswer", differing: isFirst ? differing : [], entries })
  const bytes = parts.map((part) => end.seal({ ...part, last: part.last && isLast }))
  stream.write(Buffer.concat(bytes), sent)
}

const sayLast = ({ end, leave, stream }: Visit, message: StreamMessage): void =>
  leave(() => {
    stream.write(end.seal(message))
    stream.end()
  })

const refuse = ({ net }: Visits, { leave, stream }: Visit, refused: Refused): void => {
  net.countRefused(refused)
  leave(() => sayRefused(stream, refused.reason))
}

const sayRefused = (stream: SwimStream, reason: RefusalReason): void => {
  stream.write(encodeRefusal(reason))
  stream.end()
}

/** Says so for what a configuration explains; the name in a header that is not sealed by a key of ours is only a claim. */
const tellRefusedFrame = (
  { peerRefused }: StreamNet,
  { from: address }: Visit,
  { detail, reason }: Refused,
  bytes: Uint8Array
): void => {
  const telling = tellingRefusals.find((one) => one === reason)
  if (telling === undefined) return
  const header = decodeHeader(bytes)
  const id = header._tag === "Malformed" ? undefined : header.value.sender.id
  peerRefused({ _tag: "PeerRefused", id, address, reason: telling, detail })
}

const tellRefusedSync = (
  { peerRefused, state }: StreamNet,
  { asker, from: address }: Visit,
  { reason }: SyncRefused
): void => {
  if (asker === undefined || reason === "not_a_member") return
  const detail =
    reason === "full"
      ? `there is room for ${state.options.membersMax} members, the dead and those that left included`
      : (refusal(state, asker)?.detail ?? "refused by rule")
  peerRefused({ _tag: "PeerRefused", id: asker.id, address, reason, detail })
}

const drop = ({ net }: Visits, { leave, stream }: Visit, fault: StreamFault): void => {
  net.countFault(fault)
  leave(() => stream.destroy())
}

/** A push/pull is opened in the name of the process that opened the stream. */
const isOf = (sender: MemberRecord, peer: Sender): boolean =>
  sender.id === peer.id && sender.instance === peer.instance

/** A node that is gone answers no ping. */
const isPresent = ({ state: { phase } }: StreamNet): boolean => phase !== "left" && phase !== "superseded"
