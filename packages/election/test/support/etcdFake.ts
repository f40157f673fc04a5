/** A protocol fake of etcd's JSON gateway: one HTTP server on loopback per member, sharing one pretended Raft group. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import { createServer as createTlsServer } from "node:https"
import type { AddressInfo } from "node:net"

import { Effect } from "effect"

import type { Misbehaviour } from "../../src/testing/index.ts"
import { misbehave } from "./misbehave.ts"
import { present } from "./present.ts"

/** How the fake begins. */
export interface EtcdFakeOptions {
  /** Which release's error bodies and HTTP statuses to play. Default "3.5". */
  readonly release?: "3.4" | "3.5"
  /** The only user. Default: authentication is off. */
  readonly user?: { readonly username: string; readonly password: string }
  /** Serve https with this key and certificate, to clients that have a certificate from the same authority. Default plain http. */
  readonly tls?: { readonly key: string; readonly certificate: string }
}

/** A request that reached the fake. */
export interface EtcdFakeRequest {
  readonly node: string
  readonly method: string
  readonly path: string
  readonly token: string | undefined
  readonly body: string
}

interface Member {
  url: string
  state: "up" | "hung" | "dead"
  readonly waiting: Array<() => void>
}

interface Answer {
  readonly status: number
  readonly body: unknown
}

/** Ids that a JavaScript number would round, the last one's member learns. */
export const voters = ["10501334649042878790", "10501334649042878791", "10501334649042878792"] as const
/** The member without a vote. */
export const learner = "10501334649042878793"

/** The fake, and the hands that move it. */
class EtcdFake {
  readonly requests: Array<EtcdFakeRequest> = []
  readonly misbehaviours = new Map<string, Misbehaviour>()
  readonly members = new Map<string, Member>()
  /** Tokens that are good as of now. */
  readonly tokens = new Set<string>()
  /** Further members that were added and did not start. */
  readonly unstarted: Array<string> = []
  /** What each member advertises instead of its URL. */
  readonly advertised = new Map<string, ReadonlyArray<string>>()
  /** Text of `/metrics` by member. */
  readonly metrics = new Map<string, string>()
  /** What a transfer does instead of moving leadership to its target. */
  transfers: "obey" | "hang" | "ignore" | { readonly moveTo: string } = "obey"
  leader: string | undefined = voters[0]
  term = 2
  authEnabled: boolean
  readonly options: EtcdFakeOptions

  constructor(options: EtcdFakeOptions) {
    this.options = options
    this.authEnabled = options.user !== undefined
    for (const id of [...voters, learner]) this.members.set(id, { url: "", state: "up", waiting: [] })
  }

  url(id: string): string {
    return present(this.members.get(id)).url
  }

  elect(leader: string | undefined): void {
    this.leader = leader
    this.term += 1
  }

  hang(id: string): void {
    present(this.members.get(id)).state = "hung"
  }

  wake(id: string): void {
    const member = present(this.members.get(id))
    member.state = "up"
    for (const go of member.waiting.splice(0)) go()
  }

  /** Paths asked for so far, without those of authentication. */
  asked(path: string): ReadonlyArray<EtcdFakeRequest> {
    return this.requests.filter((request) => request.path === path)
  }

  async serve(id: string, message: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await textOf(message)
    const path = message.url ?? ""
    const token = message.headers.authorization
    this.requests.push({ node: id, method: message.method ?? "", path, token, body })
    const member = present(this.members.get(id))
    if (member.state === "hung") await new Promise<void>((resolve) => member.waiting.push(resolve))
    const how = this.misbehaviours.get(path)
    if (how !== undefined) return misbehave(how, response)
    const answer = this.answer(id, path, { token, body })
    if (answer === undefined) return
    const text = typeof answer.body === "string" ? answer.body : JSON.stringify(answer.body)
    response.writeHead(answer.status, { "content-type": "application/json" }).end(text)
  }

