/** One stream that this node opens: says something, and hears what comes back, within a time. */
import { Effect } from "effect"

import type { StreamMessage } from "../core/swimWire/streamCodec.ts"
import type { StreamNet } from "./streamNet.ts"
import { openStream } from "./streamSeal.ts"

/** A stream in conversation. */
export interface Talk {
  readonly say: (message: StreamMessage) => void
  /** Nothing more to say or to hear; what was said still goes out. */
  readonly end: () => void
  readonly drop: () => void
  /** Gives the stream so long from now. */
  readonly allow: (millis: number) => void
}

/** What is asked, and who hears the answer. */
export interface Question {
  readonly address: string
  readonly timeoutMillis: number
  readonly first: StreamMessage
  readonly hear: (message: StreamMessage, from: string, talk: Talk) => void
  /** The stream is over before `end` or `drop`; `refused` when the other side said no. */
  readonly fail: (detail: string, refused: boolean) => void
}

/** Opens a stream and says the first thing. */
export const ask = (net: StreamNet, { address, fail, first, hear, timeoutMillis }: Question): Talk => {
  const end = openStream(net.trust, net.state.self)
  const life = { isOver: false }
  const close = (): boolean => {
    if (life.isOver) return false
    life.isOver = true
    timer.interruptUnsafe()
    return true
  }
  const breakOff = (detail: string, refused = false): void => {
    if (!close()) return
    stream.destroy()
    fail(`${address}: ${detail}`, refused)
  }
  const limit = (millis: number) =>
    net.run(
      Effect.delay(
        Effect.sync(() => breakOff(`no answer within ${Math.round(millis)} ms`)),
        millis
      )
    )
  const talk: Talk = {
    say: (message) => stream.write(end.seal(message)),
    end: () => {
      if (close()) stream.end()
    },
    drop: () => {
      if (close()) stream.destroy()
    },
    allow: (millis) => {
      timer.interruptUnsafe()
      timer = limit(millis)
    }
  }
  let timer = limit(timeoutMillis)
  const stream = net.transport.connect(address, {
    onBytes: (bytes) => {
      const received = life.isOver ? [] : end.receive(bytes)
      if ("_tag" in received) {
        net.countRefused(received)
        // Somebody busy may let us in the next time.
        return breakOff(received.detail, received.reason !== "busy")
      }
      const from = end.peer()?.id
      for (const message of received) if (!life.isOver && from !== undefined) hear(message, from, talk)
    },
    onClosed: (detail) => breakOff(detail)
  })
  talk.say(first)
  return talk
}
