/**
 * The commands of `coterie` and their flags.
 *
 * What a command does is imported when it runs, so that help and mistakes are answered at once.
 */
import { Effect, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import type { HttpClient } from "effect/http"

import type { ConfigSources } from "../config/loadConfig.ts"
import { devCommand } from "../dev/command.ts"
import { environment } from "./environment.ts"
import { globalOptions } from "./options.ts"
import type * as Queries from "./queries.ts"

const file = Flag.String("config").pipe(
  Flag.withAlias("c"),
  Flag.withMetavar("FILE"),
  Flag.withDescription("YAML configuration; COTERIE_... variables override it"),
  Flag.optional
)

const sources = ({ config }: { readonly config: Option.Option<string> }): ConfigSources => ({
  file: Option.getOrUndefined(config),
  environment
})

const agent = Command.make("agent", { config: file }, (flags) =>
  Effect.flatMap(
    Effect.promise(() => import("./runAgent.ts")),
    ({ runAgent }) => runAgent(sources(flags))
  )
).pipe(Command.withDescription("Run an agent until SIGTERM or SIGINT, then drain and stop"))

const configCommands = Effect.promise(() => import("./configCommands.ts"))

const config = Command.make("config").pipe(
  Command.withDescription("Check a configuration, or show what it amounts to"),
  Command.withSubcommands([
    Command.make("check", { config: file }, (flags) =>
      Effect.flatMap(configCommands, ({ checkConfig }) => checkConfig(sources(flags)))
    ).pipe(Command.withDescription("List everything that is wrong; exit code 9 when something is")),
    Command.make("show", { config: file }, (flags) =>
      Effect.flatMap(configCommands, ({ showConfig }) => showConfig(sources(flags)))
    ).pipe(Command.withDescription("Print every value and where it comes from; secrets are ***"))
  ])
)

/** Runs a command that asks a running agent. */
const query = <A, E, R>(run: (queries: typeof Queries) => Effect.Effect<A, E, R | HttpClient.HttpClient>) =>
  Effect.flatMap(
    Effect.promise(() => import("./queries.ts")),
    (queries) => Effect.provide(run(queries), queries.httpClient)
  )

const status = Command.make(
  "status",
  {
    failOn: Flag.Literals("fail-on", ["degraded"]).pipe(
      Flag.withDescription("Exit code 4 unless the status is ok"),
      Flag.optional
    )
  },
  ({ failOn }) => query(({ showStatus }) => showStatus(failOn))
).pipe(Command.withDescription("The agent at a glance"))

const members = Command.make("members", {}, () => query(({ showMembers }) => showMembers)).pipe(
  Command.withDescription("Every member as this node sees it; * marks the node that answers")
)

const leader = Command.make(
  "leader",
  {
    group: Argument.String("group").pipe(
      Argument.withDescription("A group of the engine; without it, the agents' own leader"),
      Argument.optional
    )
  },
  ({ group }) => query(({ showLeader }) => showLeader(group))
).pipe(Command.withDescription("Who leads"))

const groups = Command.make("groups", {}, () => query(({ showGroups }) => showGroups)).pipe(
  Command.withDescription("Every group of the engine, its leader, and why it is where it is")
)

const decisions = Command.make(
  "decisions",
  {
    limit: Flag.Int("limit").pipe(
      Flag.withAlias("n"),
      Flag.withDescription("How many at most, 1 to 1000"),
      Flag.withDefault(100),
      Flag.filter(
        (count) => count >= 1 && count <= 1000,
        (count) => `expected 1 to 1000, got ${count}`
      )
    ),
    follow: Flag.Boolean("follow").pipe(
      Flag.withAlias("f"),
      Flag.withDescription("Go on with each decision as it is made"),
      Flag.withDefault(false),
      Flag.withoutNegation
    )
  },
  (flags) => query(({ showDecisions }) => showDecisions(flags))
).pipe(Command.withDescription("The latest decisions about where leaders sit, newest last"))

/** The command line. */
export const coterie = Command.make("coterie").pipe(
  Command.withDescription("Keeps the leadership of a replicated store well placed, and shows why"),
  Command.withSubcommands([agent, devCommand, status, members, leader, groups, decisions, config]),
  Command.withGlobalFlags(globalOptions)
)
