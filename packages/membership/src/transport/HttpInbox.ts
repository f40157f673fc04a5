/** The port through which an existing HTTP server hands over heartbeat requests. */
import { Context, Effect } from "effect"

import type { HeartbeatReply } from "../HeartbeatMessage.ts"
import { encodeReply } from "../messageCodec.ts"
import type { Inbox } from "./inbox.ts"

/** Answer to a request, for the server to send as `application/json`. */
export interface HttpAnswer {
  readonly status: number
  readonly body: string
}

/** Answers heartbeat requests that an HTTP server received by POST. */
export class HttpInbox extends Context.Service<
  HttpInbox,
  {
    /**
     * Answers the text of one request body. The server must stop reading a body at 64 KiB (`messageBytesMax`)
     * by itself; a longer text is refused with 413.
     */
    handle(body: string): Effect.Effect<HttpAnswer>
  }
>()("@coterie/membership/transport/HttpInbox") {}

/** Answers through an inbox, with the HTTP status that fits each refusal. */
export const handleThrough =
  (inbox: Inbox) =>
  (body: string): Effect.Effect<HttpAnswer> =>
    Effect.flatMap(inbox.receive(body), toAnswer)

/** A reply as status and body. */
export const toAnswer = (reply: HeartbeatReply): Effect.Effect<HttpAnswer> =>
  encodeReply(reply).pipe(
    Effect.map((body) => ({ status: statusOf(reply), body })),
    Effect.orDie
  )

const statusOf = (reply: HeartbeatReply): number => {
  if (reply._tag !== "Refusal") return 200
  switch (reply.reason) {
    case "malformed":
    case "protocol":
      return 400
    case "wrong_cluster":
    case "unknown_sender":
    case "own_id":
      return 403
    case "no_answer":
      return 404
    case "left":
      return 410
    case "too_large":
      return 413
    case "internal":
      return 500
    case "not_serving":
      return 503
  }
}
