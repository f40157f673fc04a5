/**
 * Round trips between the servers of a cluster, which their routes measure by pings at least every 30 s. The local server is asked first, then
 * every one that it has a route to. Needs the system account.
 */
import { Duration, Effect, Result } from "effect"

import { type RttRows, Unsupported } from "../../ConsensusGroups.ts"
import { encodeRequest, type NatsRequest } from "../../core/natsGroups.ts"
import type { Reason } from "../handOver.ts"
import { type Driver, readGroup, reasoned } from "./driver.ts"
import { decodeRoutes, type RoutesReading } from "./replies.ts"

/** Servers asked at a time. */
const concurrency = 16

/** Reads the rows of the servers that hold the group; a server that does not answer is left out. */
export const rttRows = (driver: Driver, group: string): Effect.Effect<RttRows, Reason> =>
  Effect.gen(function* () {
    if (driver.options.system === undefined) {
      return yield* new Unsupported({ detail: "round trips of routes need the system account" })
    }
    const { status } = yield* readGroup(driver, group)
    const { server_id: localId } = yield* reasoned(driver.client.local)
    const local = yield* routesOf(driver, localId)
    const others = yield* Effect.forEach(local.routes.keys(), (id) => Effect.result(routesOf(driver, id)), {
      concurrency
    })
    const readings = [local, ...others.filter(Result.isSuccess).map(({ success }) => success)]
    const names = new Map(readings.map(({ server }) => [server.id, server.name]))
    const replicas = new Set(status.voters.map(({ id }) => id))
    return new Map(
      readings
        .filter(({ server }) => replicas.has(server.name))
        .map(({ routes, server }) => [server.name, rowOf(routes, names, replicas)])
    )
  })

const routesOf = ({ client, options }: Driver, serverId: string): Effect.Effect<RoutesReading, Reason> => {
  const request: NatsRequest = { _tag: "Routes", serverId }
  return Effect.flatMap(reasoned(client.ask(request, options.statusTimeout)), (text) =>
    decodeRoutes(encodeRequest(request).subject, text)
  )
}

const rowOf = (
  routes: RoutesReading["routes"],
  names: ReadonlyMap<string, string>,
  replicas: ReadonlySet<string>
): ReadonlyMap<string, Duration.Duration> =>
  new Map(
    [...routes].flatMap(([id, millis]) => {
      const name = names.get(id)
      return name === undefined || millis === undefined || !replicas.has(name)
        ? []
        : [[name, Duration.millis(millis)] as const]
    })
  )
