/** The receiving end that transports share: text in, reply out, whoever serves in between. */
import { Effect, type Scope } from "effect"

import { type HeartbeatReply, messageBytesMax, type Refusal } from "../HeartbeatMessage.ts"
import { countRefused } from "../heartbeatMetrics.ts"
import type { HeartbeatHandler } from "../HeartbeatTransport.ts"
import { decodeRequest, refusal } from "../messageCodec.ts"

/** The receiving end of one transport. */
export interface Inbox {
  /** Makes the handler answer until the scope closes. Dies when there is one already. */
  readonly serve: (handler: HeartbeatHandler) => Effect.Effect<void, never, Scope.Scope>
  /** Reads a request and answers it; anything unreadable, too large or unserved is refused and counted. */
  readonly receive: (text: string) => Effect.Effect<HeartbeatReply>
  /** A counted refusal, for what a transport turns away before reading it. */
  readonly refuse: (reason: Refusal["reason"], detail: string) => Effect.Effect<Refusal>
}

/** A receiving end without a handler. */
export const makeInbox = (): Inbox => {
  let served: HeartbeatHandler | undefined

  return {
    refuse,
    serve: (handler) =>
      Effect.acquireRelease(
        Effect.suspend(() => {
          if (served !== undefined) return Effect.die("this transport is served already")
          served = handler
          return Effect.void
        }),
        () => Effect.sync(() => (served = undefined))
      ),
    receive: (text) =>
      Effect.suspend((): Effect.Effect<HeartbeatReply> => {
        if (Buffer.byteLength(text) > messageBytesMax) return refuse("too_large", tooLarge)
        return served === undefined
          ? refuse("not_serving", "this node has not started its membership yet")
          : answer(text, served)
      })
  }
}

const refuse: Inbox["refuse"] = (reason, detail) => {
  const refused = refusal(reason, detail)
  return Effect.as(countRefused(refused), refused)
}

const answer = Effect.fnUntraced(
  function* (text: string, handler: HeartbeatHandler) {
    const request = yield* decodeRequest(text)
    return yield* handler(request)
  },
  Effect.catch(({ reason, detail }) => refuse(reason, detail)),
  Effect.catchDefect((defect) =>
    Effect.andThen(
      Effect.logError("answering a heartbeat request died", { defect }),
      refuse("internal", "the handler of this node died; its log says why")
    )
  )
)

/** The sentence for a request over the limit. */
export const tooLarge = `a request has at most ${messageBytesMax} bytes`
