/** Writes that the demo asked its nodes for and that have not ended. */
import { Deferred, Duration, Effect } from "effect"

/** What a write through a node ended with. */
export interface WriteReport {
  readonly millis: number
  /** Why it was not acknowledged; undefined when it was. */
  readonly failure: string | undefined
}

/** Longer than a node itself waits, so that its reason is heard. */
const writeTimeout = Duration.seconds(10)

/** No writes yet; requests are numbered from 1. */
export const makePendingWrites = () => {
  const pending = new Map<number, { readonly node: string; readonly ended: Deferred.Deferred<WriteReport> }>()
  let requests = 0
  return {
    /** Sends a request and waits for its end. */
    wait: Effect.fnUntraced(function* (node: string, send: (request: number) => Effect.Effect<void>) {
      const request = (requests += 1)
      const ended = yield* Deferred.make<WriteReport>()
      pending.set(request, { node, ended })
      const silence = { millis: Duration.toMillis(writeTimeout), failure: `${node} did not answer` }
      return yield* Effect.andThen(send(request), Deferred.await(ended)).pipe(
        Effect.timeoutOrElse({ duration: writeTimeout, orElse: () => Effect.succeed(silence) }),
        Effect.ensuring(Effect.sync(() => pending.delete(request)))
      )
    }),
    end: (request: number, report: WriteReport): Effect.Effect<void> => {
      const write = pending.get(request)
      return write === undefined ? Effect.void : Effect.asVoid(Deferred.succeed(write.ended, report))
    },
    /** The node died: none of its writes will end by itself. */
    abandon: (node: string): Effect.Effect<void> =>
      Effect.forEach(
        [...pending.values()].filter((write) => write.node === node),
        ({ ended }) => Deferred.succeed(ended, { millis: 0, failure: `${node} died` }),
        { discard: true }
      )
  }
}
