/** Seeds as operators write them: addresses, host names, or service records. */
import { lookup, resolveSrv } from "node:dns/promises"

import { Effect } from "effect"

import { SeedUnresolved } from "../SwimTransport.ts"
import { formatIpAddress, type IpAddress, parseIpAddress, splitHostPort } from "./ipAddress.ts"

/** The name service that seeds are looked up in. */
export interface NameService {
  /** All addresses of a host; rejects when there is none. */
  readonly hosts: (name: string) => Promise<ReadonlyArray<string>>
  /** The hosts and ports of a service record, the best first. */
  readonly services: (name: string) => Promise<ReadonlyArray<IpAddress>>
}

/** What the system and its DNS servers say now. */
const systemNames: NameService = {
  hosts: async (name) => (await lookup(name, { all: true })).map(({ address }) => address),
  services: async (name) =>
    (await resolveSrv(name))
      .toSorted((one, other) => one.priority - other.priority || other.weight - one.weight)
      .map(({ name: host, port }) => ({ host, port }))
}

const srvPrefix = "srv:"

/** Most hosts of a service record that are looked up. */
const servicesMax = 8

/** The addresses behind `10.0.0.7:7946`, `host.example:7946` or `srv:_coterie._udp.example`, as they are now. */
export const resolveSeed = (
  seed: string,
  names: NameService = systemNames
): Effect.Effect<ReadonlyArray<string>, SeedUnresolved> =>
  Effect.gen(function* () {
    if (parseIpAddress(seed) !== undefined) return [seed]
    const ask = <A>(asked: () => Promise<A>) =>
      Effect.tryPromise({
        try: asked,
        catch: (error) => new SeedUnresolved({ seed, detail: String(error) })
      })
    const places = seed.startsWith(srvPrefix)
      ? (yield* ask(() => names.services(seed.slice(srvPrefix.length)))).slice(0, servicesMax)
      : [splitHostPort(seed)]
    const found: Array<string> = []
    for (const place of places) {
      if (place === undefined) {
        const detail = "it must be address:port, name:port, or srv: and the name of a service record"
        return yield* new SeedUnresolved({ seed, detail })
      }
      const hosts = yield* ask(() => names.hosts(place.host))
      found.push(...hosts.map((host) => formatIpAddress({ host, port: place.port })))
    }
    if (found.length === 0) return yield* new SeedUnresolved({ seed, detail: "it has no address" })
    return found
  })
