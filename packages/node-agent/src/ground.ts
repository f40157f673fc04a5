/** The ground floor of an agent: membership, heartbeats and calls between peers. */
import {
  HeartbeatMembership,
  type Heartbeats,
  type HeartbeatTransport,
  type Membership,
  type PeerCalls,
  StaticMembership
} from "@coterie/membership"
import { HttpListener, HttpTransport } from "@coterie/membership/transport/http"
import { Context, Effect, Layer } from "effect"

import type { AgentConfig } from "./AgentConfig.ts"
import { AgentFailed } from "./AgentFailed.ts"
import { ownAddress } from "./config/ownAddress.ts"

/** What the parts given in code may be built on. */
export type Ground = Membership | Heartbeats | PeerCalls

/** Starts it; with a transport given, nothing listens on `peer.listen`. */
export const buildGround = (
  config: AgentConfig,
  transport: Layer.Layer<HeartbeatTransport, AgentFailed> | undefined
) =>
  Effect.mapError(
    config.membership.mode === "static" ? Layer.build(alone(config)) : buildHeartbeats(config, transport),
    (error) =>
      error instanceof AgentFailed ? error : new AgentFailed({ key: "membership", detail: error.message })
  )

/** A fixed membership, over heartbeats that are exchanged with nobody; a call to a peer fails, as no address is known. */
const alone = ({ cluster, membership, node }: AgentConfig) =>
  StaticMembership.layer({
    self: node.id,
    members: membership.peers.filter(({ id }) => id !== node.id)
  }).pipe(
    Layer.provideMerge(
      HeartbeatMembership.layer({
        cluster,
        self: node.id,
        peers: [],
        interval: membership.interval,
        deadAfter: membership.deadAfter
      })
    ),
    Layer.provide(HttpTransport.layer())
  )

const buildHeartbeats = Effect.fnUntraced(function* (
  config: AgentConfig,
  given: Layer.Layer<HeartbeatTransport, AgentFailed> | undefined
) {
  const { cluster, membership, node } = config
  const { address, transport } = yield* given === undefined
    ? openPeerListener(config)
    : Effect.map(Layer.build(given), (transport) => ({ transport, address: undefined }))
  const advertise = ownAddress(config) ?? address
  return yield* HeartbeatMembership.layer({
    cluster,
    self: node.id,
    ...(advertise === undefined ? {} : { advertise }),
    peers: membership.peers,
    interval: membership.interval,
    deadAfter: membership.deadAfter
  }).pipe(Layer.provide(Layer.succeedContext(transport)), Layer.build)
})

const openPeerListener = (config: AgentConfig) =>
  Layer.build(HttpTransport.layerListening({ listen: config.peer.listen })).pipe(
    Effect.map((transport) => ({ transport, address: Context.get(transport, HttpListener).address })),
    Effect.mapError((error) => new AgentFailed({ key: "peer.listen", detail: error.message }))
  )
