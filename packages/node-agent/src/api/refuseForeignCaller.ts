/** Who may change this node: callers on this machine, and no web page. */
import { isIP } from "node:net"

import { Effect, Option } from "effect"
import { HttpServerRequest } from "effect/http"

import { isLoopback } from "../config/configValues.ts"
import { MutationRefused } from "./AgentApi.ts"

/**
 * Fails with `MutationRefused` for a caller on another machine, unless `allowRemote`, and always for a web page: a browser names the page in
 * `Origin`, and a page that had its own name point here (DNS rebinding) is known by that name in `Host`.
 */
export const refuseForeignCaller = (allowRemote: boolean) =>
  Effect.gen(function* () {
    const request = yield* HttpServerRequest.HttpServerRequest
    if (request.headers["origin"] !== undefined) return yield* refuse("web pages may not change this node")
    const host = hostOf(request.headers["host"] ?? "")
    if (!allowRemote && !isLoopback(host) && isIP(host) === 0)
      return yield* refuse(
        `"${host}" is no name of this machine; use 127.0.0.1, or set api.allowRemoteDrain: true`
      )
    const from = Option.getOrElse(request.peerAddress, () => "unknown").replace(/^::ffff:/, "")
    if (!allowRemote && !isLoopback(from))
      return yield* refuse(
        `this node can be changed from its own machine only, not from ${from}; or set api.allowRemoteDrain: true`
      )
  })

const refuse = (detail: string) => new MutationRefused({ detail })

const hostOf = (header: string): string =>
  URL.parse(`http://${header}`)?.hostname.replace(/^\[|\]$/g, "") ?? header
