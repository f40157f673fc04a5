/** rqlite in a trial: one group, a table that the client fills. */
import { httpAnswer, startRqliteCluster } from "@coterie/tools-engines"
import { Effect, Schema } from "effect"

import { askHttp } from "./askHttp.ts"
import { placements } from "./placements.ts"
import type { Look, TrialClient, TrialEngine } from "./TrialEngine.ts"

const Status = Schema.fromJsonString(
  Schema.Struct({
    store: Schema.Struct({
      leader: Schema.Struct({ node_id: Schema.String }),
      raft: Schema.Struct({ term: Schema.Int }),
      nodes: Schema.Array(Schema.Struct({ id: Schema.String, suffrage: Schema.String }))
    })
  })
)

const look = async (url: string, ids: ReadonlyArray<string>): Promise<Look> => {
  const { body } = await httpAnswer(`${url}/status`)
  const { store } = Schema.decodeUnknownSync(Status)(body)
  const leader = ids.indexOf(store.leader.node_id)
  return {
    leaders: new Map([["default", leader === -1 ? undefined : leader]]),
    term: store.raft.term,
    configuration: store.nodes.map(({ id, suffrage }) => `${id} ${suffrage}`).join(", ")
  }
}

/** rqlite reports a failed statement inside a 200. */
const succeeded = (body: string): boolean => !body.includes('"error"')

const execute = (url: string, statement: string): Promise<boolean> =>
  askHttp(`${url}/db/execute`, succeeded, [statement])

const clientOf = (url: string): TrialClient => ({
  write: () => execute(url, "INSERT INTO trial(at) VALUES(CURRENT_TIMESTAMP)"),
  // Weak, which the leader answers.
  read: () =>
    askHttp(`${url}/db/query?level=weak&q=${encodeURIComponent("SELECT COUNT(*) FROM trial")}`, succeeded)
})

/** rqlite, with the timing for links of 256 ms (specification 5.3). */
export const rqliteEngine: TrialEngine = {
  name: "rqlite",
  groupsMax: 1,
  backend: { kind: "rqlite", url: "http://127.0.0.1:4001" },
  allowedRequests: new Set(["GET /status", "GET /nodes", "GET /readyz", "GET /leader", "POST /leader"]),
  transferRequest: "POST /leader",
  requestName: ({ method, path }) => `${method} ${path}`,
  start: (wan, { leader }) =>
    Effect.gen(function* () {
      const { nodes } = yield* startRqliteCluster({
        raftTimeout: "2 seconds",
        raftElectionTimeout: "5 seconds",
        firstLeader: leader,
        placements: placements(wan, ({ address }) => `${address}:4002`),
        startTimeoutMillis: 120_000
      })
      const ids = nodes.map(({ id }) => id)
      const urlOf = (node: number) => nodes[node]?.url ?? ""
      yield* Effect.promise(() =>
        execute(urlOf(leader), "CREATE TABLE trial (id INTEGER PRIMARY KEY, at TEXT)")
      )
      return {
        nodes,
        ids,
        client: (node) => Effect.succeed(clientOf(urlOf(node))),
        look: (node) => look(urlOf(node), ids),
        refusals: () => []
      }
    })
}
