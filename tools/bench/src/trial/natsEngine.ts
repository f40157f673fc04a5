/** NATS JetStream in a trial: file streams of five and three replicas, and a client that publishes to the first and waits for the acknowledgement. */
import { readFileSync } from "node:fs"

import {
  type EngineNode,
  httpAnswer,
  type NatsCluster,
  pollUntil,
  startNatsCluster
} from "@coterie/tools-engines"
import { connect, type NatsConnection } from "@nats-io/transport-node"
import { Effect, Schema } from "effect"

import { placements } from "./placements.ts"
import type { FirstPlacement, Look, TrialCluster, TrialEngine } from "./TrialEngine.ts"

const Stream = Schema.Struct({
  config: Schema.Struct({ name: Schema.String }),
  cluster: Schema.Struct({
    raft_group: Schema.String,
    leader: Schema.optional(Schema.String),
    replicas: Schema.Array(Schema.Struct({ name: Schema.String }))
  })
})
type Stream = typeof Stream.Type
const Streams = Schema.fromJsonString(
  // A stream whose leader does not answer, or that has none, is missing.
  Schema.Struct({ streams: Schema.Array(Stream), missing: Schema.optional(Schema.Array(Schema.String)) })
)
const Answer = Schema.fromJsonString(
  Schema.Struct({ error: Schema.optional(Schema.Struct({ description: Schema.String })) })
)
const Raft = Schema.fromJsonString(
  Schema.Record(Schema.String, Schema.Record(Schema.String, Schema.Struct({ term: Schema.Int })))
)

/** What the list of streams shows on one page, less one. */
const groupsMax = 255
const mainStream = "TRIAL"
const streamName = (index: number): string => (index === 0 ? mainStream : `G${index}`)

const stepDown = "$JS.API.STREAM.LEADER.STEPDOWN.*"

/** Requests for which an agent has a permission, by the kind that its counter names. */
const requestSubjects: Readonly<Record<string, string>> = {
  StreamList: "$JS.API.STREAM.LIST",
  ConsumerList: "$JS.API.CONSUMER.LIST.*",
  Info: "$JS.API.STREAM.INFO.*",
  StepDown: stepDown,
  Ping: "PING"
}

/** The server refuses, and logs, whatever else an agent might publish. */
const accounts = `
accounts {
  SYS { users: [{ user: sys, password: sys }] }
  APP {
    jetstream: enabled
    users: [
      { user: app, password: app }
      { user: agent, password: agent, permissions: {
        publish: ${JSON.stringify(Object.values(requestSubjects).filter((subject) => subject !== "PING"))}
        subscribe: ["_INBOX.>"]
      } }
    ]
  }
}`

/** The text of the reply; rejects when there is none in time, or at once when nobody listens to the subject. */
const request = async (
  client: NatsConnection,
  subject: string,
  body: string,
  timeout: number
): Promise<string> => (await client.request(subject, body, { timeout })).string()

/** Every stream; rejects while one is missing. */
const list = async (client: NatsConnection): Promise<ReadonlyArray<Stream>> => {
  const { missing = [], streams } = Schema.decodeUnknownSync(Streams)(
    await request(client, "$JS.API.STREAM.LIST", "", 10_000)
  )
  if (missing.length > 0) throw new Error(`no answer from ${missing.length} streams`)
  return streams
}

const look = async (client: NatsConnection, monitor: string, ids: ReadonlyArray<string>): Promise<Look> => {
  // The main stream first.
  const streams = (await list(client)).toSorted(
    (a, b) => Number(b.config.name === mainStream) - Number(a.config.name === mainStream)
  )
  const raft = Schema.decodeUnknownSync(Raft)((await httpAnswer(`${monitor}/raftz?acc=APP`)).body)
  const group = streams[0]?.cluster.raft_group ?? ""
  return {
    leaders: new Map(
      streams.map(({ cluster: { leader }, config }) => [
        config.name,
        leader === undefined || leader === "" ? undefined : ids.indexOf(leader)
      ])
    ),
    term: raft["APP"]?.[group]?.term ?? 0,
    configuration: streams
      .map((stream) => `${stream.config.name} ${replicasOf(stream).join(" ")}`)
      .toSorted()
      .join(", ")
  }
}

const replicasOf = ({ cluster: { leader = "", replicas } }: Stream): ReadonlyArray<string> =>
  [leader, ...replicas.map(({ name }) => name)].filter((name) => name !== "").toSorted()

/** Creates a stream, on all servers or, every second one, on three; again while there is no answer, as a young cluster still elects its leaders. */
const create = (client: NatsConnection, index: number, servers: number): Promise<void> => {
  const name = streamName(index)
  const stream = {
    name,
    subjects: [name.toLowerCase()],
    storage: "file",
    num_replicas: index % 2 === 0 ? servers : 3
  }
  return pollUntil(() => ask(client, `$JS.API.STREAM.CREATE.${name}`, stream).then(nothingMissing), {
    timeoutMillis: 60_000
  })
}

