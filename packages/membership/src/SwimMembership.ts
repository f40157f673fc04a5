/**
 * Membership by random probes, doubt that can be refuted, and gossip: SWIM with Lifeguard.
 *
 * Each node sends about two packets a second whatever the size of the cluster. The rules are in `core/swim`, the bytes in `core/swimWire`; the files
 * in `swim/` give them keys, time and a transport.
 */
import { Clock, Context, Effect, FiberSet, Layer, SchemaIssue } from "effect"

import { capability } from "./core/swim/memberRecord.ts"
import { itemBytesMax } from "./core/swim/outbox.ts"
import type { SwimState } from "./core/swim/swimState.ts"
import { Membership, Metadata, MetadataInvalid } from "./Membership.ts"
import { PeerCalls } from "./PeerCalls.ts"
import { Swim } from "./Swim.ts"
import { drawInstance, type FrameKeys, makeFrameTrust } from "./swim/frameTrust.ts"
import { type GenerationFileFailed, nextGeneration, saveGeneration } from "./swim/generationFile.ts"
import { makeKeyring, withoutKeys } from "./swim/Keyring.ts"
import { makeRoundTrips } from "./swim/roundTrips.ts"
import { makePassages } from "./swim/swimJoin.ts"
import { makeSwimMembers } from "./swim/swimMembers.ts"
import { runLoop } from "./swim/swimMetrics.ts"
import { makeNewsDesk, type NewsDesk } from "./swim/swimNews.ts"
import { makeSwimNode, type SwimNode } from "./swim/swimNode.ts"
import { makeSwimOperations } from "./swim/swimOperations.ts"
import {
  checkSwimOptions,
  settingsOf,
  type SwimOptions,
  type SwimOptionsInput,
  SwimOptionsInvalid
} from "./SwimOptions.ts"
import { SwimTransport } from "./SwimTransport.ts"

const build = Effect.fnUntraced(function* (input: SwimOptionsInput) {
  const options = yield* checkSwimOptions(input)
  const transport = yield* SwimTransport
  const keys = yield* keysOf(options)
  const instance = drawInstance()
  const self = yield* recordOf(options, transport.address, instance)
  const run = yield* FiberSet.makeRuntime()
  const desk = yield* makeNewsDesk(run)

  const node: SwimNode = yield* makeSwimNode({
    self,
    settings: settingsOf(options),
    trust: makeFrameTrust({ label: options.cluster, keys, instance }),
    transport,
    run,
    saveGeneration: (generation) => {
      if (options.generationFile !== undefined) saveGeneration(options.generationFile, generation)
    },
    onNews: (news) => {
      passages.onNews(news)
      roundTrips.onNews(news, driver.nowMillis())
      desk.publish(members, news)
    },
    onPeerRefused: desk.peerRefused,
    settled: () => {
      const change = members.ownChange(driver.nowMillis())
      if (change !== undefined) desk.publishOwn(change)
      passages.settled()
    }
  })
  const { driver, handler, state } = node
  const members = makeSwimMembers(state, driver.nowMillis())
  const passages = makePassages(state, driver)
  const roundTrips = makeRoundTrips()
  yield* mustFit(state)

  yield* untilClosed(node)
  yield* transport.serve(handler)
  driver.start()
  const seeds = options.seeds?.filter((seed) => seed !== transport.address) ?? []
  if (seeds.length > 0) run(passages.enter(seeds))

  const membership = Membership.of({
    self: options.self,
    members: Effect.sync(members.list),
    changes: desk.changes,
    join: passages.join,
    leave: passages.leave,
    setMetadata: makeSetMetadata(node, desk)
  })
  const keyring = keys.mode === "plain" ? undefined : withoutKeys(keys.keyring)
  return Context.make(Membership, membership).pipe(
    Context.add(Swim, makeSwimOperations(node, { desk, passages, roundTrips }, keyring)),
    Context.add(PeerCalls, node.peerCalls)
  )
})

/** Shows the loop as running until the scope closes and the node stops. */
const untilClosed = Effect.fnUntraced(function* ({ driver, report }: SwimNode) {
  yield* runLoop
  const stop = Effect.sync(() => {
    driver.stop()
    report()
  })
  yield* Effect.addFinalizer(() => stop)
})

const keysOf = Effect.fnUntraced(function* ({ keys, sealing }: SwimOptions) {
  if (keys === undefined) return { mode: "plain" } satisfies FrameKeys
  const keyring = yield* makeKeyring(keys).pipe(
    Effect.mapError(({ message }) => new SwimOptionsInvalid({ detail: message }))
  )
  return { mode: sealing ?? "aes", keyring } satisfies FrameKeys
})

/** This process as it announces itself. */
const recordOf = Effect.fnUntraced(function* (options: SwimOptions, address: string, instance: string) {
  const wallMillis = yield* Clock.currentTimeMillis
  const { generationFile, metadata, self } = options
  const generation =
    generationFile === undefined ? wallMillis : yield* nextGeneration(generationFile, wallMillis)
  return {
    kind: "alive",
    id: self,
    generation,
    instance,
    incarnation: 0,
    address,
    metadata: metadata ?? {},
    versions: { min: 1, current: 1, max: 1 },
    capabilities: capability.streamPing
  } as const
})

const mustFit = (state: SwimState): Effect.Effect<void, SwimOptionsInvalid> => {
  const bytes = state.sizes.item(state.self)
  const most = itemBytesMax(state)
  const detail = `id, address and metadata need ${bytes} bytes of a packet, which has room for ${most}`
  return bytes <= most ? Effect.void : Effect.fail(new SwimOptionsInvalid({ detail }))
}

const makeSetMetadata = ({ driver, state }: SwimNode, desk: NewsDesk): Membership["Service"]["setMetadata"] =>
  Effect.fn("Membership.setMetadata")(function* (metadata) {
    const checked = yield* Metadata.makeEffect(metadata).pipe(
      Effect.mapError((issue) => new MetadataInvalid({ detail: describe(issue) }))
    )
    driver.turn({ _tag: "UpdateSelf", change: { metadata: { ...checked } } })
    if (!desk.takeRefusedUpdate()) return
    const detail = `it does not fit a packet of ${state.options.packetBytesMax} bytes beside this node's name`
    return yield* new MetadataInvalid({ detail })
  })

const describe = SchemaIssue.makeFormatterDefault()

/** Membership by SWIM. */
export const SwimMembership = {
  /**
   * Joins through `seeds` in the background, again and again until somebody answers, and stops with its scope, without a goodbye: call
   * `Membership.leave` first to be seen as `left`. Fails before anything starts.
   */
  layer: (
    options: SwimOptionsInput
  ): Layer.Layer<Membership | Swim | PeerCalls, SwimOptionsInvalid | GenerationFileFailed, SwimTransport> =>
    Layer.effectContext(build(options))
} as const