  /** Undefined: never. */
  answer(id: string, path: string, request: { token: string | undefined; body: string }): Answer | undefined {
    const header = { cluster_id: "7590880584671788441", member_id: id, raft_term: String(this.term) }
    if (path === "/metrics") return { status: 200, body: this.metrics.get(id) ?? "" }
    if (path === "/v3/auth/authenticate") return this.authenticate(request.body, header)
    if (this.authEnabled && request.token === undefined)
      return this.error(3, "etcdserver: user name is empty")
    if (this.authEnabled && !this.tokens.has(request.token ?? "")) {
      return this.error(16, "etcdserver: invalid auth token")
    }
    if (path === "/v3/maintenance/status") {
      const leader = this.leader === undefined ? {} : { leader: this.leader }
      const learns = id === learner ? { isLearner: true } : {}
      return ok({ header, version: "3.5.16", ...leader, raftTerm: String(this.term), ...learns })
    }
    if (path === "/v3/cluster/member/list") return ok({ header, members: this.memberList() })
    if (path === "/v3/maintenance/transfer-leadership") return this.transfer(id, request.body)
    return { status: 404, body: "Not Found\n" }
  }

  memberList(): ReadonlyArray<object> {
    const started = [...this.members].map(([ID, { url }], index) => {
      const clientURLs = this.advertised.get(ID) ?? [url]
      const member = {
        ID,
        name: `n${index + 1}`,
        peerURLs: [`http://n${index + 1}.invalid:2380`],
        clientURLs
      }
      return ID === learner ? Object.assign(member, { isLearner: true }) : member
    })
    return [...started, ...this.unstarted.map((ID) => ({ ID, peerURLs: ["http://new.invalid:2380"] }))]
  }

  authenticate(body: string, header: object): Answer {
    if (!this.authEnabled) return this.error(9, "etcdserver: authentication is not enabled")
    const { name, password } = JSON.parse(body) as { name: string; password: string }
    const { user } = this.options
    if (name !== user?.username || password !== user.password) {
      return this.error(3, "etcdserver: authentication failed, invalid user ID or password")
    }
    const token = `token.${this.requests.length}`
    this.tokens.add(token)
    return ok({ header, token })
  }

  transfer(id: string, body: string): Answer | undefined {
    const { targetID } = JSON.parse(body) as { targetID: string }
    if (id !== this.leader) return this.error(9, "etcdserver: not leader")
    if (!voters.some((voter) => voter === targetID)) return this.error(9, "etcdserver: bad leader transferee")
    if (this.transfers === "hang") return undefined
    if (this.transfers === "obey") this.elect(targetID)
    else if (this.transfers !== "ignore") this.elect(this.transfers.moveTo)
    return ok({})
  }

  /** 3.4 has a field more, and HTTP statuses of its own. */
  error(code: number, message: string): Answer {
    return this.options.release === "3.4"
      ? { status: code === 9 ? 412 : 400, body: { error: message, message, code } }
      : { status: 400, body: { code, message } }
  }
}

const ok = (body: object): Answer => ({ status: 200, body })

const textOf = async (message: IncomingMessage): Promise<string> => {
  const parts: Array<string> = []
  for await (const part of message.setEncoding("utf8")) parts.push(String(part))
  return parts.join("")
}

/** Starts a fake of three voters and a learner on free ports; it ends with the scope. */
export const startEtcdFake = Effect.fnUntraced(function* (options: EtcdFakeOptions = {}) {
  const fake = new EtcdFake(options)
  const { tls } = options
  const makeServer = (id: string) => {
    const serve = (message: IncomingMessage, response: ServerResponse) => {
      fake.serve(id, message, response).catch(() => response.destroy())
    }
    if (tls === undefined) return createServer(serve)
    const { certificate, key } = tls
    return createTlsServer({ cert: certificate, key, ca: certificate, requestCert: true }, serve)
  }
  const servers = new Map([...fake.members.keys()].map((id) => [id, makeServer(id)]))
  const listen = (id: string, port: number) =>
    Effect.callback<void>((resume) => {
      const server = present(servers.get(id))
      server.listen(port, "127.0.0.1", () => {
        present(fake.members.get(id)).url =
          `${tls === undefined ? "http" : "https"}://127.0.0.1:${(server.address() as AddressInfo).port}`
        resume(Effect.void)
      })
    })
  const close = (id: string) =>
    Effect.callback<void>((resume) => {
      const server = present(servers.get(id))
      server.close(() => resume(Effect.void))
      server.closeAllConnections()
    })
  for (const id of servers.keys()) yield* Effect.acquireRelease(listen(id, 0), () => close(id))
  return {
    fake,
    kill: (id: string) =>
      Effect.andThen(
        Effect.sync(() => (present(fake.members.get(id)).state = "dead")),
        close(id)
      ),
    revive: (id: string) =>
      Effect.suspend(() => {
        const { state, url } = present(fake.members.get(id))
        fake.wake(id)
        return state === "dead" ? listen(id, Number(new URL(url).port)) : Effect.void
      })
  }
})
