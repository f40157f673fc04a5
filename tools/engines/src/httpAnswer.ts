/** One HTTP request to an engine's own API, for readiness checks and tests. */
import { readFileSync } from "node:fs"
import { request as httpRequest } from "node:http"
import { request as httpsRequest } from "node:https"

/** Files of a TLS set-up; paths of PEM files. */
export interface TlsFiles {
  readonly certificate: string
  readonly key: string
  /** Certificate authority that signed both sides' certificates. */
  readonly authority?: string
  /** Whether the server demands a client certificate. Default false. */
  readonly verifyClient?: boolean
}

/** What to ask. */
export interface HttpQuestion {
  readonly method?: "GET" | "POST"
  /** JSON text to send. */
  readonly body?: string
  /** Basic authentication. */
  readonly user?: { readonly username: string; readonly password: string }
  /** Server's certificate authority, and the client certificate when the server wants one. */
  readonly tls?: TlsFiles
  /** Milliseconds to wait for the whole answer. Default 2000. */
  readonly timeoutMillis?: number
}

/** Status and body of an answer. */
export interface HttpAnswer {
  readonly status: number
  readonly body: string
}

/** Asks once, on a connection of its own. Rejects when there is no answer in time. */
export const httpAnswer = (url: string, question: HttpQuestion = {}): Promise<HttpAnswer> =>
  new Promise((resolve, reject) => {
    const { body, tls, user } = question
    const secure = url.startsWith("https:")
    const request = (secure ? httpsRequest : httpRequest)(url, {
      method: question.method ?? "GET",
      agent: false,
      signal: AbortSignal.timeout(question.timeoutMillis ?? 2000),
      ...(user === undefined ? {} : { auth: `${user.username}:${user.password}` }),
      ...(body === undefined
        ? {}
        : { headers: { "content-type": "application/json", "content-length": Buffer.byteLength(body) } }),
      ...(secure && tls !== undefined ? tlsOptions(tls) : {})
    })
    request.once("error", reject)
    request.once("response", (response) => {
      const chunks: Array<Buffer> = []
      response.on("data", (chunk: Buffer) => chunks.push(chunk))
      response.once("error", reject)
      response.once("end", () =>
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString("utf8") })
      )
    })
    request.end(body)
  })

const tlsOptions = (tls: TlsFiles) => ({
  cert: readFileSync(tls.certificate),
  key: readFileSync(tls.key),
  ...(tls.authority === undefined ? { rejectUnauthorized: false } : { ca: readFileSync(tls.authority) })
})
