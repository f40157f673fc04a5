/** The files that configuration keys name: where they are, and the secrets in them. */
import { resolve } from "node:path"

import { Effect, FileSystem, Redacted } from "effect"

import type { AgentConfig } from "../AgentConfig.ts"
import type { Engine, Login } from "./backendSchema.ts"
import { invalid } from "./ConfigInvalid.ts"
import { isShortProbeKey, shortProbeKey } from "./probeKey.ts"
import { readBounded } from "./readBounded.ts"
import { originOf, type Origin, type Path, pathKey } from "./SourceTree.ts"
import { isSwimKey, noSwimKey, swimKeysMax } from "./swimKey.ts"

const secretBytesMax = 64 * 1024

/** The section with its paths as seen from the folder. */
export const locatePaths = <Section extends object>(
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

/** The configuration with these paths as seen from the folder. */
export const locateFiles = (config: AgentConfig, folder: string): AgentConfig => ({
  ...config,
  membership: locatePaths(config.membership, ["keys_file"], folder),
  locality: locatePaths(config.locality, ["probeKey_file"], folder),
  backend: locateEngine(config.backend, folder),
  backends: config.backends.map((engine) => locateEngine(engine, folder))
})

const loginFiles = ["password_file", "token_file", "credentials_file"] as const

const locateEngine = <E extends Engine>(engine: E, folder: string): E => {
  const { system, tls } = engine
  return {
    ...locatePaths<Engine & E>(engine, ["dataFolder", ...loginFiles], folder),
    ...(system === undefined ? {} : { system: locatePaths(system, loginFiles, folder) }),
    ...(tls === undefined ? {} : { tls: locatePaths(tls, ["ca", "cert", "key"], folder) })
  }
}

type Origins = ReadonlyMap<string, Origin>

/** The configuration with the passwords and tokens that its files hold. Fails with `ConfigInvalid`. */
export const readSecrets = Effect.fnUntraced(function* (config: AgentConfig, origins: Origins) {
  const backends = yield* Effect.forEach(config.backends, (engine, index) =>
    readEngine(engine, ["backends", index], origins)
  )
  return {
    ...config,
    membership: yield* readSwimKeys(config.membership, origins),
    locality: yield* readProbeKey(config.locality, origins),
    backend: yield* readEngine(config.backend, ["backend"], origins),
    backends
  } satisfies AgentConfig
})

const readSwimKeys = Effect.fnUntraced(function* (membership: AgentConfig["membership"], origins: Origins) {
  yield* refuseSharedSecret(["membership", "keys"], origins)
  const file = membership.keys_file
  if (file === undefined) return membership
  const path = ["membership", "keys_file"]
  const refuse = (detail: string) =>
    invalid([{ origin: originOf(origins, path), path, message: `${file} ${detail}` }])
  const lines = Redacted.value(yield* readSecret(file, path, origins)).split(/\r?\n/)
  const keys = lines.flatMap((line, index) =>
    line === "" ? [] : [{ key: Redacted.make(line), line: index + 1 }]
  )
  if (keys.length === 0 || keys.length > swimKeysMax)
    return yield* refuse(`holds ${keys.length} keys; it needs 1 to ${swimKeysMax}, a line each`)
  const wrong = keys.find(({ key }) => !isSwimKey(key))
  if (wrong !== undefined) return yield* refuse(`line ${wrong.line} ${noSwimKey}`)
  return { ...membership, keys: keys.map(({ key }) => key) }
})

const readProbeKey = Effect.fnUntraced(function* (locality: AgentConfig["locality"], origins: Origins) {
  yield* refuseSharedSecret(["locality", "probeKey"], origins)
  const file = locality.probeKey_file
  if (file === undefined) return locality
  const path = ["locality", "probeKey_file"]
  const probeKey = yield* readSecret(file, path, origins)
  if (!isShortProbeKey(probeKey)) return { ...locality, probeKey }
  return yield* invalid([{ origin: originOf(origins, path), path, message: `${file} ${shortProbeKey}` }])
})

const readEngine = Effect.fnUntraced(function* <E extends Engine>(engine: E, path: Path, origins: Origins) {
  const { system } = engine
  return {
    ...engine,
    ...(yield* readLogin(engine, path, origins)),
    ...(system === undefined
      ? {}
      : { system: { ...system, ...(yield* readLogin(system, [...path, "system"], origins)) } })
  }
})

/** The secrets that are in files. */
const readLogin = Effect.fnUntraced(function* (login: Login, path: Path, origins: Origins) {
  const secrets: { password?: Redacted.Redacted; token?: Redacted.Redacted } = {}
  for (const key of ["password", "token"] as const) {
    yield* refuseSharedSecret([...path, key], origins)
    const file = login[`${key}_file`]
    if (file !== undefined) secrets[key] = yield* readSecret(file, [...path, `${key}_file`], origins)
  }
  return secrets
})

const readSecret = (file: string, path: Path, origins: Origins) =>
  readBounded(file, secretBytesMax).pipe(
    Effect.map((text) => Redacted.make(text.replace(/\r?\n$/, ""))),
    Effect.catch((detail) =>
      invalid([{ origin: originOf(origins, path), path, message: `${file} ${detail}` }])
    )
  )

/** A secret written in the configuration itself is refused when other users of the machine can read the file. */
const refuseSharedSecret = Effect.fnUntraced(function* (path: Path, origins: Origins) {
  const origin = origins.get(pathKey(path))
  if (origin?._tag !== "File") return
  const files = yield* FileSystem.FileSystem
  const { mode } = yield* files
    .stat(origin.file)
    .pipe(
      Effect.catch(({ message }) =>
        invalid([{ origin, path, message: `is in a file that cannot be looked at again: ${message}` }])
      )
    )
  if ((mode & 0o077) === 0) return
  const message = `is in a file that other users may read; use ${String(path.at(-1))}_file, or chmod 600 this one`
  return yield* invalid([{ origin, path, message }])
})
