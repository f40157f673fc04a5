/** The `coterie` process: arguments in, output and exit code out. */
import { NodeServices } from "@effect/platform-node"
import { Cause, Console, Effect, Exit, Layer, Logger, Runtime } from "effect"
import { CliConfig, CliError, CliOutput, Command, GlobalFlag } from "effect/cli"

import { coterie } from "./cli/coterie.ts"
import { exitCode } from "./cli/exit.ts"
import { listenForSignals } from "./cli/listenForSignals.ts"
import { StopSignal } from "./cli/StopSignal.ts"
import { version } from "./version.ts"

/** Help that was asked for is data; what explains a mistake is not. */
const presenter: CliOutput.Presenter = {
  present: Effect.fnUntraced(function* (event) {
    if (event._tag !== "InvalidInvocation") return yield* CliOutput.defaultPresenter.present(event)
    const formatter = yield* CliOutput.Formatter
    const command = event.commandPath.join(" ")
    yield* Console.error(formatter.formatErrors(event.errors))
    yield* Console.error(`\ncoterie: see ${command} --help`)
  })
}

/** What a command's end means for the process; what went wrong is said once, here. */
const exitCodeOf = <E>(exit: Exit.Exit<void, E>): Effect.Effect<number> => {
  if (Exit.isSuccess(exit)) return Effect.succeed(exitCode.ok)
  const { cause } = exit
  if (Cause.hasInterruptsOnly(cause)) return Effect.succeed(exitCode.interrupted)
  const error = Cause.squash(cause)
  if (error instanceof CliError.ShowHelp)
    return Effect.succeed(error.errors.length === 0 ? exitCode.ok : exitCode.usage)
  const detail = Cause.hasDies(cause) || !(error instanceof Error) ? Cause.pretty(cause) : error.message
  return Effect.as(Console.error(`coterie: ${detail}`), Runtime.getErrorExitCode(error))
}

const surroundings = Layer.mergeAll(
  NodeServices.layer,
  Layer.succeed(Logger.LogToStderr, true),
  CliOutput.layerPresenter(presenter),
  CliConfig.layer({ builtIns: [GlobalFlag.Help, GlobalFlag.Version, GlobalFlag.Completions] })
)

/** Runs the command line and ends the process. */
export const main = (): void => {
  // A reader that has seen enough, such as head, closes the pipe: that is no failure.
  process.stdout.on("error", (error: NodeJS.ErrnoException) =>
    process.exit(error.code === "EPIPE" ? exitCode.ok : exitCode.internal)
  )
  const stopSignal = listenForSignals(() => fiber.interruptUnsafe())
  const fiber = Command.run(coterie, { version }).pipe(
    Effect.exit,
    Effect.flatMap(exitCodeOf),
    Effect.provide(Layer.merge(surroundings, Layer.succeed(StopSignal, stopSignal))),
    Effect.runFork
  )
  fiber.addObserver((exit) => process.exit(Exit.isSuccess(exit) ? exit.value : exitCode.interrupted))
}
