/**
 * The rules that relate one key to another, each answered with the key to change.
 *
 * They run when every single value is right.
 */
import { Duration, type Schema } from "effect"

import type { AgentConfig } from "../AgentConfig.ts"
import { backendProblems } from "./backendProblems.ts"
import { formatDuration, formatHostPort, isLoopback, isWildcard } from "./configValues.ts"
import { membershipMode } from "./membershipMode.ts"
import { ownAddress } from "./ownAddress.ts"
import { isShortProbeKey, shortProbeKey } from "./probeKey.ts"
import { swimProblems } from "./swimProblems.ts"

type Rule = (config: AgentConfig) => ReadonlyArray<Schema.FilterIssue>

const problem = (path: ReadonlyArray<string | number>, issue: string): Schema.FilterIssue => ({ path, issue })

/** Time that the stop itself may take after the delay: open requests, and a goodbye to the peers. */
const stopTime = Duration.seconds(5)

const timing: Rule = ({ drain, membership }) => [
  ...(Duration.isLessThan(membership.deadAfter, Duration.times(membership.interval, 2))
    ? [
        problem(
          ["membership", "deadAfter"],
          `must be at least twice membership.interval (${formatDuration(membership.interval)}), or one late beat is a death`
        )
      ]
    : []),
  ...(Duration.isLessThan(drain.deadline, Duration.sum(drain.readinessDelay, stopTime))
    ? [
        problem(
          ["drain", "deadline"],
          `must be at least ${formatDuration(stopTime)} longer than drain.readinessDelay (${formatDuration(drain.readinessDelay)})`
        )
      ]
    : [])
]

const peers: Rule = ({ membership, node }) => {
  const seen = new Set<string>()
  return membership.peers.flatMap((peer, index) => {
    if (seen.has(peer.id))
      return [problem(["membership", "peers", index, "id"], `"${peer.id}" is listed twice`)]
    seen.add(peer.id)
    return peer.id === node.id &&
      node.advertise !== undefined &&
      membershipMode({ membership, node }) !== "swim" &&
      peer.address !== node.advertise
      ? [
          problem(
            ["membership", "peers", index, "address"],
            `differs from node.advertise (${node.advertise})`
          )
        ]
      : []
  })
}

const election: Rule = ({ election, membership, node }) => {
  if (election.strategy === "none") return []
  // Nothing is exchanged with static peers: everybody would elect itself, or wait for votes for ever.
  if (membership.mode === "static" && membership.peers.some(({ id }) => id !== node.id))
    return [
      problem(
        ["election", "strategy"],
        'must be "none" while membership.mode is "static": an election needs heartbeats'
      )
    ]
  const least = Duration.times(membership.interval, 2)
  return election.strategy === "leased" && Duration.isLessThan(election.lease, least)
    ? [
        problem(
          ["election", "lease"],
          `must be at least twice membership.interval (${formatDuration(membership.interval)}), or one late heartbeat ends a leadership`
        )
      ]
    : []
}

const listeners: Rule = (config) => [
  ...(isLoopback(config.api.ops.host) || config.api.allowPlaintext
    ? []
    : [
        problem(
          ["api", "ops"],
          `${config.api.ops.host} is reachable from other machines and has no TLS; use 127.0.0.1, or set api.allowPlaintext: true`
        )
      ]),
  ...(config.api.ops.port !== 0 && formatHostPort(config.api.ops) === formatHostPort(config.peer.listen)
    ? [problem(["peer", "listen"], `is the same address as api.ops (${formatHostPort(config.api.ops)})`)]
    : []),
  ...(membershipMode(config) === "swim" ? [] : reachable(config)),
  ...(config.node.advertise !== undefined && isWildcard(advertisedHost(config.node.advertise))
    ? [problem(["node", "advertise"], "must name an address that peers can dial, not a wildcard")]
    : [])
]

