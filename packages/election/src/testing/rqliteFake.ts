/**
 * A protocol fake of rqlite: real HTTP servers on loopback that share one pretended Raft group.
 *
 * For tests of drivers where no rqlited is to be had, and for answers that a real one gives only in bad moments.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"

import { Duration, Effect, FiberSet, Latch, type Scope } from "effect"

import { answerFake } from "./rqliteFakeAnswers.ts"
import {
  electFake,
  type FakeCluster,
  type FakeNode,
  type FakeRequest,
  type FakeTransfer,
  type Misbehaviour,
  type RqliteFakeOptions
} from "./rqliteFakeState.ts"

/** The hands that move a running fake; naming a node that it does not have is a defect. */
export interface RqliteFake {
  /** Origin of a node's HTTP API; stays the same over kill and revive. */
  url(node: string): string
  readonly leadership: Effect.Effect<{ readonly leader: string | undefined; readonly term: number }>
  /** Ends the term; this node leads the next one, or with undefined nobody. */
  elect(leader: string | undefined): Effect.Effect<void>
  /** The node takes connections and answers nothing until revived. */
  hang(node: string): Effect.Effect<void>
  /** The node closes its port and its connections. */
  kill(node: string): Effect.Effect<void>
  /** The node answers again. */
  revive(node: string): Effect.Effect<void>
  /** Opens or closes a node's store. */
  setOpen(node: string, open: boolean): Effect.Effect<void>
  /** Adds what a coming transfer does; used up in order, one each. */
  script(transfer: FakeTransfer): Effect.Effect<void>
  /** Makes every node answer a path like this, until called with undefined. */
  misbehave(path: string, how: Misbehaviour | undefined): Effect.Effect<void>
  /** Requests so far, oldest first; those that a hung node never read included. */
  readonly requests: Effect.Effect<ReadonlyArray<FakeRequest>>
}

/** Starts a fake on free ports; it ends with the scope. */
export const startRqliteFake = (
  options: RqliteFakeOptions = {}
): Effect.Effect<RqliteFake, never, Scope.Scope> =>
  Effect.gen(function* () {
    const cluster = makeCluster(options)
    const requests: Array<FakeRequest> = []
    const run = yield* FiberSet.makeRuntime<never, void>()
    const servers = new Map<string, Server>()
    for (const node of cluster.nodes.values()) {
      const server = yield* Effect.acquireRelease(
        Effect.sync(() =>
          createServer((message, response) => {
            run(serve({ cluster, node, requests }, message, response))
          })
        ),
        close
      )
      node.url = `http://127.0.0.1:${yield* listen(server, 0)}`
      servers.set(node.id, server)
    }
    return makeHands(cluster, servers, requests)
  })

const makeHands = (
  cluster: FakeCluster,
  servers: ReadonlyMap<string, Server>,
  requests: ReadonlyArray<FakeRequest>
): RqliteFake => {
  const nodeOf = (id: string): FakeNode => known(cluster.nodes, id)
  return {
    url: (id) => nodeOf(id).url,
    leadership: Effect.sync(() => ({ leader: cluster.leader, term: cluster.term })),
    elect: (leader) => Effect.sync(() => electFake(cluster, leader)),
    hang: (id) =>
      Effect.suspend(() => {
        nodeOf(id).state = "hung"
        return nodeOf(id).awake.close
      }),
    kill: (id) =>
      Effect.suspend(() => {
        nodeOf(id).state = "dead"
        return close(known(servers, id))
      }),
    revive: (id) =>
      Effect.suspend(() => {
        const node = nodeOf(id)
        const wasDead = node.state === "dead"
        node.state = "up"
        const port = Number(new URL(node.url).port)
        return Effect.andThen(node.awake.open, wasDead ? listen(known(servers, id), port) : Effect.void)
      }),
    setOpen: (id, open) => Effect.sync(() => void (nodeOf(id).open = open)),
    script: (transfer) => Effect.sync(() => void cluster.script.push(transfer)),
    misbehave: (path, how) =>
      Effect.sync(() => {
        if (how === undefined) cluster.misbehaviours.delete(path)
        else cluster.misbehaviours.set(path, how)
      }),
    requests: Effect.sync(() => [...requests])
  }
}

const makeCluster = ({
  electionTimeout = "100 millis",
  legacyNodes = false,
  nonVoters = ["4"],
  user,
  version = "v8.43.4",
  voters = ["1", "2", "3"]
}: RqliteFakeOptions): FakeCluster => {
  return {
    nodes: new Map([
      ...voters.map((id): [string, FakeNode] => [id, makeNode(id, true)]),
      ...nonVoters.map((id): [string, FakeNode] => [id, makeNode(id, false)])
    ]),
    version,
    legacyNodes,
    electionTimeoutMillis: Duration.toMillis(Duration.fromInputUnsafe(electionTimeout)),
    user,
    script: [],
    misbehaviours: new Map(),
    leader: voters[0],
    term: 2
  }
}

const makeNode = (id: string, voter: boolean): FakeNode => ({
  id,
  voter,
  url: "",
  state: "up",
  awake: Latch.makeUnsafe(true),
  open: true
})

const known = <A>(map: ReadonlyMap<string, A>, id: string): A => {
  const value = map.get(id)
  if (value === undefined) throw new Error(`the fake has no node ${id}`)
  return value
}

const listen = (server: Server, port: number): Effect.Effect<number> =>
  Effect.callback<number>((resume) => {
    server.listen(port, "127.0.0.1", () => {
      const address = server.address()
      resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : 0))
    })
  })

const close = (server: Server): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    server.close(() => resume(Effect.void))
    server.closeAllConnections()
  })

interface Serving {
  readonly cluster: FakeCluster
  readonly node: FakeNode
  readonly requests: Array<FakeRequest>
}

const serve = ({ cluster, node, requests }: Serving, message: IncomingMessage, response: ServerResponse) =>
  Effect.gen(function* () {
    const [path = "", query = ""] = (message.url ?? "").split("?")
    const request: FakeRequest = {
      node: node.id,
      method: message.method ?? "",
      path,
      query,
      headers: message.headers,
      body: yield* Effect.orElseSucceed(readBody(message), () => "")
    }
    requests.push(request)
    yield* node.awake.await
    const misbehaviour = cluster.misbehaviours.get(path)
    if (misbehaviour !== undefined) return misbehave(misbehaviour, response)
    const answer = yield* answerFake(cluster, node, request)
    response.writeHead(answer.status, { "content-type": "text/plain; charset=utf-8", ...answer.headers })
    response.end(answer.body)
  })

const readBody = (message: IncomingMessage) =>
  Effect.tryPromise(async () => {
    const parts: Array<string> = []
    for await (const part of message.setEncoding("utf8")) parts.push(String(part))
    return parts.join("")
  })

const misbehave = (how: Misbehaviour, response: ServerResponse): void => {
  switch (how._tag) {
    case "Answers":
      response.writeHead(how.status, how.headers).end(how.body)
      return
    case "Silent":
      return
    case "Stalls":
      response.writeHead(200).write('{"store":')
      return
    case "Floods":
      flood(response.writeHead(200))
      return
    case "Gibberish":
      response.socket?.end("SSH-2.0-gibberish\r\n\r\n")
      return
    case "HangsUp":
      response.socket?.destroy()
      return
  }
}

const flood = (response: ServerResponse): void => {
  const write = () => {
    while (!response.destroyed && response.write(" ".repeat(65_536)));
  }
  response.on("drain", write)
  write()
}
