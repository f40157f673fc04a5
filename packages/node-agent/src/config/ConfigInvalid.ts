/** What a configuration that cannot be used fails with. */
import { Effect, Schema } from "effect"

import { type ConfigProblem, formatProblem } from "./SourceTree.ts"

/** The configuration is wrong; `problems` has one line for each thing to change. */
export class ConfigInvalid extends Schema.TaggedError<ConfigInvalid>()("ConfigInvalid", {
  problems: Schema.Array(Schema.String)
}) {
  override get message(): string {
    return this.problems.join("\n")
  }
}

/** Fails with `ConfigInvalid`. */
export const invalid = (problems: ReadonlyArray<ConfigProblem>) =>
  Effect.fail(new ConfigInvalid({ problems: problems.map(formatProblem) }))