const reachable: Rule = ({ membership, node, peer }) => [
  ...(isWildcard(peer.listen.host) &&
  ownAddress({ membership, node }) === undefined &&
  membership.peers.length > 0
    ? [
        problem(
          ["node", "advertise"],
          `is required: peers cannot dial peer.listen (${formatHostPort(peer.listen)})`
        )
      ]
    : []),
  ...(membershipMode({ membership, node }) === "heartbeat" &&
  isLoopback(peer.listen.host) &&
  ownAddress({ membership, node }) === undefined &&
  membership.peers.some(
    ({ address = "", id }) => id !== node.id && address !== "" && !isLoopback(advertisedHost(address))
  )
    ? [
        problem(
          ["peer", "listen"],
          `${formatHostPort(peer.listen)} cannot be reached by the peers on other machines; use an address of this machine, or set node.advertise`
        )
      ]
    : [])
]

const advertisedHost = (address: string): string =>
  URL.parse(address.includes("://") ? address : `tcp://${address}`)?.hostname.replace(/^\[|\]$/g, "") ?? ""

const locality: Rule = ({ backend, backends, locality, membership, node }) => {
  if (!locality.enabled) return []
  const { policy, preference, probe } = locality
  const engines = [backend, ...backends].filter(({ kind }) => kind !== "none")
  return [
    // Rows travel on heartbeats; without those of the others, the distances between them stay unknown.
    ...(engines.length > 0 &&
    policy === "quorumLatency" &&
    membership.mode === "static" &&
    membership.peers.some(({ id }) => id !== node.id)
      ? [
          problem(
            ["locality", "policy"],
            'cannot be "quorumLatency" while membership.mode is "static": the agents tell each other what they measured in heartbeats; choose "nearestPeer"'
          )
        ]
      : []),
    ...(policy === "staticPreference" && preference.length === 0
      ? [problem(["locality", "preference"], 'is required with policy "staticPreference"')]
      : []),
    ...(policy !== "staticPreference" && preference.length > 0
      ? [
          problem(
            ["locality", "preference"],
            `is not used by policy "${policy}"; set policy: staticPreference`
          )
        ]
      : []),
    ...preference.flatMap((id, index) =>
      preference.indexOf(id) < index
        ? [problem(["locality", "preference", index], `"${id}" is listed twice`)]
        : []
    ),
    ...(probe === "tcp" && engines.some(({ kind }) => kind === "nats")
      ? [
          problem(
            ["locality", "probe"],
            'cannot be "tcp" with nats, which does not say where its servers replicate'
          )
        ]
      : [])
  ]
}

/** Echoes over UDP need a key, and a port that the peers know. */
const echoes: Rule = ({ locality: { enabled, probe, probeKey, probeKey_file }, membership, node, peer }) => {
  const isSwim = membershipMode({ membership, node }) === "swim"
  const given = [
    ...(probeKey === undefined ? [] : ["probeKey"]),
    ...(probeKey_file === undefined ? [] : ["probeKey_file"])
  ]
  if (!enabled) return []
  if (probe === "udp" && isSwim)
    return [
      problem(
        ["locality", "probe"],
        'cannot be "udp" with SWIM, which has that port; "swim" measures over it, and needs no key'
      )
    ]
  if (probe === "swim" && !isSwim)
    return [problem(["locality", "probe"], 'cannot be "swim" without SWIM; set membership.mode: swim')]
  if (probe !== "udp")
    return given.map((key) => problem(["locality", key], `is not used by probe "${probe}"; set probe: udp`))
  return [
    ...(given.length === 0
      ? [
          problem(
            ["locality", "probeKey_file"],
            'is required with probe "udp": the agents seal echoes with it'
          )
        ]
      : []),
    ...(given.length === 2
      ? [problem(["locality", "probeKey"], "cannot be combined with probeKey_file; keep the file")]
      : []),
    ...(probeKey !== undefined && isShortProbeKey(probeKey)
      ? [problem(["locality", "probeKey"], shortProbeKey)]
      : []),
    ...(peer.listen.port === 0
      ? [
          problem(
            ["peer", "listen"],
            'needs a port other than 0 with locality.probe "udp": echoes go there too'
          )
        ]
      : [])
  ]
}

const rules: ReadonlyArray<Rule> = [
  timing,
  peers,
  swimProblems,
  election,
  listeners,
  backendProblems,
  locality,
  echoes
]

/** What is wrong with keys that are right one by one; empty when nothing is. */
export const crossFieldProblems: Rule = (config) => rules.flatMap((rule) => rule(config))
