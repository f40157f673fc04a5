/** The ground floor of an agent: membership, heartbeats and calls between peers. */
import {
  HeartbeatMembership,
  type Heartbeats,
  type HeartbeatTransport,
  type Membership,
  type PeerCalls,
  StaticMembership,
  type Swim,
  type SwimTransport
} from "@coterie/membership"
import { HttpListener, HttpTransport } from "@coterie/membership/transport/http"
import { Context, Effect, Layer } from "effect"

import type { AgentConfig } from "./AgentConfig.ts"
import { AgentFailed } from "./AgentFailed.ts"
import { membershipMode } from "./config/membershipMode.ts"
import { ownAddress } from "./config/ownAddress.ts"
import type { OwnKeyring } from "./OwnKeyring.ts"
import { buildSwim } from "./swimGround.ts"

/** What the parts given in code may be built on. */
export type Ground = Membership | Heartbeats | PeerCalls

/** Transports given in code, in place of `peer.listen`. */
export interface GivenTransports {
  /** Carries heartbeats over HTTP; peers are told `node.advertise`, which it should serve. */
  readonly heartbeatTransport?: Layer.Layer<HeartbeatTransport, AgentFailed>
  /** Carries SWIM; its address is told to the peers. */
  readonly swimTransport?: Layer.Layer<SwimTransport, AgentFailed>
}

/** The ground floor, and what only SWIM has. */
export interface BuiltGround {
  readonly services: Context.Context<Ground>
  readonly swim: Swim["Service"] | undefined
  readonly keyring: OwnKeyring | undefined
}

/** Starts it; with a transport given, nothing listens on `peer.listen`. */
export const buildGround = (config: AgentConfig, given: GivenTransports) =>
  Effect.mapError(build(config, given), (error) =>
    error instanceof AgentFailed ? error : new AgentFailed({ key: "membership", detail: error.message })
  )

const build = Effect.fnUntraced(function* (
  config: AgentConfig,
  { heartbeatTransport, swimTransport }: GivenTransports
) {
  switch (membershipMode(config)) {
    case "swim":
      return yield* buildSwim(config, swimTransport)
    case "heartbeat":
      return withoutSwim(yield* buildHeartbeats(config, heartbeatTransport))
    case "static":
      return withoutSwim(yield* Layer.build(alone(config)))
  }
})

const withoutSwim = (services: Context.Context<Ground>): BuiltGround => ({
  services,
  swim: undefined,
  keyring: undefined
})

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
