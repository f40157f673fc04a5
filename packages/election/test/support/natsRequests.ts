import { pollUntil } from "@coterie/tools-engines"
import { connect, type NatsConnection } from "@nats-io/transport-node"
import { Effect } from "effect"

/** A connection of the test's own, not the driver's; it ends with the scope. */
export const connection = (url: string, user?: { readonly username: string; readonly password: string }) =>
  Effect.acquireRelease(
    Effect.promise(() =>
      connect({ servers: url, ...(user === undefined ? {} : { user: user.username, pass: user.password }) })
    ),
    (nats) => Effect.promise(() => nats.close())
  )

/** A reply of JetStream, as far as tests look at it. */
export interface Reply {
  readonly success?: boolean
  readonly error?: { readonly code: number; readonly err_code: number; readonly description: string }
  readonly cluster?: {
    readonly leader?: string
    readonly replicas?: ReadonlyArray<{ readonly name: string; readonly active: number }>
  }
}

/** Asks JetStream once. */
export const ask = (nats: NatsConnection, subject: string, body: object | string = "") =>
  Effect.promise(async () => {
    const payload = typeof body === "string" ? body : JSON.stringify(body)
    return (await nats.request(subject, payload, { timeout: 5000 })).json<Reply>()
  })

/** Asks until the answer is no error: a new cluster refuses for a moment. */
export const askUntilDone = (nats: NatsConnection, subject: string, body: object) =>
  Effect.promise(() =>
    pollUntil(
      async () => {
        const reply = (await nats.request(subject, JSON.stringify(body), { timeout: 5000 })).json<Reply>()
        return reply.error === undefined ? undefined : JSON.stringify(reply.error)
      },
      { timeoutMillis: 20_000 }
    )
  )
