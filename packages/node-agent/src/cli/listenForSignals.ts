/** SIGTERM and SIGINT of this process. */
import { Effect } from "effect"

import { exitCode } from "./exit.ts"
import type { StopReason, StopSignal } from "./StopSignal.ts"

/**
 * Listens from now on. The first signal goes to the command that claimed it, or else calls `interrupt`; the second ends the process at once.
 */
export const listenForSignals = (interrupt: () => void): StopSignal["Service"] => {
  let claimed: ((reason: StopReason) => void) | undefined
  let received = false

  const onSignal = (signal: StopReason) => {
    if (received) process.exit(exitCode.interrupted)
    received = true
    if (claimed === undefined) interrupt()
    else claimed(signal)
  }
  process.on("SIGTERM", onSignal)
  process.on("SIGINT", onSignal)

  return {
    claim: Effect.sync(() => {
      const signalled = new Promise<StopReason>((resolve) => {
        claimed = resolve
      })
      return Effect.promise(() => signalled)
    }),
    endWithin: (millis, code) =>
      Effect.sleep(millis).pipe(
        Effect.andThen(Effect.sync(() => process.exit(code))),
        Effect.forkDetach,
        Effect.asVoid
      )
  }
}
