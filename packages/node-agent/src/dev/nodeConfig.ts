/** Turns what a node is told at its start into the options of its parts. */
import type { LocalityOptionsInput } from "@coterie/locality"
import { HttpTransport } from "@coterie/membership/transport/http"
import { UdpTransport } from "@coterie/membership/transport/udp"
import { Duration, Effect, Layer, Schema } from "effect"

import { AgentConfig } from "../AgentConfig.ts"
import { AgentFailed } from "../AgentFailed.ts"
import type { GivenTransports } from "../ground.ts"
import { layerDelayedSwim } from "./delayedSwim.ts"
import type { EmbeddedGroupOptions } from "./groupVoter.ts"
import { layerDelayed } from "./Latency.ts"
import type { NodeCommand } from "./nodeProtocol.ts"

/** What a node is told at its start. */
export type StartNode = Extract<NodeCommand, { _tag: "Start" }>

const host = "127.0.0.1"
const pendingWritesMax = 64
/** How long followers trust the first leader before they have heard it: by then all nodes have started. */
const bootstrapGraceMillis = 10_000

/** The configuration of a node's agent. */
export const agentConfig = (start: StartNode): Effect.Effect<AgentConfig, AgentFailed> => {
  const { nodes, self, stateFolder, timing } = start
  const { opsPort, peerPort } = nodes.find(({ id }) => id === self) ?? { opsPort: 0, peerPort: 0 }
  const input = {
    cluster: "dev",
    node: { id: self, stateFolder },
    peer: { listen: authority(peerPort) },
    membership: {
      interval: `${timing.memberHeartbeatMillis}ms`,
      deadAfter: `${timing.deadAfterMillis}ms`,
      ...peersOf(start)
    },
    election: { lease: `${timing.leaseMillis}ms`, cooldown: `${timing.masterCooldownMillis}ms` },
    locality: {
      mode: "act",
      interval: `${timing.localityIntervalMillis}ms`,
      cooldown: `${timing.localityCooldownMillis}ms`,
      persistence: "0s",
      settle: "0s"
    },
    api: { ops: authority(opsPort) },
    drain: { readinessDelay: "0s" }
  }
  return Schema.decodeUnknownEffect(AgentConfig)(input).pipe(
    Effect.mapError(({ message }) => new AgentFailed({ key: "dev", detail: message }))
  )
}

/** Round trips up to which the probes of one data centre have their answers in time. */
const nearMillisMax = 400

const peersOf = ({ nodes, rttMillis, swimKey }: StartNode) =>
  swimKey === undefined
    ? { mode: "heartbeat", peers: nodes.map(({ id, peerPort }) => ({ id, address: url(peerPort) })) }
    : {
        mode: "swim",
        keys: [swimKey],
        profile: Math.max(...Object.values(rttMillis)) > nearMillisMax ? "wan" : "fast",
        peers: nodes.map(({ id, peerPort }) => ({ id, address: authority(peerPort) }))
      }

/** An audience does not wait for a second opinion. */
export const localityOptions: LocalityOptionsInput = { minRounds: 1, persistenceRounds: 1 }

/** How a node's voter starts. */
export const groupOptions = ({ bootstrapLeader, nodes, self, timing }: StartNode): EmbeddedGroupOptions => ({
  settings: {
    self,
    voters: nodes.map(({ id }) => id).toSorted(),
    learners: [],
    heartbeatMillis: timing.groupHeartbeatMillis,
    electionTimeoutMillis: timing.electionTimeoutMillis,
    transferTimeoutMillis: timing.transferTimeoutMillis,
    pendingWritesMax
  },
  start:
    bootstrapLeader === undefined
      ? { _tag: "Restart" }
      : { _tag: "Bootstrap", leader: bootstrapLeader, graceMillis: bootstrapGraceMillis },
  answerTimeout: Duration.millis(timing.answerTimeoutMillis)
})

/** The transports of a node's agent: every word to a peer takes one of them, and so the delay of the link. */
export const delayedTransports = (
  { nodes, rttMillis }: StartNode,
  { peer }: AgentConfig
): GivenTransports => {
  const byAddress = new Map(nodes.map(({ id, peerPort }) => [authority(peerPort), rttMillis[id] ?? 0]))
  const delayOf = (address: string) => byAddress.get(address.replace(/^http:\/\//, "")) ?? 0
  return {
    heartbeatTransport: layerDelayed(delayOf).pipe(
      Layer.provide(HttpTransport.layerListening({ listen: peer.listen })),
      Layer.catchTag("ListenFailed", portFailed)
    ),
    swimTransport: layerDelayedSwim(delayOf).pipe(
      Layer.provide(UdpTransport.layer(peer.listen)),
      Layer.catchTag("UdpTransportFailed", portFailed)
    )
  }
}

const portFailed = ({ message }: { readonly message: string }) =>
  Layer.effectContext(new AgentFailed({ key: "peer.listen", detail: message }))

/** Where a node listens for its peers, as host:port. */
export const peerAddress = ({ nodes }: StartNode, id: string): string =>
  authority(nodes.find((node) => node.id === id)?.peerPort ?? 0)

const authority = (port: number): string => `${host}:${port}`
const url = (port: number): string => `http://${authority(port)}`
