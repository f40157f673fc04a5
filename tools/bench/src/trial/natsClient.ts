/** The few words of the NATS protocol that a trial's client needs: requests and their replies over one connection. */
import { connect, type Socket } from "node:net"

/** A connection to one server. */
export interface NatsClient {
  /** The reply's text; rejects when there is none in time, or at once when nobody listens to the subject. */
  request(subject: string, payload: string, timeoutMillis: number): Promise<string>
  close(): void
}

/** Connects. Rejects when the server does not take it. */
export const connectNats = (host: string, port: number): Promise<NatsClient> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true })
    const client = new Connection(socket)
    socket.once("error", reject)
    socket.once("connect", () => {
      socket.off("error", reject)
      resolve(client)
    })
  })

interface Waiting {
  readonly resolve: (text: string) => void
  readonly reject: (cause: Error) => void
  readonly timer: NodeJS.Timeout
}

const inbox = "_INBOX.trial"

class Connection implements NatsClient {
  readonly #socket: Socket
  readonly #waiting = new Map<string, Waiting>()
  #received = Buffer.alloc(0)
  #asked = 0

  constructor(socket: Socket) {
    this.#socket = socket
    socket.on("data", (chunk: Buffer) => this.#receive(chunk))
    // A lost connection is seen as requests that fail.
    socket.on("error", () => {})
    socket.on("close", () => {
      for (const id of this.#waiting.keys()) this.#settle(id, new Error("the connection was lost"))
    })
    socket.write('CONNECT {"verbose":false,"headers":true,"no_responders":true}\r\n')
    socket.write(`SUB ${inbox}.* 1\r\n`)
  }

  request(subject: string, payload: string, timeoutMillis: number): Promise<string> {
    this.#asked++
    const id = String(this.#asked)
    return new Promise((resolve, reject) => {
      if (this.#socket.destroyed) return reject(new Error("the connection was lost"))
      const timer = setTimeout(() => this.#settle(id, new Error(`no reply on ${subject}`)), timeoutMillis)
      this.#waiting.set(id, { resolve, reject, timer })
      this.#socket.write(`PUB ${subject} ${inbox}.${id} ${Buffer.byteLength(payload)}\r\n${payload}\r\n`)
    })
  }

  close(): void {
    this.#socket.destroy()
  }

  #settle(id: string, result: string | Error): void {
    const waiting = this.#waiting.get(id)
    if (waiting === undefined) return
    this.#waiting.delete(id)
    clearTimeout(waiting.timer)
    if (typeof result === "string") waiting.resolve(result)
    else waiting.reject(result)
  }

  #receive(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk])
    for (;;) {
      const end = this.#received.indexOf("\r\n")
      if (end === -1) return
      const [verb, subject = "", ...words] = this.#received.toString("latin1", 0, end).split(" ")
      const size = verb === "MSG" || verb === "HMSG" ? Number(words.at(-1)) + 2 : 0
      const start = end + 2
      if (this.#received.length < start + size) return
      const text = this.#received.toString("utf8", start, start + Math.max(0, size - 2))
      this.#received = this.#received.subarray(start + size)
      const id = subject.slice(inbox.length + 1)
      if (verb === "PING") this.#socket.write("PONG\r\n")
      // Only "nobody listens" comes with headers and is no reply.
      else if (verb === "HMSG" && text.startsWith("NATS/1.0 503"))
        this.#settle(id, new Error("nobody listens"))
      else if (verb === "MSG") this.#settle(id, text)
    }
  }
}
