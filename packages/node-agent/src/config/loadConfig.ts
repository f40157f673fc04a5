/**
 * The configuration of a process: file, then environment variables over it, then the secrets that it points to.
 *
 * Either all of it is right, or everything that is wrong is reported at once, each with its place.
 */
import { dirname } from "node:path"

import { Effect, Result } from "effect"

import type { AgentConfig } from "../AgentConfig.ts"
import { ConfigInvalid, invalid } from "./ConfigInvalid.ts"
import { decodeConfig } from "./decodeConfig.ts"
import { overrideFromEnvironment } from "./environment.ts"
import { locateFiles, locatePaths, readSecrets } from "./namedFiles.ts"
import { readBounded } from "./readBounded.ts"
import type { Origin, SourceTree } from "./SourceTree.ts"
import { readYaml } from "./yamlDocument.ts"

const fileBytesMax = 256 * 1024

/** A right configuration, and where each value of it was written. */
export interface LoadedConfig {
  readonly config: AgentConfig
  /** By `pathKey`; a value without an entry is a default. */
  readonly origins: ReadonlyMap<string, Origin>
}

/** Where to look. */
export interface ConfigSources {
  /** The YAML or JSON file; without one everything comes from the environment. */
  readonly file: string | undefined
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** Reads and checks a configuration. Fails with `ConfigInvalid`. */
export const loadConfig = Effect.fn("loadConfig")(function* ({ environment, file }: ConfigSources) {
  const { problems, tree } = file === undefined ? { tree: emptyTree(), problems: [] } : yield* readFile(file)
  const overrides = overrideFromEnvironment(tree, environment)
  // A file that cannot be read says nothing about its keys: only its own problems help.
  const decoded = problems.length === 0 ? decodeConfig(tree) : Result.fail([])
  if (Result.isFailure(decoded) || overrides.length > 0)
    return yield* invalid([...problems, ...overrides, ...(Result.isFailure(decoded) ? decoded.failure : [])])
  const located = resolvePaths(decoded.success, file === undefined ? "." : dirname(file))
  const config = yield* readSecrets(located, tree.origins)
  return { config, origins: tree.origins } satisfies LoadedConfig
})

/** Checks a configuration that code gives, written as in YAML; defaults are filled in. Fails with `ConfigInvalid`. */
export const configFrom = (
  input: (typeof AgentConfig)["Encoded"]
): Effect.Effect<AgentConfig, ConfigInvalid> =>
  Effect.fromResult(decodeConfig({ ...emptyTree(), value: { ...input } })).pipe(Effect.catch(invalid))

const emptyTree = (): SourceTree => ({ value: {}, keys: new Map(), origins: new Map() })

const readFile = Effect.fnUntraced(function* (file: string) {
  const text = yield* readBounded(file, fileBytesMax).pipe(
    Effect.mapError((detail) => new ConfigInvalid({ problems: [`${file}: ${detail}`] }))
  )
  return readYaml(text, (line, column) => ({ _tag: "File", file, line, column }))
})

/** Paths in a file are relative to its folder, so that it can be checked from anywhere. */
const resolvePaths = (config: AgentConfig, folder: string): AgentConfig =>
  locateFiles({ ...config, node: locatePaths(config.node, ["stateFolder"], folder) }, folder)
