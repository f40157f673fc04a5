/**
 * Finds engine programs: the engine's environment variable, then this workspace's `.cache/bin`, then
 * PATH, then the folders where Debian hides PostgreSQL. Imports only `node:` modules.
 */
import { spawnSync } from "node:child_process"
import { accessSync, constants, readdirSync, realpathSync, statSync } from "node:fs"
import { dirname, join } from "node:path"

import { type EngineName, engines } from "./Engine.ts"

/** What `locate` looks at; the defaults are this process and this workspace. */
export interface LocateWorld {
  /** Environment variables. Default `process.env`. */
  readonly environment?: Readonly<Record<string, string | undefined>>
  /** Folder of programs that the installer built. Default `tools/engines/.cache/bin`. */
  readonly cacheFolder?: string
  /** Folder that holds one folder per PostgreSQL version. Default `/usr/lib/postgresql`. */
  readonly postgresFolder?: string
}

/** The folder into which the installer builds programs, from wherever this file is run (`src` or `dist`). */
export const cacheFolder = join(dirname(import.meta.dirname), ".cache", "bin")

/**
 * The path of the engine's server program, or `undefined` when it is not installed. A set environment
 * variable is final: when it names no executable file the engine counts as missing.
 */
export const locate = (engine: EngineName, world: LocateWorld = {}): string | undefined => {
  const environment = world.environment ?? process.env
  const { binary, variable } = engines[engine]
  const override = environment[variable]
  if (override !== undefined && override !== "") return isExecutable(override) ? override : undefined
  const folders = [
    ...pathFolders(environment),
    world.cacheFolder ?? cacheFolder,
    ...(engine === "postgres" ? postgresFolders(world.postgresFolder ?? "/usr/lib/postgresql") : [])
  ]
  return findIn(folders, binary)
}

/**
 * The path of a program that comes with an engine (`redis-cli`, `initdb`, `psql`), or `undefined`: looked
 * for beside the server program, beside the file its links lead to, and on PATH.
 */
export const locateCompanion = (engine: EngineName, program: string): string | undefined => {
  const server = locate(engine)
  if (server === undefined) return undefined
  return findIn([dirname(server), dirname(realpathSync(server)), ...pathFolders(process.env)], program)
}

/** The path of a system program on PATH or in the administrator's folders, or `undefined`. */
export const locateCommand = (program: string): string | undefined =>
  findIn([...pathFolders(process.env), "/usr/sbin", "/sbin", "/usr/bin", "/bin"], program)

/** The engine's version as its program states it (`8.43.4`), or `undefined` when it is missing or mute. */
export const version = (engine: EngineName): string | undefined => {
  const program = locate(engine)
  if (program === undefined) return undefined
  const answer = spawnSync(program, [engines[engine].versionArgument], { encoding: "utf8", timeout: 10_000 })
  return /\d+\.\d+(?:\.\d+)?/.exec(answer.stdout + answer.stderr)?.[0]
}

const findIn = (folders: ReadonlyArray<string>, program: string): string | undefined =>
  folders.map((folder) => join(folder, program)).find(isExecutable)

const pathFolders = (environment: Readonly<Record<string, string | undefined>>): ReadonlyArray<string> =>
  (environment["PATH"] ?? "").split(":").filter((folder) => folder !== "")

/** Newest version first. */
const postgresFolders = (root: string): ReadonlyArray<string> => {
  try {
    return readdirSync(root)
      .toSorted((left, right) => Number(right) - Number(left))
      .map((name) => join(root, name, "bin"))
  } catch {
    return []
  }
}

const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}
