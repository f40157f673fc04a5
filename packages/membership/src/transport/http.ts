/**
 * Heartbeats over HTTP: one POST per exchange, JSON both ways, at most 64 KiB.
 *
 * Either mount `HttpInbox` in a server you have (`layer`) or open a listener for heartbeats alone
 * (`layerListening`).
 */
import { Context, Effect, Layer } from "effect"

import { HeartbeatTransport } from "../HeartbeatTransport.ts"
import { defaultPath, type HttpClientOptions, makeHttpSend } from "./httpClient.ts"
import { handleThrough, HttpInbox } from "./HttpInbox.ts"
import { HttpListener, type HttpListenerOptions, listen, type ListenFailed } from "./HttpListener.ts"
import { makeInbox } from "./inbox.ts"

export { messageBytesMax } from "../HeartbeatMessage.ts"
export type { HttpClientOptions } from "./httpClient.ts"
export { type HttpAnswer, HttpInbox } from "./HttpInbox.ts"
export { HttpListener, type HttpListenerOptions, ListenFailed } from "./HttpListener.ts"

/** Options of the transport with its own listener; `tls` of each side is given apart. */
export interface HttpListeningOptions extends Omit<HttpClientOptions, "path"> {
  readonly listen: HttpListenerOptions
}

const build = Effect.fnUntraced(function* (options: HttpClientOptions) {
  const inbox = makeInbox()
  const transport = HeartbeatTransport.of({ send: yield* makeHttpSend(options), serve: inbox.serve })
  const handle = handleThrough(inbox)
  const context = Context.make(HeartbeatTransport, transport).pipe(Context.add(HttpInbox, { handle }))
  return { inbox, handle, context }
})

/** Heartbeats over HTTP. */
export const HttpTransport = {
  /** Sends over HTTP; what peers send is handed over by your server through `HttpInbox.handle`. */
  layer: (options: HttpClientOptions = {}): Layer.Layer<HeartbeatTransport | HttpInbox> =>
    Layer.effectContext(Effect.map(build(options), ({ context }) => context)),

  /**
   * Sends over HTTP and listens on a port of its own. Fails with `ListenFailed` when the port cannot be
   * opened.
   */
  layerListening: (
    options: HttpListeningOptions
  ): Layer.Layer<HeartbeatTransport | HttpInbox | HttpListener, ListenFailed> =>
    Layer.effectContext(
      Effect.gen(function* () {
        const path = options.listen.path ?? defaultPath
        const { inbox, handle, context } = yield* build({ ...options, path })
        const listener = yield* listen(inbox, handle, { ...options.listen, path })
        return Context.add(context, HttpListener, listener)
      })
    )
} as const
