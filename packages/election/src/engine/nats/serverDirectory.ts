/** Where the cluster's servers take clients, by name: the local server advertises addresses only, so each is asked who it is. */
import { Duration, Effect } from "effect"

import { Unavailable } from "../../ConsensusGroups.ts"
import { within } from "../EngineHttp.ts"
import type { Reason } from "../handOver.ts"
import { greet, hostAndPort } from "./greeting.ts"
import type { NatsOptions } from "./NatsOptions.ts"

/** Addresses by server name. */
export interface ServerDirectory {
  /** The server's address; asks all addresses that nobody is known at when the server is not known yet. */
  readonly find: (server: string) => Effect.Effect<string, Reason>
  /** Looks the server up anew next time. */
  readonly forget: (server: string) => Effect.Effect<void>
}

/** Addresses asked at a time. */
const concurrency = 16

/** Makes the directory; it asks nobody before it is asked. */
export const makeServerDirectory = (
  options: NatsOptions,
  local: Effect.Effect<
    { readonly server_name: string; readonly connect_urls?: ReadonlyArray<string> },
    Reason
  >
): ServerDirectory => {
  const addresses = new Map<string, string>()
  // Servers that answer at all do so at once; waiting longer for a hung one would cost the probes of all others.
  const patience = Duration.divideUnsafe(options.probeTimeout, 3)

  const meet = (address: string) =>
    greet(address).pipe(
      within(patience),
      Effect.map(({ server_name }) => void addresses.set(server_name, address)),
      Effect.ignore
    )

  const discover = Effect.gen(function* () {
    const { connect_urls = [], server_name } = yield* local
    addresses.set(server_name, options.url)
    const taken = new Set([...addresses.values()].map(endpoint))
    const strangers = [...connect_urls, ...options.servers].filter(
      (address) => isAddress(address) && !taken.has(endpoint(address))
    )
    yield* Effect.forEach(strangers.slice(0, strangersMax), meet, { concurrency, discard: true })
    return strangers.length
  })

  return {
    find: (server) =>
      Effect.gen(function* () {
        const known = addresses.get(server)
        if (known !== undefined) return known
        const asked = yield* discover
        return (
          addresses.get(server) ??
          (yield* new Unavailable({
            detail: `no server at ${asked} advertised addresses says that it is ${server}`
          }))
        )
      }),
    forget: (server) => Effect.sync(() => void addresses.delete(server))
  }
}

/** Addresses asked in one search. */
const strangersMax = 1000

const isAddress = (text: string): boolean => URL.canParse(text.includes("://") ? text : `nats://${text}`)

const endpoint = (address: string): string => {
  const { host, port } = hostAndPort(address)
  return `${host} ${port}`
}
