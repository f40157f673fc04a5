/**
 * A configuration as text: each value with where it came from, secrets as `***`.
 */
import { Schema } from "effect"

import { AgentConfig } from "../AgentConfig.ts"
import type { LoadedConfig } from "./loadConfig.ts"
import { formatOrigin, originOf, type Origin, type Path, pathKey } from "./SourceTree.ts"

/** One value of a configuration. */
export interface DescribedValue {
  /** Keys joined by dots, such as "membership.interval". */
  readonly path: string
  /** As it would be written in YAML; a secret is `***`. */
  readonly value: unknown
  /** "default", `file:line:column`, or the name of an environment variable. */
  readonly origin: string
}

/** Unchecked: a secret that was read from its file now stands beside the file's name, which nobody may write. */
const encode = Schema.encodeSync(AgentConfig, { disableChecks: true })

/** Every value in the order of the schema; keys that are not set and have no default are left out. */
export const describeConfig = ({ config, origins }: LoadedConfig): ReadonlyArray<DescribedValue> =>
  leaves(encode(config), []).map(({ path, value }) => {
    const origin = ownOrigin(origins, path)
    return {
      path: path.map(String).join("."),
      value,
      origin: origin === undefined ? "default" : formatOrigin(origin)
    }
  })

/** Where the value itself was written: a variable sets all that is below its key, a line of a file only its own value. */
const ownOrigin = (origins: ReadonlyMap<string, Origin>, path: Path): Origin | undefined => {
  const nearest = originOf(origins, path)
  return nearest?._tag === "Environment" ? nearest : origins.get(pathKey(path))
}

const leaves = (
  value: unknown,
  path: Path
): ReadonlyArray<{ readonly path: Path; readonly value: unknown }> => {
  if (typeof value !== "object" || value === null) return [{ path, value }]
  const entries = Array.isArray(value)
    ? value.map((inner: unknown, index): readonly [PropertyKey, unknown] => [index, inner])
    : Object.entries(value)
  return entries.length === 0
    ? [{ path, value }]
    : entries.flatMap(([key, inner]) => leaves(inner, [...path, key]))
}
