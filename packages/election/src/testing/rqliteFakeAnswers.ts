/** How a node of the fake answers, silent failures included: rqlite 8.36 to 10.3 as read and, on 8.43.4, measured. */
import { Effect } from "effect"

import { timesNodes } from "../core/rqliteAnswers.ts"
import {
  electFake,
  type FakeCluster,
  type FakeNode,
  type FakeRequest,
  type FakeTransfer,
  versionNumber
} from "./rqliteFakeState.ts"

/** An answer to send. */
export interface FakeAnswer {
  readonly status: number
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
}

/** The answer of a healthy node. */
export const answerFake = (
  cluster: FakeCluster,
  node: FakeNode,
  request: FakeRequest
): Effect.Effect<FakeAnswer> => {
  if (!isAuthorized(cluster, request)) return Effect.succeed({ status: 401, body: "" })
  switch (request.path) {
    case "/status":
      return Effect.succeed(only("GET", request) ?? json(statusOf(cluster, node)))
    case "/nodes":
      return only("GET", request) === undefined ? nodesAnswer(cluster, request) : Effect.succeed(notAllowed)
    case "/readyz":
      return Effect.succeed(node.open ? { status: 200, body: "[+]node ok" } : storeClosed)
    case "/leader":
      return leaderAnswer(cluster, node, request)
    default:
      return Effect.succeed({ status: 404, body: "404 page not found" })
  }
}

const notAllowed: FakeAnswer = { status: 405, body: "" }
const storeClosed: FakeAnswer = { status: 503, body: "[+]node ok\n[+]leader not found\n[+]store not ready" }
const json = (value: unknown): FakeAnswer => ({
  status: 200,
  body: JSON.stringify(value),
  headers: { "content-type": "application/json; charset=utf-8" }
})
const only = (method: string, request: FakeRequest): FakeAnswer | undefined =>
  request.method === method ? undefined : notAllowed

const isAuthorized = ({ user }: FakeCluster, { headers }: FakeRequest): boolean => {
  if (user === undefined) return true
  const token = Buffer.from(`${user.username}:${user.password}`).toString("base64")
  return headers["authorization"] === `Basic ${token}`
}

const raftAddress = (id: string): string => `node-${id}.invalid:4002`

const statusOf = (cluster: FakeCluster, { id, open }: FakeNode) => {
  const { leader } = cluster
  const store = {
    node_id: id,
    addr: raftAddress(id),
    leader: { node_id: leader ?? "", addr: leader === undefined ? "" : raftAddress(leader) },
    ready: leader !== undefined,
    election_timeout: `${cluster.electionTimeoutMillis}ms`,
    nodes: [...cluster.nodes.values()].map((node) => ({
      id: node.id,
      addr: raftAddress(node.id),
      suffrage: node.voter ? "Voter" : "Nonvoter"
    })),
    raft: {
      state: leader === id ? "Leader" : "Follower",
      term: cluster.term,
      // A number on the leader, a Go duration or "never" elsewhere.
      last_contact: leader === id ? 0 : leader === undefined ? "never" : "17.430857ms"
    }
  }
  return { build: { version: cluster.version }, store: open ? store : { open: false } }
}

const nodesAnswer = (cluster: FakeCluster, { query }: FakeRequest): Effect.Effect<FakeAnswer> => {
  const parameters = new URLSearchParams(query)
  const timeout = /^(\d+)(ms|s)$/.exec(parameters.get("timeout") ?? "30s")
  if (timeout === null) return Effect.succeed({ status: 400, body: "timeout is not a valid duration" })
  const patienceMillis = Number(timeout[1]) * (timeout[2] === "s" ? 1000 : 1)
  const nodes = [...cluster.nodes.values()].filter(({ voter }) => voter || parameters.has("nonvoters"))
  const items = nodes.map((node) => nodeItem(cluster, node))
  const isLegacy = cluster.legacyNodes || parameters.get("ver") !== "2"
  const answer = json(
    isLegacy ? Object.fromEntries(items.map(({ id, ...item }) => [id, item])) : { nodes: items }
  )
  const isDelayed = nodes.some(({ state }) => state === "hung")
  return Effect.as(isDelayed ? Effect.sleep(patienceMillis) : Effect.void, answer)
}

