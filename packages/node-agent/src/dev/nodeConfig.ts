/** Turns what a node is told at its start into the options of its parts. */
import type { LocalityOptionsInput } from "@coterie/locality"
import type { HeartbeatTransport } from "@coterie/membership"
import { HttpTransport } from "@coterie/membership/transport/http"
import { Duration, Effect, Layer, Schema } from "effect"

import { AgentConfig } from "../AgentConfig.ts"
import { AgentFailed } from "../AgentFailed.ts"
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
export const agentConfig = ({
  nodes,
  self,
  stateFolder,
  timing
}: StartNode): Effect.Effect<AgentConfig, AgentFailed> => {
  const { opsPort, peerPort } = nodes.find(({ id }) => id === self) ?? { opsPort: 0, peerPort: 0 }
  const input = {
    cluster: "dev",
    node: { id: self, advertise: url(peerPort), stateFolder },
    peer: { listen: authority(peerPort) },
    membership: {
      interval: `${timing.memberHeartbeatMillis}ms`,
      deadAfter: `${timing.deadAfterMillis}ms`,
      peers: nodes.map(({ id, peerPort: port }) => ({ id, address: url(port) }))
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

/** The transport of a node's agent: every word to a peer takes it, and so the delay of the link. */
export const delayedTransport = (
  { nodes, rttMillis }: StartNode,
  { peer }: AgentConfig
): Layer.Layer<HeartbeatTransport, AgentFailed> => {
  const byAddress = new Map(nodes.map(({ id, peerPort }) => [url(peerPort), rttMillis[id] ?? 0]))
  return layerDelayed((address) => byAddress.get(address) ?? 0).pipe(
    Layer.provide(HttpTransport.layerListening({ listen: peer.listen })),
    Layer.catchTag("ListenFailed", ({ message }) =>
      Layer.effectContext(new AgentFailed({ key: "peer.listen", detail: message }))
    )
  )
}

/** Where a node listens for its peers, as host:port. */
export const peerAddress = ({ nodes }: StartNode, id: string): string =>
  authority(nodes.find((node) => node.id === id)?.peerPort ?? 0)

const authority = (port: number): string => `${host}:${port}`
const url = (port: number): string => `http://${authority(port)}`
