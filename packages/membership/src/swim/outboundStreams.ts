/** Streams that this node opens: push/pulls, and pings beside the helpers. */
import { Effect, Result } from "effect"

import { instanceHash } from "../core/swim/messages.ts"
import type { SwimEffect } from "../core/swim/swimState.ts"
import { pushParts, type StreamMessage } from "../core/swimWire/streamCodec.ts"
import { ask, type Talk } from "./outboundTalk.ts"
import { lingerMillis, type StreamNet } from "./streamNet.ts"

type OpenSync = Extract<SwimEffect, { _tag: "OpenSync" }>
type PushSync = Extract<SwimEffect, { _tag: "PushSync" }>
type StreamPing = Extract<SwimEffect, { _tag: "StreamPing" }>

/** The streams of one node, by the effects of its core. */
export interface OutboundStreams {
  readonly openSync: (effect: OpenSync) => void
  readonly pushSync: (effect: PushSync) => void
  readonly ping: (effect: StreamPing) => void
}

/** Addresses of one name that are tried. */
const candidatesMax = 4

/** No streams yet. */
export const makeOutboundStreams = (net: StreamNet): OutboundStreams => {
  /** Exchanges whose answer is in, until the core closes them. */
  const answered = new Map<number, Talk>()

  const failed = (exchange: number, detail: string, refused: boolean): void =>
    net.turn({ _tag: "SyncFailed", exchange, refused, detail })

  /** Tries one address after the other until one says something. */
  const syncWith = (addresses: ReadonlyArray<string>, effect: OpenSync): void => {
    const [address, ...others] = addresses
    const { exchange, request, timeoutMillis } = effect
    if (address === undefined) return failed(exchange, `${effect.address} is this node itself`, false)
    let differing: ReadonlyArray<number> | undefined

    const hear = (message: StreamMessage, from: string, talk: Talk): void => {
      if (message._tag === "SyncAnswer") {
        const { entries, last } = message
        differing ??= message.differing
        if (last) {
          answered.set(exchange, talk)
          talk.allow(lingerMillis(net.state))
        }
        return net.turn({ _tag: "SyncEntries", exchange, from, entries, differing, last })
      }
      talk.drop()
      if (message._tag === "SyncRefused") {
        return failed(exchange, `${address} does no push/pull: ${message.reason}`, true)
      }
      net.countFault("unexpected")
      failed(exchange, `${address} answered a push/pull with ${message._tag}`, false)
    }
    const fail = (detail: string, refused: boolean): void => {
      if (answered.delete(exchange)) return
      if (differing === undefined && others.length > 0) return syncWith(others, effect)
      failed(exchange, detail, refused)
    }
    ask(net, { address, timeoutMillis, first: request, hear, fail })
  }

  const isOther = (address: string): boolean => address !== net.transport.address

  const syncWithSeed = (effect: OpenSync): void => {
    const { address, exchange, timeoutMillis } = effect
    net.run(
      Effect.map(Effect.result(net.transport.resolve(address)), (resolved) => {
        if (Result.isFailure(resolved)) return failed(exchange, resolved.failure.message, false)
        const candidates = resolved.success.filter(isOther).slice(0, candidatesMax)
        const eachMillis = timeoutMillis / Math.max(1, candidates.length)
        return syncWith(candidates, { ...effect, timeoutMillis: eachMillis })
      })
    )
  }

  return {
    openSync: (effect) =>
      net.transport.isAddress(effect.address)
        ? syncWith([effect.address].filter(isOther), effect)
        : syncWithSeed(effect),
    pushSync: ({ exchange, push }) => {
      const talk = answered.get(exchange)
      if (talk === undefined) return
      answered.delete(exchange)
      for (const part of pushParts(push)) talk.say(part)
      talk.end()
    },
    ping: (effect) => ping(net, effect)
  }
}

const ping = (net: StreamNet, { address, seq, target, timeoutMillis }: StreamPing): void => {
  const tell = (answer: "ack" | "not_me" | "silence") => net.turn({ _tag: "StreamPinged", seq, answer })
  const { generation, incarnation, instance } = net.state.self
  const sender = { generation, instanceHash: instanceHash(instance), incarnation }
  ask(net, {
    address,
    timeoutMillis,
    first: { _tag: "Ping", seq, target, sender },
    hear: (message, _, talk) => {
      talk.drop()
      if (message._tag === "Ack" && message.seq === seq) return tell("ack")
      if (message._tag === "NotMe" && message.seq === seq) return tell("not_me")
      net.countFault("unexpected")
      tell("silence")
    },
    fail: () => tell("silence")
  })
}