const nothingMissing = (): undefined => undefined

const ask = async (client: NatsConnection, subject: string, body: object): Promise<void> => {
  const { error } = Schema.decodeUnknownSync(Answer)(
    await request(client, subject, JSON.stringify(body), 10_000)
  )
  if (error !== undefined) throw new Error(`${subject}: ${error.description}`)
}

/** Looks in a row, 2 s apart, that must find every stream where it should start: a young cluster holds elections of its own. */
const steadyLooks = 5

/** Puts the first `misplaced` streams of all servers under the one leader, and takes the others from it. */
const place = async (
  client: NatsConnection,
  { leader, misplaced }: FirstPlacement,
  ids: ReadonlyArray<string>
): Promise<void> => {
  const wanted = new Set(Array.from({ length: misplaced }, (_, index) => streamName(2 * index)))
  const target = ids[leader] ?? ""
  let steady = 0
  await pollUntil(
    async () => {
      const wrong = (await list(client)).filter(
        ({ cluster, config }) => (cluster.leader === target) !== wanted.has(config.name)
      )
      await Promise.all(
        wrong.map((stream, index) => {
          const others = replicasOf(stream).filter((id) => id !== target)
          const preferred = wanted.has(stream.config.name) ? target : others[index % others.length]
          return ask(client, `$JS.API.STREAM.LEADER.STEPDOWN.${stream.config.name}`, {
            placement: { preferred }
          })
        })
      )
      steady = wrong.length === 0 ? steady + 1 : 0
      return steady === steadyLooks ? undefined : `${wrong.length} streams are not where they should start`
    },
    { timeoutMillis: 120_000, intervalMillis: 2000 }
  )
}

/** The usual deadline of NATS clients. */
const replyMillis = 5000

/** A lost connection is seen as requests that fail. */
const connectTo = (node: EngineNode | undefined) =>
  Effect.acquireRelease(
    Effect.promise(() =>
      connect({
        servers: `${new URL(node?.url ?? "").hostname}:${node?.ports["client"] ?? 0}`,
        reconnect: false
      })
    ),
    (client) => Effect.promise(() => client.close())
  )

const clusterOf = (
  { monitorUrls, nodes }: NatsCluster,
  clients: ReadonlyArray<NatsConnection>
): TrialCluster => {
  const ids = nodes.map(({ id }) => id)
  const clientAt = (node: number): NatsConnection => {
    const client = clients[node]
    if (client === undefined) throw new RangeError(`no server ${node}`)
    return client
  }
  return {
    nodes,
    ids,
    client: (node) =>
      Effect.map(connectTo(nodes[node]), (client) => ({
        write: async () => (await request(client, "trial", "value", replyMillis)).includes('"seq"'),
        // The last message, which the leader answers.
        read: async () =>
          !(
            await request(
              client,
              `$JS.API.STREAM.MSG.GET.${mainStream}`,
              '{"last_by_subj":"trial"}',
              replyMillis
            )
          ).includes('"error"')
      })),
    look: (node) => look(clientAt(node), monitorUrls[node] ?? "", ids),
    refusals: () =>
      nodes.flatMap(({ logPath }) =>
        [...readFileSync(logPath, "utf8").matchAll(/user:agent.*Violation - Subject "([^"]*)"/g)].map(
          ([, subject]) => `refused ${subject}`
        )
      )
  }
}

/** NATS JetStream with file streams (specification 5.5). */
export const natsEngine: TrialEngine = {
  name: "nats",
  groupsMax,
  backend: { kind: "nats", url: "nats://127.0.0.1:4222", username: "agent", password: "agent" },
  allowedRequests: new Set(Object.values(requestSubjects)),
  transferRequest: stepDown,
  requestName: ({ kind = "" }) => requestSubjects[kind] ?? kind,
  start: (wan, placement) =>
    Effect.gen(function* () {
      const cluster = yield* startNatsCluster({
        placements: placements(wan),
        extraConfiguration: accounts,
        startTimeoutMillis: 120_000
      })
      const clients = yield* Effect.forEach(cluster.nodes, connectTo)
      const trial = clusterOf(cluster, clients)
      const client = clients[placement.leader]
      if (client === undefined) return yield* Effect.die(new RangeError(`no server ${placement.leader}`))
      yield* Effect.forEach(
        Array.from({ length: placement.groups }, (_, index) => index),
        (index) => Effect.promise(() => create(client, index, cluster.nodes.length)),
        { concurrency: 8, discard: true }
      )
      yield* Effect.promise(() => place(client, placement, trial.ids))
      // That a stream has a leader is known before every server knows where to send its messages.
      yield* Effect.promise(() =>
        pollUntil(() => ask(client, "trial", {}).then(nothingMissing), { timeoutMillis: 30_000 })
      )
      return trial
    })
}