const nodeItem = ({ leader, version }: FakeCluster, { id, state, url, voter }: FakeNode) => ({
  id,
  addr: raftAddress(id),
  voter,
  reachable: state === "up",
  leader: leader === id,
  ...(state === "up"
    ? { api_addr: url, version, ...nodeTime(version) }
    : { version: "", error: state === "hung" ? "timeout waiting for node to respond" : "connection refused" })
})

/** Before 10.2.7 the time was taken before the call; later ones are of a node 20 ms away. */
const nodeTime = (version: string) =>
  timesNodes(version) ? { time: 0.02, time_s: "20ms" } : { time: 1.5e-7, time_s: "150ns" }

const leaderAnswer = (
  cluster: FakeCluster,
  node: FakeNode,
  request: FakeRequest
): Effect.Effect<FakeAnswer> => {
  if (versionNumber(cluster) < 8040) return Effect.succeed({ status: 404, body: "404 page not found" })
  const parameters = new URLSearchParams(request.query)
  if (request.method !== "POST") return Effect.succeed(notAllowed)
  if (!node.open) return Effect.succeed({ status: 503, body: "store is not open" })
  const leads = cluster.leader === node.id
  if (!parameters.has("wait")) {
    // Errors are lost, and on a follower nothing happens at all.
    return Effect.as(leads ? stepDown(cluster, request) : Effect.void, { status: 200, body: "" })
  }
  if (cluster.leader === undefined) return Effect.succeed({ status: 503, body: "leader not found" })
  if (!leads && parameters.has("redirect")) {
    const location = `${cluster.nodes.get(cluster.leader)?.url ?? ""}/leader?wait`
    return Effect.succeed({ status: 301, body: "", headers: { location } })
  }
  return stepDown(cluster, request)
}

const failed = (reason: string): FakeAnswer => ({ status: 500, body: `stepdown: ${reason}` })
const done: FakeAnswer = { status: 200, body: "" }

/** Moves leadership as the request says, or as rqlite understands it. */
const stepDown = (cluster: FakeCluster, request: FakeRequest): Effect.Effect<FakeAnswer> =>
  Effect.gen(function* () {
    const target = targetOf(cluster, request)
    if (target === undefined) return { status: 400, body: "invalid JSON: unexpected end of JSON input" }
    const scripted = cluster.script.shift()
    if (scripted?._tag === "InProgress") {
      return scripted.status === 500
        ? failed("leadership transfer in progress")
        : json({ error: "leadership transfer in progress" })
    }
    if (target === cluster.leader) return failed("cannot step down to the current Leader")
    const node = cluster.nodes.get(target)
    if (node === undefined) return failed("node not found in cluster")
    if (!node.voter) {
      // Accepted, two terms wasted, nothing moved.
      cluster.term += 2
      return done
    }
    if (node.state !== "up") {
      yield* Effect.sleep(cluster.electionTimeoutMillis)
      return failed("leadership transfer timeout")
    }
    return yield* endTerm(cluster, target, scripted)
  })

const endTerm = (cluster: FakeCluster, target: string, scripted: FakeTransfer | undefined) => {
  if (scripted?._tag === "Unchanged") cluster.term += 2
  else if (scripted?._tag === "Leaderless") electFake(cluster, undefined)
  else electFake(cluster, scripted?._tag === "Elsewhere" ? scripted.leader : target)
  if (scripted?._tag === "MovesSilently") return Effect.never
  return Effect.succeed(scripted?._tag === "MovesLate" ? failed("leadership transfer timeout") : done)
}

/** The id that rqlite reads, or the voter that it picks when it reads none; undefined for a body that is no JSON. */
const targetOf = (cluster: FakeCluster, { body, headers }: FakeRequest): string | undefined => {
  const isRead =
    headers["content-type"] === "application/json" &&
    Number(headers["content-length"] ?? 0) > 0 &&
    versionNumber(cluster) >= 8041
  const anyVoter = [...cluster.nodes.values()].findLast(({ id, voter }) => voter && id !== cluster.leader)?.id
  if (!isRead) return anyVoter
  try {
    const parsed: unknown = JSON.parse(body)
    return typeof parsed === "object" && parsed !== null && "id" in parsed ? String(parsed.id) : anyVoter
  } catch {
    return undefined
  }
}
