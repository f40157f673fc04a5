/** The place of the one handler that a SWIM transport hands everything to. */
import { Effect } from "effect"

import type { SwimTransport, SwimTransportHandler } from "../SwimTransport.ts"

/** A place for a handler. */
export interface Serving {
  readonly handler: () => SwimTransportHandler | undefined
  readonly serve: SwimTransport["Service"]["serve"]
}

/** A place without a handler. */
export const makeServing = (): Serving => {
  let served: SwimTransportHandler | undefined
  return {
    handler: () => served,
    serve: (handler) =>
      Effect.acquireRelease(
        Effect.suspend(() => {
          if (served !== undefined) return Effect.die("this transport is served already")
          served = handler
          return Effect.void
        }),
        () => Effect.sync(() => void (served = undefined))
      )
  }
}
