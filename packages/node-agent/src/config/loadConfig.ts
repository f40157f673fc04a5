/**
 * The configuration of a process: file, then environment variables over it, then the secrets that it points to.
 *
 * Either all of it is right, or everything that is wrong is reported at once, each with its place.
 */
import { dirname, resolve } from "node:path"

import { Effect, FileSystem, Redacted, Result, Schema } from "effect"

import type { AgentConfig } from "../AgentConfig.ts"
import { decodeConfig } from "./decodeConfig.ts"
import { overrideFromEnvironment } from "./environment.ts"
import {
  type ConfigProblem,
  formatProblem,
  originOf,
  type Origin,
  pathKey,
  type SourceTree
} from "./SourceTree.ts"
import { readYaml } from "./yamlDocument.ts"

const fileBytesMax = 256 * 1024
const secretBytesMax = 64 * 1024

/** The configuration is wrong; `problems` has one line for each thing to change. */
export class ConfigInvalid extends Schema.TaggedError<ConfigInvalid>()("ConfigInvalid", {
  problems: Schema.Array(Schema.String)
}) {
  override get message(): string {
    return this.problems.join("\n")
  }
}

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

const invalid = (problems: ReadonlyArray<ConfigProblem>) =>
  Effect.fail(new ConfigInvalid({ problems: problems.map(formatProblem) }))

const readFile = Effect.fnUntraced(function* (file: string) {
  const text = yield* readBounded(file, fileBytesMax).pipe(
    Effect.mapError((detail) => new ConfigInvalid({ problems: [`${file}: ${detail}`] }))
  )
  return readYaml(text, (line, column) => ({ _tag: "File", file, line, column }))
})

/** The text of a file, or in one clause why there is none. */
const readBounded = Effect.fnUntraced(
  function* (file: string, bytesMax: number) {
    const files = yield* FileSystem.FileSystem
    const { size, type } = yield* files.stat(file)
    // A device or a pipe may have no end.
    if (type !== "File")
      return yield* Effect.fail(`is a ${type === "Directory" ? "folder" : type}, not a regular file`)
    const bytes = size > bytesMax ? undefined : yield* files.readFile(file)
    if (bytes === undefined || bytes.length > bytesMax)
      return yield* Effect.fail(`is larger than ${bytesMax / 1024} KiB`)
    return yield* Effect.try({
      try: () => new TextDecoder("utf-8", { fatal: true }).decode(bytes),
      catch: () => "is not UTF-8 text"
    })
  },
  Effect.mapError((error) =>
    typeof error === "string"
      ? error
      : `cannot be read: ${readFailure[error.reason._tag] ?? error.reason._tag}`
  )
)

const readFailure: Readonly<Record<string, string>> = {
  NotFound: "there is no such file",
  PermissionDenied: "this user may not read it"
}

/** Paths in a file are relative to its folder, so that it can be checked from anywhere. */
const resolvePaths = (config: AgentConfig, folder: string): AgentConfig => {
  const backend = located(config.backend, ["dataFolder", "password_file"], folder)
  const { tls } = backend
  return {
    ...config,
    backend: tls === undefined ? backend : { ...backend, tls: located(tls, ["ca", "cert", "key"], folder) }
  }
}

const located = <Section extends object>(
  section: Section,
  keys: ReadonlyArray<keyof Section>,
  folder: string
): Section => {
  const paths = keys.flatMap((key) => {
    const path = section[key]
    return typeof path === "string" ? [[key, resolve(folder, path)] as const] : []
  })
  return { ...section, ...Object.fromEntries(paths) }
}

const readSecrets = Effect.fnUntraced(function* (config: AgentConfig, origins: ReadonlyMap<string, Origin>) {
  const { backend } = config
  yield* refuseSharedSecret(origins.get(pathKey(["backend", "password"])))
  if (backend.password_file === undefined) return config
  const path = ["backend", "password_file"]
  const text = yield* readBounded(backend.password_file, secretBytesMax).pipe(
    Effect.catch((detail) =>
      invalid([{ origin: originOf(origins, path), path, message: `${backend.password_file} ${detail}` }])
    )
  )
  return { ...config, backend: { ...backend, password: Redacted.make(text.replace(/\r?\n$/, "")) } }
})

/** A password written in the configuration itself is refused when other users of the machine can read the file. */
const refuseSharedSecret = Effect.fnUntraced(function* (origin: Origin | undefined) {
  if (origin?._tag !== "File") return
  const files = yield* FileSystem.FileSystem
  const { mode } = yield* files.stat(origin.file).pipe(Effect.orDie)
  if ((mode & 0o077) === 0) return
  const message = "is in a file that other users may read; use password_file, or chmod 600 this one"
  return yield* invalid([{ origin, path: ["backend", "password"], message }])
})
