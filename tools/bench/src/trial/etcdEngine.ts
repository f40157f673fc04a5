/** etcd in a trial: one group, a key that the client overwrites. */
import { type EtcdNode, httpAnswer, pollUntil, startEtcdCluster } from "@coterie/tools-engines"
import { Effect, Schema } from "effect"

import { askHttp } from "./askHttp.ts"
import { placements } from "./placements.ts"
import type { Look, TrialClient, TrialEngine } from "./TrialEngine.ts"

const Status = Schema.fromJsonString(
  // Member ids are beyond what a JSON number holds, so etcd sends text.
  Schema.Struct({ leader: Schema.optional(Schema.String), raftTerm: Schema.String })
)
const Members = Schema.fromJsonString(
  Schema.Struct({
    members: Schema.Array(
      Schema.Struct({
        ID: Schema.String,
        name: Schema.String,
        peerURLs: Schema.Array(Schema.String),
        isLearner: Schema.optional(Schema.Boolean)
      })
    )
  })
)

const post = async (url: string, path: string, body: object): Promise<string> => {
  const answer = await httpAnswer(`${url}${path}`, {
    method: "POST",
    body: JSON.stringify(body),
    timeoutMillis: 5000
  })
  if (answer.status !== 200) throw new Error(`${path} answered ${answer.status} ${answer.body}`)
  return answer.body
}

const membersOf = async (url: string) =>
  Schema.decodeUnknownSync(Members)(await post(url, "/v3/cluster/member/list", { linearizable: false }))
    .members

const look = async (url: string, ids: ReadonlyArray<string>): Promise<Look> => {
  const { leader = "0", raftTerm } = Schema.decodeUnknownSync(Status)(
    await post(url, "/v3/maintenance/status", {})
  )
  const members = await membersOf(url)
  return {
    leaders: new Map([["default", leader === "0" ? undefined : ids.indexOf(leader)]]),
    term: Number(raftTerm),
    configuration: members
      .map(
        ({ ID, isLearner, peerURLs }) =>
          `${ID} ${peerURLs.join(" ")} ${isLearner === true ? "learner" : "voter"}`
      )
      .toSorted()
      .join(", ")
  }
}

/** Lets the node lead; whoever leads now is asked, again and again as elections at the start may interfere. */
const lead = (nodes: ReadonlyArray<EtcdNode>, ids: ReadonlyArray<string>, target: number): Promise<void> =>
  pollUntil(
    async () => {
      const [leader] = (await look(nodes[target]?.url ?? "", ids)).leaders.values()
      if (leader === target) return undefined
      const url = nodes[leader ?? target]?.url ?? ""
      await post(url, "/v3/maintenance/transfer-leadership", { targetID: ids[target] })
      return `n${target + 1} does not lead yet`
    },
    { timeoutMillis: 60_000, intervalMillis: 500 }
  )

const key = btoa("trial")

const clientOf = (url: string): TrialClient => ({
  write: () => askHttp(`${url}/v3/kv/put`, () => true, { key, value: btoa("value") }),
  // Linearizable, which takes the leader and a quorum.
  read: () => askHttp(`${url}/v3/kv/range`, () => true, { key })
})

/** etcd, with the timing for links of 256 ms (specification 5.4); with pre-vote, which newer versions have on, a healed partition deposes nobody. */
export const etcdEngine: TrialEngine = {
  name: "etcd",
  groupsMax: 1,
  backend: { kind: "etcd", url: "http://127.0.0.1:2379" },
  allowedRequests: new Set([
    // Where etcd itself says how far its peers are.
    "GET /metrics",
    "POST /v3/maintenance/status",
    "POST /v3/cluster/member/list",
    "POST /v3/maintenance/transfer-leadership"
  ]),
  transferRequest: "POST /v3/maintenance/transfer-leadership",
  requestName: ({ method, path }) => `${method} ${path}`,
  start: (wan, { leader }) =>
    Effect.gen(function* () {
      const { nodes } = yield* startEtcdCluster({
        heartbeatInterval: "300 millis",
        electionTimeout: "3 seconds",
        extraArguments: ["--pre-vote"],
        placements: placements(wan),
        startTimeoutMillis: 120_000
      })
      const members = yield* Effect.promise(() => membersOf(nodes[0]?.url ?? ""))
      const ids = nodes.map(({ id }) => members.find(({ name }) => name === id)?.ID ?? "")
      yield* Effect.promise(() => lead(nodes, ids, leader))
      return {
        nodes,
        ids,
        client: (node) => Effect.succeed(clientOf(nodes[node]?.url ?? "")),
        look: (node) => look(nodes[node]?.url ?? "", ids),
        refusals: () => []
      }
    })
}
