/** Groups found as records in a data folder: `<folder>/<any>/cluster-state.json`. */
import { open, readdir } from "node:fs/promises"
import { join } from "node:path"

import { Effect, Metric, Result, Schema } from "effect"

import { Unavailable } from "../../ConsensusGroups.ts"
import type { RqliteDiscovery } from "./RqliteOptions.ts"

const ClusterState = Schema.fromJsonString(
  Schema.Struct({
    namespaceName: Schema.NonEmptyString.check(Schema.isMaxLength(256)),
    localPorts: Schema.Struct({ rqliteHttpPort: Schema.Port })
  })
)
const decodeClusterState = Schema.decodeUnknownResult(ClusterState)

const skipped = Metric.counter("rqlite_discovery_skipped_total", {
  description: "Discovery records that name no usable group, by reason, counted at each reading",
  incremental: true
})

/** A group that a record names. */
export interface DiscoveredGroup {
  readonly name: string
  readonly origin: string
}

/**
 * Reads the records as they are now. An unusable record is counted, logged at debug level and skipped; a folder without a record is none.
 * Fails with `Unavailable` when the data folder cannot be read.
 */
export const discoverGroups = Effect.fn("rqlite.discoverGroups")(function* (discovery: RqliteDiscovery) {
  const entries = yield* Effect.tryPromise({
    try: () => readdir(discovery.folder),
    catch: (cause) => new Unavailable({ detail: `cannot read the data folder: ${String(cause)}` })
  })
  const names = entries.toSorted()
  const surplus = names.length - discovery.recordsMax
  if (surplus > 0) {
    yield* skip(
      discovery.folder,
      "over_limit",
      `${surplus} folders beyond the limit of ${discovery.recordsMax}`,
      surplus
    )
  }
  const groups = new Map<string, DiscoveredGroup>()
  for (const name of names.slice(0, discovery.recordsMax)) {
    const path = join(discovery.folder, name, "cluster-state.json")
    const group = yield* readRecord(path, discovery)
    if (group === undefined) continue
    if (groups.has(group.name)) yield* skip(path, "duplicate", `another record names ${group.name}`)
    else groups.set(group.name, group)
  }
  return [...groups.values()]
})

const readRecord = Effect.fnUntraced(function* (path: string, { origin, recordBytesMax }: RqliteDiscovery) {
  const start = yield* Effect.result(
    Effect.tryPromise({ try: () => readStart(path, recordBytesMax + 1), catch: String })
  )
  if (Result.isFailure(start)) return yield* skip(path, "unreadable", start.failure)
  // A folder without a record is no group, and no news.
  if (start.success === undefined) return undefined
  if (start.success.byteLength > recordBytesMax) {
    return yield* skip(path, "too_large", `more than ${recordBytesMax} bytes`)
  }
  const record = decodeClusterState(start.success.toString())
  if (Result.isFailure(record)) return yield* skip(path, "malformed", record.failure.message.slice(0, 400))
  const { localPorts, namespaceName } = record.success
  if (localPorts.rqliteHttpPort === 0) return yield* skip(path, "no_port", "rqliteHttpPort is 0")
  const url = new URL(origin)
  url.port = String(localPorts.rqliteHttpPort)
  return { name: namespaceName, origin: url.origin } satisfies DiscoveredGroup
})

/** At most the first `bytesMax` bytes; undefined when there is no such file. */
const readStart = async (path: string, bytesMax: number): Promise<Buffer | undefined> => {
  await using file = await open(path).catch(undefinedIfAbsent)
  if (file === undefined) return undefined
  const buffer = Buffer.alloc(bytesMax)
  let length = 0
  for (;;) {
    const { bytesRead } = await file.read(buffer, length, bytesMax - length)
    length += bytesRead
    if (bytesRead === 0 || length === bytesMax) return buffer.subarray(0, length)
  }
}

const undefinedIfAbsent = (cause: unknown): undefined => {
  const isAbsent =
    cause instanceof Error && "code" in cause && (cause.code === "ENOENT" || cause.code === "ENOTDIR")
  if (!isAbsent) throw cause
}

const skip = (path: string, reason: string, detail: string, amount = 1): Effect.Effect<undefined> =>
  Effect.as(
    Effect.andThen(
      Metric.update(Metric.withAttributes(skipped, { reason }), amount),
      Effect.logDebug("discovery record skipped", { path, reason, detail })
    ),
    undefined
  )
