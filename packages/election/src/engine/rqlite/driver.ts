/** What the driver does with one group: read it, ask who answers, and time a round trip to a replica. */
import { Cache, Duration, Effect, Exit } from "effect"

import {
  ProtocolViolation,
  type RttRows,
  Unauthorized,
  Unavailable,
  UnknownTarget,
  Unsupported
} from "../../ConsensusGroups.ts"
import { isDowngrade } from "../../core/isDowngrade.ts"
import { readFailure, timesNodes, type RqliteAnswer, type RqliteFailure } from "../../core/rqliteAnswers.ts"
import type { Reason } from "../handOver.ts"
import type { GroupDirectory } from "./groupDirectory.ts"
import { decodeNodes, decodeStatus, type NodeReading, type StatusReading } from "./replies.ts"
import type { RqliteClient, RqliteEndpoint, RqliteRequest } from "./RqliteClient.ts"
import type { RqliteOptions } from "./RqliteOptions.ts"

/** Everything that a call needs. */
export interface Driver {
  readonly options: RqliteOptions
  readonly client: RqliteClient
  readonly directory: GroupDirectory
  /** The last reading of each group's `GET /nodes`, for the addresses of probes. */
  readonly nodes: Cache.Cache<string, ReadonlyMap<string, NodeReading>, Reason>
}

/** Puts the parts together. */
export const makeDriver = (parts: Omit<Driver, "nodes">): Effect.Effect<Driver> => {
  // Nodes that answer at all do so at once; waiting longer for a hung one would cost the probes of all others.
  const patience = Duration.divideUnsafe(parts.options.probeTimeout, 3)
  return Effect.map(
    Cache.makeWith((group: string) => askNodes(parts, group, patience), {
      capacity: 4096,
      timeToLive: (exit) => (Exit.isSuccess(exit) ? lifetime(exit.value) : Duration.zero)
    }),
    (nodes) => ({ ...parts, nodes })
  )
}

/** Addresses rarely change; a node that rqlite could not ask has none, so such a reading is soon taken again. */
const lifetime = (nodes: ReadonlyMap<string, NodeReading>): Duration.Duration =>
  [...nodes.values()].every(({ apiOrigin }) => apiOrigin !== undefined)
    ? Duration.minutes(1)
    : Duration.seconds(1)

/** Reads the group from its local node. */
export const readStatus = (driver: Driver, group: string): Effect.Effect<StatusReading, Reason> =>
  Effect.gen(function* () {
    const endpoint = yield* driver.directory.find(group)
    const timeout = driver.options.statusTimeout
    const { body } = yield* succeed(
      driver.client.ask(endpoint, { method: "GET", path: "/status", timeout }),
      "/status"
    )
    return yield* decodeStatus(group, body)
  })

/** Asks the local node which replicas answer it. */
export const readNodes = (
  driver: Driver,
  group: string
): Effect.Effect<ReadonlyMap<string, NodeReading>, Reason> =>
  askNodes(driver, group, Duration.times(driver.options.nodesTimeout, 0.8))

/** The row of the local node: how long each other one that answered took. */
export const rttRows = (driver: Driver, group: string): Effect.Effect<RttRows, Reason> =>
  Effect.gen(function* () {
    const { status, version } = yield* readStatus(driver, group)
    if (!timesNodes(version)) {
      return yield* new Unsupported({
        detail: `version ${version ?? "unknown"} measures no round trips; 10.2.7 and newer do`
      })
    }
    const nodes = yield* readNodes(driver, group)
    const row = [...nodes].flatMap(([id, { reachable, timeMillis }]) =>
      id === status.self || !reachable || timeMillis === undefined || timeMillis < 0
        ? []
        : [[id, Duration.millis(timeMillis)] as const]
    )
    return new Map([[status.self, new Map(row)]])
  })

/** Tells rqlite how long to wait for a hung node, because by itself it would wait 30 s. */
const askNodes = (
  { client, directory, options }: Omit<Driver, "nodes">,
  group: string,
  patience: Duration.Duration
): Effect.Effect<ReadonlyMap<string, NodeReading>, Reason> =>
  Effect.gen(function* () {
    const endpoint = yield* directory.find(group)
    const request: RqliteRequest = {
      method: "GET",
      path: "/nodes",
      query: `nonvoters&ver=2&timeout=${Math.ceil(Duration.toMillis(patience))}ms`,
      timeout: options.nodesTimeout
    }
    const { body } = yield* succeed(client.ask(endpoint, request), request.path)
    return yield* decodeNodes(body)
  })

/**
 * Times one request to the replica's own HTTP API. `noleader` asks only whether the process is up, so the time is the network's.
 * A connection alone proves nothing: the kernel of a stopped process accepts it.
 */
export const probeReplica = (
  driver: Driver,
  group: string,
  replica: string
): Effect.Effect<Duration.Duration, Reason> =>
  Effect.gen(function* () {
    const own = yield* driver.directory.find(group)
    const node = (yield* Cache.get(driver.nodes, group)).get(replica)
    if (node === undefined) return yield* new UnknownTarget({ target: replica })
    const endpoint = yield* endpointOf(own, node)
    const request: RqliteRequest = {
      method: "GET",
      path: "/readyz",
      query: "noleader",
      timeout: driver.options.probeTimeout
    }
    const [roundTrip, answer] = yield* driver.client.time(endpoint, request).pipe(
      // It may have moved: look its address up again next time.
      Effect.tapErrorTag("Unavailable", () => Cache.invalidate(driver.nodes, group))
    )
    yield* refuseFailure(request.path, answer)
    return roundTrip
  })

const endpointOf = (
  own: RqliteEndpoint,
  { apiOrigin, detail }: NodeReading
): Effect.Effect<RqliteEndpoint, Unavailable | ProtocolViolation> => {
  if (apiOrigin === undefined) {
    return Effect.fail(
      new Unavailable({ detail: `rqlite does not know its HTTP address: ${detail ?? "no reason given"}` })
    )
  }
  return isDowngrade(own.origin, apiOrigin)
    ? Effect.fail(
        new ProtocolViolation({ detail: `${apiOrigin} is advertised without TLS, credentials stay here` })
      )
    : Effect.succeed({ ...own, origin: apiOrigin })
}

const succeed = <E>(
  ask: Effect.Effect<RqliteAnswer, E>,
  path: string
): Effect.Effect<RqliteAnswer, E | Reason> => Effect.tap(ask, (answer) => refuseFailure(path, answer))

const refuseFailure = (path: string, answer: RqliteAnswer): Effect.Effect<void, Reason> => {
  const failure = readFailure(path, answer)
  return failure === undefined ? Effect.void : Effect.fail(failureReason(failure))
}

/** The error for a failure that rqlite's answer stands for. */
export const failureReason = ({ _tag, detail }: RqliteFailure): Reason => {
  switch (_tag) {
    case "Unauthorized":
      return new Unauthorized({ detail })
    case "Unsupported":
      return new Unsupported({ detail })
    case "Unavailable":
      return new Unavailable({ detail })
    case "ProtocolViolation":
      return new ProtocolViolation({ detail })
  }
}
