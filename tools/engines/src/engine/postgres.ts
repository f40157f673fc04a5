/** Starts a single PostgreSQL server. */
import { execFile, execFileSync } from "node:child_process"
import { chownSync, mkdirSync } from "node:fs"
import { join } from "node:path"
import { promisify } from "node:util"

import { Effect, type Scope } from "effect"

import { EngineMissing, type EngineStartError } from "../EngineError.ts"
import type { EngineNode } from "../EngineNode.ts"
import { freePorts } from "../freePorts.ts"
import { type LaunchContext, launchCluster, type LaunchOptions, type NodePlan } from "../launchCluster.ts"
import { locateCommand, locateCompanion } from "../locate.ts"

const run = promisify(execFile)

/** Options of a server. */
export interface PostgresOptions extends LaunchOptions {
  /** Further arguments for the server, such as `-c max_connections=20`. */
  readonly extraArguments?: ReadonlyArray<string>
}

/** A running PostgreSQL server; port `client`. Everybody on loopback is trusted. */
export interface Postgres {
  readonly node: EngineNode
  /** `postgres://coterie@127.0.0.1:<port>/postgres`; the user is a superuser. */
  readonly url: string
  /** Runs SQL with `psql`, answers rows as text (columns joined by `|`); a failure is a defect. */
  readonly query: (sql: string) => Effect.Effect<string>
  /** Folder of logs and data. */
  readonly directory: string
}

/**
 * Starts a server with a fresh, not crash-safe (`fsync` off) data folder and waits until it accepts
 * connections. Under root it runs as `postgres`, or as `nobody` where there is no such user, since it
 * refuses to run as root. Ends with the scope.
 */
export const startPostgres = (
  options: PostgresOptions = {}
): Effect.Effect<Postgres, EngineStartError, Scope.Scope> =>
  Effect.gen(function* () {
    const programs: Programs = {
      initdb: yield* companion("initdb"),
      pgIsReady: yield* companion("pg_isready"),
      psql: yield* companion("psql")
    }
    const launched = yield* launchCluster("postgres", options, async (context) => ({
      nodes: [await serverPlan(context, programs, options)]
    }))
    const [first] = launched.nodes
    if (first === undefined) return yield* Effect.die("the plan has one node")
    const { node } = first
    return {
      node,
      url: node.url,
      directory: launched.directory,
      query: (sql) => Effect.promise(() => query(programs.psql, node.url, sql))
    } satisfies Postgres
  })

interface Programs {
  readonly initdb: string
  readonly pgIsReady: string
  readonly psql: string
}

const serverPlan = async (
  { directory, program }: LaunchContext,
  { initdb, pgIsReady }: Programs,
  options: PostgresOptions
): Promise<NodePlan> => {
  const [port = 0] = await freePorts(1)
  const user = unprivilegedUser()
  const data = join(directory, "data", "n1")
  mkdirSync(data, { mode: 0o700 })
  if (user !== undefined) chownSync(data, user.uid, user.gid)
  const flags = ["--username=coterie", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync"]
  await runAs(user, [initdb, `--pgdata=${data}`, ...flags])
  return {
    id: "n1",
    url: `postgres://coterie@127.0.0.1:${port}/postgres`,
    ports: { client: port },
    process: {
      command: [
        program,
        `-D${data}`,
        "--listen_addresses=127.0.0.1",
        `--port=${port}`,
        `--unix_socket_directories=${data}`,
        "--fsync=off",
        ...(options.extraArguments ?? [])
      ],
      directory: data,
      // Fast shutdown; SIGTERM would wait for the clients to leave.
      stopSignal: "SIGINT",
      ...(user === undefined ? {} : { user })
    },
    ready: async () => {
      await run(pgIsReady, ["--host=127.0.0.1", `--port=${port}`, "--username=coterie", "--dbname=postgres"])
      return undefined
    }
  }
}

const query = async (psql: string, url: string, sql: string): Promise<string> => {
  const flags = ["--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1"]
  const { stdout } = await run(psql, [...flags, `--dbname=${url}`, `--command=${sql}`])
  return stdout.trimEnd()
}

const companion = (program: string): Effect.Effect<string, EngineMissing> => {
  const path = locateCompanion("postgres", program)
  return path === undefined
    ? Effect.fail(new EngineMissing({ engine: "postgres", binary: program, variable: "POSTGRES" }))
    : Effect.succeed(path)
}

type User = { readonly uid: number; readonly gid: number }

/** Whom to run as; `undefined` when this process is not root and runs the server itself. */
const unprivilegedUser = (): User | undefined => {
  if (process.getuid?.() !== 0) return undefined
  const [uid, gid] = ["postgres", "nobody"].flatMap(userIds)
  return uid === undefined || gid === undefined ? undefined : { uid, gid }
}

const userIds = (name: string): ReadonlyArray<number> => {
  try {
    return ["-u", "-g"].map((flag) =>
      Number(execFileSync("id", [flag, name], { stdio: ["ignore", "pipe", "ignore"] }))
    )
  } catch {
    return []
  }
}

const runAs = async (user: User | undefined, command: ReadonlyArray<string>): Promise<void> => {
  const become =
    user === undefined
      ? []
      : [
          locateCommand("setpriv") ?? "setpriv",
          `--reuid=${user.uid}`,
          `--regid=${user.gid}`,
          "--clear-groups",
          "--"
        ]
  const [program = "", ...args] = [...become, ...command]
  await run(program, args, { cwd: "/" })
}
