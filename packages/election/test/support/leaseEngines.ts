/** Real engines as lease stores: how they start, and how a leader writes to them under the guard of its token. */
import { readFileSync } from "node:fs"

import {
  type EngineName,
  type EngineNode,
  type EngineStartError,
  httpAnswer,
  startEtcdCluster,
  startPostgres,
  startRqliteCluster
} from "@coterie/tools-engines"
import { Effect, type Layer, Redacted, type Scope } from "effect"
import { Client } from "pg"

import type { LeaseStore } from "../../src/index.ts"
import { layerEtcd, leaseCompare } from "../../src/store/etcd.ts"
import { layerPostgres, leaseLock } from "../../src/store/postgres.ts"
import { layerRqlite, leaseGuard } from "../../src/store/rqlite.ts"
import { freeze } from "./freeze.ts"

/** A running engine. */
export interface LeaseEngine {
  readonly nodes: ReadonlyArray<EngineNode>
  readonly store: Layer.Layer<LeaseStore>
  /** A leader's write, guarded in the engine; whether it was done. */
  readonly guardedWrite: (name: string, token: number) => Effect.Effect<boolean>
}

/** How to start each engine. */
export const leaseEngines: ReadonlyArray<
  readonly [EngineName, Effect.Effect<LeaseEngine, EngineStartError, Scope.Scope>]
> = [
  ["rqlite", Effect.suspend(() => rqlite)],
  ["etcd", Effect.suspend(() => etcd)],
  ["postgres", Effect.suspend(() => postgres)]
]

/** Where the engine's nodes are, as stores want it. */
export const urlsOf = (nodes: ReadonlyArray<EngineNode>) =>
  nodes.map(({ url }) => url) as [string, ...Array<string>]

/** Stops all processes of the engine in their tracks, children included; what comes back lets them go on. */
export const hangEngine = ({ nodes }: LeaseEngine) =>
  Effect.sync(() => {
    const pids = nodes.flatMap(({ pid }) => (pid === undefined ? [] : [pid, ...childrenOf(pid)]))
    for (const pid of pids) freeze(pid)
    return Effect.sync(() => {
      for (const pid of pids) process.kill(pid, "SIGCONT")
    })
  })

const childrenOf = (pid: number): ReadonlyArray<number> =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number)

/** What engines answer, as far as tests look at it. */
interface Answer {
  readonly succeeded?: boolean
  readonly results?: ReadonlyArray<{ readonly rows_affected?: number }>
}

/** Sends JSON and reads JSON. */
export const post = async (url: string, body: unknown): Promise<Answer> => {
  const answer = await httpAnswer(url, { method: "POST", body: JSON.stringify(body) })
  return JSON.parse(answer.body) as Answer
}

const rqlite = Effect.gen(function* () {
  const { nodes } = yield* startRqliteCluster()
  const [url] = urlsOf(nodes)
  yield* Effect.promise(() => post(`${url}/db/execute`, [["CREATE TABLE written(token INTEGER)"]]))
  const guardedWrite = async (name: string, token: number) => {
    const guard = leaseGuard(name, token)
    const statement = [`INSERT INTO written SELECT ? WHERE ${guard.sql}`, token, ...guard.parameters]
    const { results } = await post(`${url}/db/execute`, [statement])
    return results?.[0]?.rows_affected === 1
  }
  return {
    nodes,
    store: layerRqlite({ urls: urlsOf(nodes) }),
    guardedWrite: (name, token) => Effect.promise(() => guardedWrite(name, token))
  } satisfies LeaseEngine
})

const etcd = Effect.gen(function* () {
  const { nodes } = yield* startEtcdCluster()
  const [url] = urlsOf(nodes)
  const guardedWrite = async (name: string, token: number) => {
    const put = {
      key: Buffer.from("written").toString("base64"),
      value: Buffer.from(`${token}`).toString("base64")
    }
    const { succeeded } = await post(`${url}/v3/kv/txn`, {
      compare: [leaseCompare(name, token)],
      success: [{ request_put: put }]
    })
    return succeeded === true
  }
  return {
    nodes,
    store: layerEtcd({ urls: urlsOf(nodes) }),
    guardedWrite: (name, token) => Effect.promise(() => guardedWrite(name, token))
  } satisfies LeaseEngine
})

const postgres = Effect.gen(function* () {
  const { node, query, url } = yield* startPostgres()
  yield* query("CREATE TABLE written(token BIGINT)")
  const guardedWrite = async (name: string, token: number) => {
    const client = new Client(url)
    await client.connect()
    try {
      await client.query("BEGIN")
      const { parameters, sql } = leaseLock(name, token)
      const isHeld = (await client.query(sql, [...parameters])).rowCount === 1
      if (isHeld) await client.query("INSERT INTO written VALUES($1)", [token])
      await client.query(isHeld ? "COMMIT" : "ROLLBACK")
      return isHeld
    } finally {
      await client.end()
    }
  }
  return {
    nodes: [node],
    store: layerPostgres({ url: Redacted.make(url) }),
    guardedWrite: (name, token) => Effect.promise(() => guardedWrite(name, token))
  } satisfies LeaseEngine
})
