/** One node of the demo as a child process: started, told, listened to, killed. */
import { Deferred, Effect, Queue, type Scope, Stream } from "effect"
import { ChildProcess, type ChildProcessSpawner } from "effect/process"

import { commandLine, type NodeCommand, type NodeReport, reportsFrom } from "./nodeProtocol.ts"

/** A running node. */
export interface NodeProcess {
  readonly pid: number
  readonly send: (command: NodeCommand) => Effect.Effect<unknown>
  /** Ends the process at once, as a power failure would. */
  readonly kill: Effect.Effect<void>
  /** Waits for the end of the process. The last line that it wrote for people, empty for none and for a process that was killed. */
  readonly ended: Effect.Effect<string>
}

/** The program that a node runs: this one, with the hidden subcommand that `devCommand` has for it. */
export interface NodeProgram {
  readonly executable: string
  readonly args: ReadonlyArray<string>
}

/** The running program, called as a node; works from source and from the bundle. */
export const thisProgram: Effect.Effect<NodeProgram> = Effect.sync(() => ({
  executable: process.execPath,
  args: [...process.execArgv, process.argv[1] ?? "", "dev", "node"]
}))

const complaintLengthMax = 2000
/** Commands that wait for a node to read them; after that the sender waits. */
const commandsMax = 64

/** Starts a node; it is killed when the scope closes, and ends by itself when this process dies. */
export const spawnNode = Effect.fn("spawnNode")(function* (
  { args, executable }: NodeProgram,
  onReport: (report: NodeReport, process: NodeProcess) => Effect.Effect<unknown>
): Effect.fn.Return<NodeProcess, never, ChildProcessSpawner.ChildProcessSpawner | Scope.Scope> {
  const commands = yield* Queue.bounded<NodeCommand>(commandsMax)
  const ended = yield* Deferred.make<string>()
  let complaint = ""
  const handle = yield* Effect.orDie(ChildProcess.make(executable, [...args], { killSignal: "SIGKILL" }))
  const process: NodeProcess = {
    pid: handle.pid,
    send: (command) => Queue.offer(commands, command),
    kill: Effect.ignore(handle.kill({ killSignal: "SIGKILL" })),
    ended: Deferred.await(ended)
  }
  const complain = (text: string) =>
    Effect.sync(() => {
      complaint = (complaint + text).slice(-complaintLengthMax)
    })
  const reading = Stream.runForEach(reportsFrom(handle.stdout), (report) =>
    typeof report === "string" ? complain(`${report}\n`) : onReport(report, process)
  )
  const complaining = Stream.runForEach(Stream.decodeText(handle.stderr), complain)
  yield* Effect.all([reading, complaining], { concurrency: 2, discard: true }).pipe(
    Effect.catch(({ message }) => complain(message)),
    Effect.andThen(
      Effect.match(handle.exitCode, {
        onSuccess: () => complaint.trim().split("\n").at(-1) ?? "",
        onFailure: () => ""
      })
    ),
    Effect.flatMap((lastWords) => Deferred.succeed(ended, lastWords)),
    Effect.forkScoped
  )
  yield* Stream.fromQueue(commands).pipe(
    Stream.mapEffect(commandLine),
    Stream.encodeText,
    Stream.run(handle.stdin),
    Effect.ignore,
    Effect.forkScoped
  )
  return process
})
