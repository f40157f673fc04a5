/** Who may change this node: callers on this machine, and no web page. */
import { isIP } from "node:net"

import { Effect, Option } from "effect"
import { HttpServerRequest } from "effect/http"

import { isLoopback } from "../config/configValues.ts"
import { MutationRefused } from "./AgentApi.ts"

/**
 * Fails with `MutationRefused` for a caller on another machine, unless `api.allowRemoteDrain`, and always for a web page: a browser names the page in
 * `Origin`, and a page that had its own name point here (DNS rebinding) is known by that name in `Host`. With "never" no setting lets others in.
 */
export const refuseForeignCaller = (allowRemoteDrain: boolean | "never") =>
  Effect.gen(function* () {
    const allowRemote = allowRemoteDrain === true
    const orElse = allowRemoteDrain === "never" ? "" : ", or set api.allowRemoteDrain: true"

    const request = yield* HttpServerRequest.HttpServerRequest
    if (request.headers["origin"] !== undefined) return yield* refuse("web pages may not change this node")
    const host = hostOf(request.headers["host"] ?? "")
    if (!allowRemote && !isLoopback(host) && isIP(host) === 0)
      return yield* refuse(`"${host}" is no name of this machine; use 127.0.0.1${orElse}`)
    const from = Option.getOrElse(request.peerAddress, () => "unknown").replace(/^::ffff:/, "")
    if (!allowRemote && !isLoopback(from))
      return yield* refuse(
        `this can be changed from the node's own machine only, not from ${from}; run the command there${orElse}`
      )
  })

const refuse = (detail: string) => new MutationRefused({ detail })

const hostOf = (header: string): string =>
  URL.parse(`http://${header}`)?.hostname.replace(/^\[|\]$/g, "") ?? header
