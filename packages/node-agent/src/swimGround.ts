/** The ground floor on SWIM: membership, and among the voters the heartbeats of the election. */
import { join } from "node:path"

import {
  type Heartbeats,
  type Membership,
  type PeerCalls,
  Swim,
  SwimHeartbeats,
  SwimMembership,
  type SwimTransport
} from "@coterie/membership"
import { UdpTransport } from "@coterie/membership/transport/udp"
import { Context, Effect, Layer } from "effect"

import type { AgentConfig } from "./AgentConfig.ts"
import { AgentFailed } from "./AgentFailed.ts"
import { ownAddress } from "./config/ownAddress.ts"
import { seedsOf } from "./config/swimSeeds.ts"
import { openKeyring } from "./keyringFile.ts"
import { memberLabels } from "./memberLabels.ts"
import { makeOwnKeyring } from "./OwnKeyring.ts"
import { openStateFolder } from "./stateFolder.ts"

/** Starts SWIM; with a transport given, nothing is opened on `peer.listen`. */
export const buildSwim = Effect.fnUntraced(function* (
  config: AgentConfig,
  given: Layer.Layer<SwimTransport, AgentFailed> | undefined
) {
  const { cluster, membership, node } = config
  const folder = yield* openStateFolder(config)
  const voters = membership.peers.map(({ id }) => id)
  const kept = yield* openKeys(config, join(folder, "keyring.json"))
  const swimMembership = SwimMembership.layer({
    cluster,
    self: node.id,
    ...(kept === undefined ? { plaintext: membership.plaintext === true } : { keys: kept.keys }),
    seeds: seedsOf(config),
    metadata: memberLabels(config),
    profile: membership.profile,
    generationFile: join(folder, "generation")
  })
  const services: Context.Context<Membership | Heartbeats | PeerCalls | Swim> = yield* SwimHeartbeats.layer({
    voters: voters.length === 0 ? [node.id] : voters,
    interval: membership.interval,
    deadAfter: membership.deadAfter
  }).pipe(
    Layer.provideMerge(swimMembership),
    Layer.provide(given ?? openTransport(config)),
    Layer.build,
    Effect.catchTag("GenerationFileFailed", ({ message }) =>
      Effect.fail(new AgentFailed({ key: "node.stateFolder", detail: message }))
    )
  )
  const swim = Context.get(services, Swim)
  const keyring =
    kept === undefined || swim.keyring === undefined ? undefined : yield* makeOwnKeyring(swim.keyring, kept)
  return { services, swim, keyring }
})

const openKeys = Effect.fnUntraced(function* (
  { membership: { keys, keys_file } }: AgentConfig,
  path: string
) {
  const [first, ...others] = keys ?? []
  if (first !== undefined) return yield* openKeyring(path, [first, ...others])
  if (keys_file === undefined) return undefined
  return yield* new AgentFailed({
    key: "membership.keys_file",
    detail: "is read by loadConfig only; give keys in code"
  })
})

const openTransport = (config: AgentConfig) =>
  UdpTransport.layer({ ...config.peer.listen, advertise: ownAddress(config) }).pipe(
    Layer.catchTag("UdpTransportFailed", ({ message }) =>
      Layer.effectContext(new AgentFailed({ key: "peer.listen", detail: message }))
    )
  )
