/**
 * The first line that a NATS server says to whoever connects: who it is. Nothing is sent, so that credentials only ever go to a server that
 * has said so.
 *
 * It also guards the NATS client, which keeps the socket of a server that takes connections and says nothing, and reads a first line of any length.
 */
import { connect } from "node:net"

import { Effect, Result, Schema } from "effect"

import { ProtocolViolation, Unavailable } from "../../ConsensusGroups.ts"

const ServerName = Schema.NonEmptyString.check(Schema.isMaxLength(256))
const ServerId = Schema.NonEmptyString.check(Schema.isPattern(/^[A-Za-z0-9]{1,256}$/))

/** What a server says about itself. */
export const ServerInfo = Schema.Struct({
  server_id: ServerId,
  server_name: ServerName,
  version: Schema.String.check(Schema.isMaxLength(256)),
  tls_required: Schema.optionalKey(Schema.Boolean),
  tls_available: Schema.optionalKey(Schema.Boolean),
  /** Client addresses of the cluster's servers, host:port. */
  connect_urls: Schema.optionalKey(
    Schema.Array(Schema.String.check(Schema.isMaxLength(512))).check(Schema.isMaxLength(10_000))
  ),
  /** The account that the connection belongs to. */
  remote_account: Schema.optional(Schema.String.check(Schema.isMaxLength(256)))
})
/** What a server says about itself. */
export type ServerInfo = typeof ServerInfo.Type

const decodeInfo = Schema.decodeUnknownResult(ServerInfo)
const decodeInfoLine = Schema.decodeUnknownResult(Schema.fromJsonString(ServerInfo))

/** What an open connection knows of its server. */
export const decodeServerInfo = (info: unknown): Effect.Effect<ServerInfo, ProtocolViolation> => {
  const decoded = decodeInfo(info)
  return Result.isSuccess(decoded)
    ? Effect.succeed(decoded.success)
    : Effect.fail(new ProtocolViolation({ detail: "the NATS server does not say who it is" }))
}

/** Longest greeting that is read, in characters. */
const greetingMax = 262_144

/** Host and port of an address such as `nats://127.0.0.1:4222` or `127.0.0.1:4222`. */
export const hostAndPort = (address: string): { readonly host: string; readonly port: number } => {
  const url = new URL(address.includes("://") ? address : `nats://${address}`)
  return { host: url.hostname.replace(/^\[|\]$/g, ""), port: url.port === "" ? 4222 : Number(url.port) }
}

/** Connects, reads the greeting and hangs up. Waits for as long as the server does. */
export const greet = (address: string): Effect.Effect<ServerInfo, Unavailable | ProtocolViolation> =>
  Effect.callback((resume) => {
    const socket = connect(hostAndPort(address))
    let text = ""
    socket.setEncoding("utf8")
    socket.on("data", (chunk: string) => {
      text += chunk
      const end = text.indexOf("\r\n")
      if (end < 0 && text.length <= greetingMax) return
      socket.destroy()
      resume(readGreeting(address, text.slice(0, end < 0 ? 200 : end)))
    })
    socket.on("error", (cause) => {
      resume(Effect.fail(new Unavailable({ detail: `${address}: ${errorText(cause)}` })))
    })
    socket.on("close", () => {
      resume(Effect.fail(new Unavailable({ detail: `${address}: closed before it said who it is` })))
    })
    return Effect.sync(() => void socket.destroy())
  })

const readGreeting = (address: string, line: string): Effect.Effect<ServerInfo, ProtocolViolation> => {
  const json = /^INFO\s+(\{.*\})\s*$/.exec(line)?.[1]
  const info = json === undefined ? undefined : decodeInfoLine(json)
  return info !== undefined && Result.isSuccess(info)
    ? Effect.succeed(info.success)
    : Effect.fail(new ProtocolViolation({ detail: `${address} greets like no NATS server` }))
}

/** An error of several connection attempts has a code and no message. */
const errorText = (cause: Error): string =>
  cause.message === "" && "code" in cause ? String(cause.code) : cause.message
