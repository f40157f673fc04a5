/**
 * The commands of `coterie` and their flags.
 *
 * What a command does is imported when it runs, so that help and mistakes are answered at once.
 */
import { Effect, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import type { HttpClient } from "effect/http"

import { durationBetween } from "../config/configValues.ts"
import type { ConfigSources } from "../config/loadConfig.ts"
import { devCommand } from "../dev/command.ts"
import { KeyId } from "../OwnKeyring.ts"
import { environment } from "./environment.ts"
import { CliFailure, exitCode } from "./exit.ts"
import { globalOptions } from "./options.ts"

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

/** Runs a command that asks a running agent, out of a module that is loaded for it. */
const asking = <Module, A, E, R>(
  load: () => Promise<Module>,
  run: (module: Module) => Effect.Effect<A, E, R | HttpClient.HttpClient>
) =>
  Effect.gen(function* () {
    const [{ httpClient }, module] = yield* Effect.promise(() =>
      Promise.all([import("./askAgent.ts"), load()])
    )
    return yield* Effect.provide(run(module), httpClient)
  })

const queries = () => import("./queries.ts")
const localityQueries = () => import("./localityQueries.ts")

const status = Command.make(
  "status",
  {
    failOn: Flag.Literals("fail-on", ["degraded"]).pipe(
      Flag.withDescription("Exit code 4 unless the status is ok"),
      Flag.optional
    )
  },
  ({ failOn }) => asking(queries, ({ showStatus }) => showStatus(failOn))
).pipe(Command.withDescription("The agent at a glance"))

const members = Command.make(
  "members",
  {
    wide: Flag.Boolean("wide").pipe(
      Flag.withDescription("Also version, round trip, the run of each, who doubts it and why"),
      Flag.withDefault(false),
      Flag.withoutNegation
    )
  },
  ({ wide }) => asking(queries, ({ showMembers }) => showMembers(wide))
).pipe(
  Command.withDescription("Every member as this node sees it; * marks the node that answers"),
  Command.withSubcommands([
    Command.make(
      "force-leave",
      {
        node: Argument.String("node").pipe(
          Argument.withDescription("Id of a dead member, as coterie members shows it")
        )
      },
      ({ node }) =>
        asking(
          () => import("./forceLeave.ts"),
          ({ forceLeave }) => forceLeave(node)
        )
    ).pipe(
      Command.withDescription(
        "With SWIM: have every member see a dead one as left, for good; exit code 5 unless it is dead"
      )
    )
  ])
)

const events = Command.make(
  "events",
  {
    follow: Flag.Boolean("follow").pipe(
      Flag.withAlias("f"),
      Flag.withDescription("Go on with each event as it happens"),
      Flag.withDefault(false),
      Flag.withoutNegation
    ),
    since: Flag.String("since").pipe(
      Flag.withMetavar("DURATION"),
      Flag.withDescription("All of the last 10m or 2h that are kept, in place of the last 100"),
      Flag.withSchema(durationBetween("1ms", "365d")),
      Flag.optional
    )
  },
  (wanted) =>
    asking(
      () => import("./events.ts"),
      ({ showEvents }) => showEvents(wanted)
    )
).pipe(
  Command.withDescription(
    "What happened here: members, leaders, hand-overs; with --json a JSON object a line"
  )
)

const keyringModule = () => import("./keyring.ts")
const keyId = Argument.String("key-id").pipe(
  Argument.withDescription("Id of a key, as coterie keyring list shows it"),
  Argument.withSchema(KeyId)
)
const force = Flag.Boolean("force").pipe(
  Flag.withDescription("Although members are dead; one that comes back without the right key is cut off"),
  Flag.withDefault(false),
  Flag.withoutNegation
)

const keyring = Command.make("keyring").pipe(
  Command.withDescription("The keys of all members; to rotate: generate, install, use, remove"),
  Command.withSubcommands([
    Command.make("generate", {}, () =>
      Effect.flatMap(Effect.promise(keyringModule), ({ generateKey }) => generateKey)
    ).pipe(Command.withDescription("Print a new key; no agent is asked")),
    Command.make("list", {}, () => asking(keyringModule, ({ listKeys }) => listKeys)).pipe(
      Command.withDescription("Ids of the keys that the members hold, and which one they seal with")
    ),
    Command.make(
      "install",
      {
        file: Argument.String("file").pipe(
          Argument.withDescription("File with the key, or - for the standard input")
        )
      },
      ({ file }) => asking(keyringModule, ({ installKey }) => installKey(file))
    ).pipe(Command.withDescription("Give every member a key; exit code 6 unless each living one has it")),
    Command.make("use", { keyId, force }, (wanted) =>
      asking(keyringModule, ({ useKey }) => useKey(wanted))
    ).pipe(Command.withDescription("Have every member seal with a key; refused unless each holds it")),
    Command.make("remove", { keyId, force }, (wanted) =>
      asking(keyringModule, ({ removeKey }) => removeKey(wanted))
    ).pipe(Command.withDescription("Have every member forget a key; refused while one seals with it"))
  ])
)

const leader = Command.make(
  "leader",
  {
    group: Argument.String("group").pipe(
      Argument.withDescription("A group of the engine; without it, the agents' own leader"),
      Argument.optional
    ),
    transfer: Flag.String("transfer").pipe(
      Flag.withMetavar("NODE"),
      Flag.withDescription("Have leadership handed to this node; for a group, to this replica of the engine"),
      Flag.optional
    ),
    wait: Flag.Boolean("wait").pipe(
      Flag.withDescription(
        "With --transfer: return when the next leader is seen, for --timeout at most; exit code 7 when it is another, 6 when nobody is"
      ),
      Flag.withDefault(false),
      Flag.withoutNegation
    )
  },
  ({ group, transfer, wait }) => {
    if (Option.isSome(transfer))
      return asking(
        () => import("./moveLeadership.ts"),
        ({ moveLeadership }) => moveLeadership({ group, to: transfer.value, wait })
      )
    return wait
      ? new CliFailure({ code: exitCode.usage, detail: "--wait belongs to --transfer NODE" })
      : asking(queries, ({ showLeader }) => showLeader(group))
  }
).pipe(Command.withDescription("Who leads; or hand leadership over"))

const why = Command.make("why").pipe(
  Command.withDescription("Explain what the agents decided"),
  Command.withSubcommands([
    Command.make("leader", {}, () =>
      asking(
        () => import("./why.ts"),
        ({ whyLeader }) => whyLeader
      )
    ).pipe(
      Command.withDescription("Why the agents' leader leads, who lends it a vote, and why nobody else leads")
    ),
    Command.make(
      "group",
      { group: Argument.String("group").pipe(Argument.withDescription("A group of the engine")) },
      ({ group }) => asking(localityQueries, ({ whyGroup }) => whyGroup(group))
    ).pipe(
      Command.withDescription(
        "Why a group is led from where it is, what another voter would gain, and what blocks it for how long"
      )
    )
  ])
)

const place = (name: string) =>
  Argument.String(name).pipe(Argument.withDescription("A replica's id or its address"), Argument.optional)

const rtt = Command.make(
  "rtt",
  {
    from: place("from"),
    to: place("to"),
    matrix: Flag.Boolean("matrix").pipe(
      Flag.withDescription("A table of all places, up to 30; ~ is estimated, ! is old or contradicted"),
      Flag.withDefault(false),
      Flag.withoutNegation
    )
  },
  (selection) => asking(localityQueries, ({ showRtt }) => showRtt(selection))
).pipe(Command.withDescription("Round trips between the places of replicas, or of one link"))

const locality = Command.make("locality").pipe(
  Command.withDescription("Where leaders would sit"),
  Command.withSubcommands([
    Command.make(
      "plan",
      {
        assumptions: Flag.String("if").pipe(
          Flag.withMetavar("ASSUMPTION"),
          Flag.withDescription('Such as "n3 down", "zone b +80ms" or "n1-n2 120ms"; may be repeated'),
          Flag.atLeast(0)
        )
      },
      ({ assumptions }) => asking(localityQueries, ({ showPlan }) => showPlan(assumptions))
    ).pipe(Command.withDescription("What would be if: each group that is led here, before and after"))
  ])
)

const groups = Command.make("groups", {}, () => asking(queries, ({ showGroups }) => showGroups)).pipe(
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
  (flags) => asking(queries, ({ showDecisions }) => showDecisions(flags))
).pipe(Command.withDescription("The latest decisions about where leaders sit, newest last"))

/** The command line. */
export const coterie = Command.make("coterie").pipe(
  Command.withDescription("Keeps the leadership of a replicated store well placed, and shows why"),
  Command.withSubcommands([
    agent,
    devCommand,
    status,
    members,
    events,
    leader,
    groups,
    decisions,
    why,
    rtt,
    locality,
    keyring,
    config
  ]),
  Command.withGlobalFlags(globalOptions)
)
