/** Which of several endpoints of one replicated store to ask: the same as long as it answers, then the next. */
import { Effect } from "effect"

/** Asks the endpoint in turn. A call that fails, or is given up, is not repeated: it may have been done. The next goes elsewhere. */
export const makeEndpoints = <Endpoint>(endpoints: readonly [Endpoint, ...ReadonlyArray<Endpoint>]) => {
  let turn = 0
  return <A, E>(ask: (endpoint: Endpoint) => Effect.Effect<A, E>): Effect.Effect<A, E> =>
    Effect.suspend(() => {
      const asked = turn
      const endpoint = endpoints[asked % endpoints.length] ?? endpoints[0]
      // Calls that fail together move on by one.
      const moveOn = Effect.sync(() => {
        if (turn === asked) turn += 1
      })
      return ask(endpoint).pipe(Effect.onExit((exit) => (exit._tag === "Failure" ? moveOn : Effect.void)))
    })
}
