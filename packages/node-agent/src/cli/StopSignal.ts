/** The port to the signals that ask this process to stop. */
import { Context, type Effect } from "effect"

/** Which signal it was. */
export type StopReason = "SIGTERM" | "SIGINT"

/** Signals that ask this process to stop. */
export class StopSignal extends Context.Service<
  StopSignal,
  {
    /**
     * From now on the first signal completes the effect that is returned, instead of interrupting the command; the command then ends in
     * its own time. A second signal ends the process at once.
     */
    readonly claim: Effect.Effect<Effect.Effect<StopReason>>
    /** Ends the process with this exit code after that time, whatever it is still doing. */
    endWithin(millis: number, exitCode: number): Effect.Effect<void>
  }
>()("@coterie/node-agent/cli/StopSignal") {}
