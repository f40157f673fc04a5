/** Which groups the local server is a replica of: all of an account's streams and consumers that have more than one, and the meta group. */
import { Effect, Metric } from "effect"

import { groupName, isAssetName, type NatsRequest, encodeRequest, parseGroup } from "../../core/natsGroups.ts"
import type { Reason } from "../handOver.ts"
import { answerReason, type Driver, reasoned } from "./driver.ts"
import { decodeConsumerPage, decodeStreamPage, type ListPage } from "./replies.ts"

const skipped = Metric.counter("nats_discovery_skipped_total", {
  description:
    "Streams and consumers that are left out of the list of groups, by reason, counted at each listing",
  incremental: true
})

/** Streams and consumers asked for at a time. */
const concurrency = 8

/**
 * Lists the groups as they are now. A stream that says nothing in time, for want of a leader perhaps, stays in the list if it was in the last one.
 */
export const listGroups = (driver: Omit<Driver, "readings">): Effect.Effect<ReadonlyArray<string>, Reason> =>
  Effect.gen(function* () {
    const { client, options } = driver
    const { server_name: self } = yield* reasoned(client.local)
    const streams = yield* readPages(driver, (offset) => ({ _tag: "StreamList", offset }))
    const hosted = streams.assets.filter((stream) => hosts(stream, self))
    const consumers = yield* Effect.forEach(
      hosted.filter(({ consumerCount }) => options.consumers && consumerCount > 0),
      ({ name: stream }) =>
        Effect.map(
          readPages(driver, (offset) => ({ _tag: "ConsumerList", stream, offset })),
          ({ assets }) =>
            assets
              .filter((consumer) => hosts(consumer, self))
              .map(({ name }) => groupName({ _tag: "Consumer", stream, consumer: name }))
        ),
      { concurrency }
    )
    const found = [
      ...(options.system === undefined ? [] : [groupName({ _tag: "Meta" })]),
      ...hosted.map(({ name }) => groupName({ _tag: "Stream", stream: name })),
      ...silent(driver.known(), streams.missing),
      ...consumers.flat()
    ]
    const surplus = found.length - options.groupsMax
    if (surplus > 0) yield* skip("over_limit", `${surplus} groups beyond ${options.groupsMax}`, surplus)
    return found.slice(0, options.groupsMax)
  })

type Asset = ListPage["assets"][number]

/** Whether the local server is one of several replicas. */
const hosts = ({ cluster: { leader, replicas } }: Asset, self: string): boolean =>
  replicas.size > 0 && (leader === self || replicas.has(self))

const silent = (known: ReadonlyArray<string>, missing: ReadonlyArray<string>): ReadonlyArray<string> =>
  known.filter((name) => {
    const group = parseGroup(name)
    return group !== undefined && group._tag !== "Meta" && missing.includes(group.stream)
  })

/** Reads page after page, until all are read or there are more than enough. */
const readPages = Effect.fnUntraced(function* (
  driver: Omit<Driver, "readings">,
  request: (offset: number) => Extract<NatsRequest, { readonly offset: number }>
) {
  const assets: Array<Asset> = []
  const missing: Array<string> = []
  let offset = 0
  for (;;) {
    const page = yield* readPage(driver, request(offset))
    offset += page.assets.length
    missing.push(...page.missing)
    const usable = page.assets.filter(({ name }) => isAssetName(name))
    const strange = page.assets.length - usable.length
    if (strange > 0) yield* skip("malformed", `${strange} names that no subject can carry`, strange)
    assets.push(...usable)
    const isLast = page.assets.length === 0 || offset >= page.total
    if (isLast || assets.length > driver.options.groupsMax) return { assets, missing }
  }
})

const readPage = Effect.fnUntraced(function* (
  driver: Omit<Driver, "readings">,
  request: Extract<NatsRequest, { readonly offset: number }>
) {
  const { subject } = encodeRequest(request)
  const text = yield* reasoned(driver.client.ask(request, driver.options.statusTimeout))
  const page = yield* (request._tag === "StreamList" ? decodeStreamPage : decodeConsumerPage)(subject, text)
  return page.error === undefined ? page : yield* answerReason(driver, subject, page.error)
})

const skip = (reason: string, detail: string, amount: number): Effect.Effect<void> =>
  Effect.andThen(
    Metric.update(Metric.withAttributes(skipped, { reason }), amount),
    Effect.logDebug("groups left out", { reason, detail })
  )
