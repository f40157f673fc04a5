/** Commands about configuration files; they contact nobody. */
import { Effect, Schema } from "effect"

import { describeConfig } from "../config/describeConfig.ts"
import { type ConfigSources, loadConfig } from "../config/loadConfig.ts"
import { noVoteNotice } from "../config/ownVote.ts"
import { CliFailure, exitCode } from "./exit.ts"
import { Json } from "./options.ts"
import { note, printReport } from "./output.ts"
import { tableLines } from "./table.ts"

const CheckReport = Schema.Struct({
  schema: Schema.Literal("config-check/v1"),
  ok: Schema.Boolean,
  problems: Schema.Array(Schema.String),
  /** What is allowed and may not be meant. */
  notices: Schema.optional(Schema.Array(Schema.String))
})

const ConfigReport = Schema.Struct({
  schema: Schema.Literal("config/v1"),
  values: Schema.Array(Schema.Struct({ path: Schema.String, value: Schema.Json, origin: Schema.String }))
})

/** `coterie config check`: lists everything that is wrong and ends with exit code 9, or says that nothing is. */
export const checkConfig = Effect.fnUntraced(function* (sources: ConfigSources) {
  const { notice, problems } = yield* loadConfig(sources).pipe(
    Effect.map(({ config }) => ({ problems: [], notice: noVoteNotice(config) })),
    Effect.catch((error) => Effect.succeed({ problems: error.problems, notice: undefined }))
  )
  const ok = problems.length === 0
  const notices = notice === undefined ? {} : { notices: [notice] }
  if (yield* Json)
    yield* printReport(CheckReport, { schema: "config-check/v1", ok, problems, ...notices }, () => [])
  else if (ok)
    yield* note(["the configuration is right", ...(notice === undefined ? [] : [notice])].join("\n"))
  if (!ok) return yield* configFailure(problems)
})

/** `coterie config show`: every value and where it was written, secrets as `***`. */
export const showConfig = Effect.fnUntraced(function* (sources: ConfigSources) {
  const loaded = yield* loadConfig(sources).pipe(Effect.catch(({ problems }) => configFailure(problems)))
  const described = describeConfig(loaded)
  const values = yield* Effect.orDie(
    Effect.forEach(described, ({ value, ...rest }) =>
      Effect.map(Schema.decodeUnknownEffect(Schema.Json)(value), (json) => ({ ...rest, value: json }))
    )
  )
  yield* printReport(ConfigReport, { schema: "config/v1", values }, (paint) =>
    tableLines(
      ["KEY", "VALUE", "FROM"].map(paint.strong),
      described.map(({ origin, path, value }) => [
        path,
        typeof value === "string" ? value : JSON.stringify(value),
        origin
      ])
    )
  )
})

/** Fails with every problem on a line of its own. */
export const configFailure = (problems: ReadonlyArray<string>) =>
  Effect.fail(new CliFailure({ code: exitCode.config, detail: problems.join("\n") }))
