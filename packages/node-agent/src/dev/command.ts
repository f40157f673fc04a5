/** The flags of `coterie dev`; what it does is imported when it runs. */
import { Effect } from "effect"
import { Command, Flag } from "effect/cli"

const flags = {
  latency: Flag.String("latency").pipe(
    Flag.withMetavar("a-b=80ms"),
    Flag.withDescription(
      "Round trip between two of the nodes a, b, c, d, e; may be repeated. Without it e is 256 ms from the rest, and they are near"
    ),
    Flag.atLeast(0)
  ),
  membership: Flag.Literals("membership", ["swim", "heartbeat"]).pipe(
    Flag.withDescription("How the agents know each other"),
    Flag.withDefault("swim")
  ),
  once: Flag.Boolean("once").pipe(
    Flag.withDescription(
      "Stop when the leader is well placed and print before and after; exit code 1 when it is not in time"
    ),
    Flag.withDefault(false),
    Flag.withoutNegation
  ),
  deadlineSeconds: Flag.Int("deadline-seconds").pipe(
    Flag.withDescription("How long --once may take, 1 to 3600"),
    Flag.withDefault(45),
    Flag.filter(
      (seconds) => seconds >= 1 && seconds <= 3600,
      (seconds) => `expected 1 to 3600, got ${seconds}`
    )
  )
}

/** The flags of `coterie dev`, read. */
export interface DevFlags {
  readonly latency: ReadonlyArray<string>
  readonly membership: "swim" | "heartbeat"
  readonly once: boolean
  readonly deadlineSeconds: number
}

/** How the demo starts its nodes: the same program, called with this subcommand. */
const node = Command.make("node", {}, () =>
  Effect.flatMap(
    Effect.promise(() => import("./node.ts")),
    ({ runNode }) => runNode
  )
).pipe(Command.withDescription("One node of the demo; coterie dev starts it"), Command.unlisted)

/** `coterie dev`: five agents on this machine with slow links between them. */
export const devCommand = Command.make("dev", flags, (read: DevFlags) =>
  Effect.flatMap(
    Effect.promise(() => import("./dev.ts")),
    ({ runDev }) => runDev(read)
  )
).pipe(
  Command.withDescription(
    "Run five agents on this machine with slow links between them, and watch a badly placed leader move"
  ),
  Command.withSubcommands([node])
)
