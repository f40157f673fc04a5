/** A fake NATS server on loopback: it speaks as much of the protocol as the client needs, and answers requests as a test says. */
import { createServer, type Socket } from "node:net"
import type { AddressInfo } from "node:net"

import { Effect } from "effect"

/** No answer, ever. */
export const silence = Symbol("silence")

/** What a request is answered with: JSON, JSON later, raw text, or nothing. */
export type FakeReply = object | Promise<object> | string | typeof silence

/** How the fake begins. */
export interface NatsFakeOptions {
  /** Server name. Default `n1`. */
  readonly name?: string
  /** Default 2.15.1. */
  readonly version?: string
  /** The only user; the name `sys` belongs to the system account, all others to `APP`. Default: anybody. */
  readonly users?: Readonly<Record<string, string>>
  /** What it says when somebody connects, instead of its INFO; undefined says nothing. */
  readonly greeting?: { readonly say: ((socket: Socket) => void) | undefined }
}

/** Who a client says it is. */
export interface Credentials {
  readonly user?: string
  readonly pass?: string
  readonly auth_token?: string
  readonly jwt?: string
  readonly sig?: string
}

/** The fake, and the hands that move it. */
export class NatsFake {
  readonly options: NatsFakeOptions
  address = ""
  /** Addresses that it advertises beside its own. */
  advertised: ReadonlyArray<string> = []
  /** Answers by subject; what is not there has no responders. */
  readonly replies = new Map<string, FakeReply | ((payload: string) => FakeReply)>()
  /** Subjects asked for so far. */
  readonly subjects: Array<string> = []
  /** What clients said to be let in, without what never matters. */
  readonly connects: Array<Credentials> = []
  readonly sockets = new Set<Socket>()

  constructor(options: NatsFakeOptions) {
    this.options = options
  }

  asked(subject: string): number {
    return this.subjects.filter((found) => found === subject).length
  }

  serve(socket: Socket): void {
    this.sockets.add(socket)
    socket.on("close", () => this.sockets.delete(socket))
    socket.on("error", () => undefined)
    const { greeting } = this.options
    if (greeting !== undefined) return greeting.say?.(socket)
    socket.write(this.info({}))
    let text = ""
    let sid = ""
    socket.setEncoding("latin1").on("data", (chunk: string) => {
      text += chunk
      for (let end = text.indexOf("\r\n"); end >= 0; end = text.indexOf("\r\n")) {
        const [verb, ...words] = text.slice(0, end).split(" ")
        const bytes = verb === "PUB" ? Number(words.at(-1)) : 0
        const rest = verb === "PUB" ? end + 4 + bytes : end + 2
        if (text.length < rest) return
        const payload = text.slice(end + 2, end + 2 + bytes)
        text = text.slice(rest)
        if (verb === "PING") socket.write("PONG\r\n")
        if (verb === "SUB") sid = words.at(-1) ?? ""
        if (verb === "CONNECT") this.welcome(socket, words.join(" "))
        if (verb === "PUB")
          this.answer(socket, { subject: words[0] ?? "", inbox: words[1] ?? "", sid, payload })
      }
    })
  }

  info(more: object): string {
    const { name = "n1", version = "2.15.1" } = this.options
    const info = {
      server_id: `ID${name}`,
      server_name: name,
      version,
      proto: 1,
      headers: true,
      max_payload: 1_048_576,
      nonce: "bm9uY2U",
      connect_urls: [this.address, ...this.advertised],
      ...more
    }
    return `INFO ${JSON.stringify(info)}\r\n`
  }

  welcome(socket: Socket, json: string): void {
    const credentials = JSON.parse(json) as Credentials
    const { pass, user = "" } = credentials
    this.connects.push(credentials)
    const { users } = this.options
    if (users !== undefined && (users[user] === undefined || users[user] !== pass)) {
      socket.end("-ERR 'Authorization Violation'\r\n")
      return
    }
    socket.write(this.info({ remote_account: user === "sys" ? "SYS" : "APP" }))
    // What follows when a server joins or leaves says nothing about the account.
    socket.write(this.info({}))
  }

  answer(
    socket: Socket,
    request: {
      readonly subject: string
      readonly inbox: string
      readonly sid: string
      readonly payload: string
    }
  ): void {
    const { inbox, payload, sid, subject } = request
    this.subjects.push(subject)
    const found = this.replies.get(subject)
    const reply = typeof found === "function" ? found(payload) : found
    if (reply === silence) return
    if (reply instanceof Promise) {
      void reply.then((late) => send(socket, request, JSON.stringify(late)))
      return
    }
    if (reply === undefined) {
      socket.write(`HMSG ${inbox} ${sid} 16 16\r\nNATS/1.0 503\r\n\r\n\r\n`)
      return
    }
    send(socket, request, typeof reply === "string" ? reply : JSON.stringify(reply))
  }
}

const send = (socket: Socket, to: { readonly inbox: string; readonly sid: string }, text: string): void => {
  socket.write(`MSG ${to.inbox} ${to.sid} ${Buffer.byteLength(text)}\r\n${text}\r\n`)
}

/** Starts a fake on a free port; it ends with the scope. */
export const startNatsFake = (options: NatsFakeOptions = {}) =>
  Effect.acquireRelease(
    Effect.callback<{ readonly fake: NatsFake; readonly close: () => Promise<void> }>((resume) => {
      const fake = new NatsFake(options)
      const server = createServer((socket) => fake.serve(socket))
      const close = () =>
        new Promise<void>((resolve) => {
          server.close(() => resolve())
          for (const socket of fake.sockets) socket.destroy()
        })
      server.listen(0, "127.0.0.1", () => {
        fake.address = `127.0.0.1:${(server.address() as AddressInfo).port}`
        resume(Effect.succeed({ fake, close }))
      })
    }),
    ({ close }) => Effect.promise(close)
  )

/** `cluster` as JetStream shows it: a leader, and replicas that are well but for what is said of them. */
export const clusterOf = (
  leader: string | undefined,
  replicas: Readonly<Record<string, object>>,
  raft_group = "S-R3F-x"
) => ({
  name: "c",
  raft_group,
  ...(leader === undefined ? {} : { leader }),
  replicas: Object.entries(replicas).map(([name, more]) =>
    Object.assign({ name, current: true, active: 1_000_000 }, more)
  )
})
