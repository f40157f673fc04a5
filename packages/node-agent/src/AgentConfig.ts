/**
 * Everything an operator can configure: one schema holds each key's meaning, default, range and relation to other keys.
 *
 * The YAML file, environment variables, the CLI and code that embeds the agent all decode through it.
 */
import { hostname } from "node:os"

import { Effect, Schema } from "effect"

import { Backend, NamedBackend } from "./config/backendSchema.ts"
import {
  durationBetween,
  FilePath,
  HostPort,
  matching,
  name,
  oneOf,
  optional,
  PeerAddress,
  required,
  Secret,
  section,
  SwimSeed,
  Switch,
  withDefault
} from "./config/configValues.ts"
import { crossFieldProblems } from "./config/crossFieldProblems.ts"
import { membershipModes } from "./config/membershipMode.ts"

/** The bounds of `Metadata` in @coterie/membership, less the labels of the agent itself. */
const badLabels = (labels: Readonly<Record<string, string>>): Schema.FilterOutput => {
  const keys = Object.keys(labels)
  if (keys.length > 30) return "expected at most 30 labels"
  return keys
    .filter((key) => !/^[A-Za-z][\w.:/-]{0,63}$/.test(key))
    .map((key) => ({
      path: [key],
      issue: "expected a label of letters, digits and _.:/-, starting with a letter"
    }))
}

const Node = section({
  id: name(128).pipe(
    Schema.withDecodingDefaultKey(Effect.sync(hostname)),
    Schema.annotateKey({
      description: "Unique name of this node, stable over restarts; the default is the machine's host name."
    })
  ),
  zone: optional(
    name(64),
    "Failure domain of this node; published to the other members as the label `zone`."
  ),
  advertise: optional(
    PeerAddress,
    "Where peers reach `peer.listen`: a URL, with SWIM an IP address and port; the default is this node's entry among the peers, then that address."
  ),
  tags: withDefault(
    Schema.Record(
      Schema.String,
      matching(/^.{0,256}$/, "text of at most 256 characters; put numbers and switches in quotes")
    ).check(Schema.makeFilter(badLabels)),
    {},
    "Labels, published to the other members: at most 30."
  ),
  stateFolder: optional(
    FilePath,
    "Folder for what must survive a restart, in it one for each cluster and node; the default is `$STATE_DIRECTORY` of systemd, then the user's state folder."
  )
})

const Peer = section({
  id: required(name(128), "The peer's `node.id`."),
  address: optional(
    PeerAddress,
    "The peer's `node.advertise`; with SWIM host:port, one more seed, and not needed."
  )
})

const Membership = section({
  mode: optional(
    oneOf(...membershipModes),
    "`swim`: by random probes and gossip, for any number of nodes; `heartbeat`: the peers listed here, each watched by each; `static`: the same peers, always believed alive. Without it `swim` where a key of SWIM is set or more than nine nodes are listed, else `heartbeat`."
  ),
  interval: withDefault(
    durationBetween("10ms", "1m"),
    "1s",
    "Time between heartbeats and the deadline of each, with SWIM between the voters; the same on every node."
  ),
  deadAfter: withDefault(
    durationBetween("20ms", "10m"),
    "4s",
    "Silence after which a peer is dead; with SWIM, after which it does not count in the election."
  ),
  peers: withDefault(
    Schema.Array(Peer).check(Schema.isMaxLength(64, { message: "expected at most 64 peers" })),
    [],
    "Every other node; listing this node too is allowed, so that all nodes can share one list. With SWIM the voters of the election, at most nine, the same on every node: each voter lists itself too."
  ),
  seeds: optional(
    Schema.Array(SwimSeed),
    "SWIM: where the cluster is found, as host:port or `srv:` and a service record; names are looked up again at every attempt; at most 16 with the addresses of the peers."
  ),
  keys_file: optional(
    FilePath,
    "SWIM: file with the cluster's keys as `coterie keyring generate` prints them, a line each; the first seals, each opens; at most 16."
  ),
  keys: optional(Schema.Array(Secret), "SWIM: the keys themselves; prefer `keys_file`."),
  plaintext: optional(Switch, "SWIM: do without keys, and trust whoever reaches the port."),
  profile: withDefault(
    oneOf("lan", "wan", "local", "fast"),
    "lan",
    "SWIM: timing for a kind of network, the same on every node; `local` is one machine, `fast` finds the dead sooner for more packets."
  )
})

const Election = section({
  strategy: withDefault(
    oneOf("leased", "quorum", "none"),
    "leased",
    "`leased`: by votes lent for a time, never two leaders, the term is a fencing token; `quorum`: the lowest live id of a majority, without votes and disk, and a network fault can make two lead; `none`: no election."
  ),
  lease: withDefault(
    durationBetween("500ms", "10m"),
    "4s",
    "How long votes are lent with `leased`: how long nobody leads after a leader crashed; the same on every node."
  ),
  cooldown: withDefault(
    durationBetween("0s", "1d"),
    "2m",
    "How long a node must have been alive before it displaces a live leader; how long a leader that resigned stands back."
  )
})

const Locality = section({
  enabled: withDefault(Switch, true, "Watch where the engine's leaders sit; needs a `backend`."),
  mode: withDefault(
    oneOf("advise", "act"),
    "advise",
    "`advise`: say what it would do; `act`: hand leadership over."
  ),
  policy: withDefault(
    oneOf("quorumLatency", "nearestPeer", "staticPreference"),
    "quorumLatency",
    "`quorumLatency`: where a quorum answers soonest, by the rows of all agents; `nearestPeer`: away from a leader with no voter near; `staticPreference`: to the first of `preference` that may lead."
  ),
  interval: withDefault(durationBetween("100ms", "1h"), "90s", "Time between two looks at every group."),
  cooldown: withDefault(
    durationBetween("0s", "7d"),
    "10m",
    "Least time between two hand-overs of one group."
  ),
  persistence: withDefault(
    durationBetween("0s", "1d"),
    "60s",
    "How long the same hand-over must be wanted, in three looks at least; not with `nearestPeer`."
  ),
  settle: withDefault(
    durationBetween("0s", "1d"),
    "60s",
    "How long leadership is left alone after it changed; not with `nearestPeer`."
  ),
  minGain: withDefault(
    durationBetween("0ms", "10s"),
    "5ms",
    "`quorumLatency`: the least that a hand-over must save on each write; 5 % of a write, too."
  ),
  rttThreshold: withDefault(
    durationBetween("0ms", "10s"),
    "100ms",
    "`nearestPeer`: the leader moves when even its nearest voter is farther away than this."
  ),
  preference: withDefault(
    Schema.Array(name(256)).check(Schema.isMaxLength(100)),
    [],
    "`staticPreference`: ids of replicas as the engine knows them, the most preferred first."
  ),
  probe: withDefault(
    oneOf("engine", "tcp", "udp", "swim"),
    "engine",
    "`engine`: an answer of the replica's process; `tcp`: a connect to its replication port, which a hung process passes; `udp`: an echo between the agents, on the UDP port of the same number as `peer.listen`; `swim`: a call between the agents over SWIM, without a key of its own."
  ),
  probeKey: optional(
    Secret,
    "`probe: udp`: the secret that all agents share, of 16 characters or more; prefer `probeKey_file`."
  ),
  probeKey_file: optional(
    FilePath,
    "`probe: udp`: file that holds the secret; one trailing line break is dropped."
  )
})

const Rebalancer = section({
  enabled: withDefault(
    Switch,
    false,
    "Plan moves of shards between nodes; needs a control store given in code."
  ),
  interval: withDefault(durationBetween("100ms", "1h"), "30s", "Time between two sweeps.")
})

const Api = section({
  ops: withDefault(HostPort, "127.0.0.1:7480", "Where probes, the read API and metrics listen."),
  allowPlaintext: withDefault(
    Switch,
    false,
    "Let `ops` listen beyond this machine without TLS; anybody who reaches the port can then read."
  ),
  allowRemoteDrain: withDefault(
    Switch,
    false,
    "Let a caller from another machine drain this node, hand leadership over and declare dead members left."
  )
})

const Drain = section({
  readinessDelay: withDefault(
    durationBetween("0s", "5m"),
    "5s",
    "How long readiness says 503 while everything still works, so that load balancers look away."
  ),
  deadline: withDefault(durationBetween("0s", "10m"), "25s", "Most time a stop may take, the delay included.")
})

const Telemetry = section({
  log: withDefault(
    section({
      level: withDefault(
        oneOf("trace", "debug", "info", "warn", "error"),
        "info",
        "Least severe lines that are written to the standard error output, as JSON."
      )
    }),
    {},
    "Logs."
  )
})

/** Configuration of an agent, defaults filled in. */
export const AgentConfig = section({
  cluster: required(
    matching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, "1 to 64 letters, digits and ._-"),
    "Name of the cluster: 1 to 64 letters, digits and ._-; nodes of different clusters refuse each other."
  ),
  node: withDefault(Node, {}, "Who this node is."),
  peer: withDefault(
    section({
      listen: withDefault(
        HostPort,
        "127.0.0.1:7481",
        "Where peers are heard: over TCP, with SWIM an IP address for both UDP and TCP."
      )
    }),
    {},
    "The listener for peers."
  ),
  membership: withDefault(Membership, {}, "Who is in the cluster, and who is alive."),
  election: withDefault(Election, {}, "Which of the agents leads."),
  locality: withDefault(Locality, {}, "Where the engine's leaders sit."),
  rebalancer: withDefault(Rebalancer, {}, "Which node carries which shard."),
  backend: withDefault(Backend, {}, "The engine beside this agent."),
  backends: withDefault(
    Schema.Array(NamedBackend).check(Schema.isMaxLength(16, { message: "expected at most 16 engines" })),
    [],
    "Several engines beside this agent, in place of `backend`."
  ),
  api: withDefault(Api, {}, "The listener for operators."),
  drain: withDefault(Drain, {}, "How this node stops."),
  telemetry: withDefault(Telemetry, {}, "What this node says about itself.")
}).check(Schema.makeFilter(crossFieldProblems))
/** Configuration of an agent, defaults filled in. */
export type AgentConfig = typeof AgentConfig.Type
