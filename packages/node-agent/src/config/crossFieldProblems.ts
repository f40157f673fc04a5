/**
 * The rules that relate one key to another, each answered with the key to change.
 *
 * They run when every single value is right.
 */
import { Duration, type Schema } from "effect"

import type { AgentConfig } from "../AgentConfig.ts"
import { formatDuration, formatHostPort, isLoopback, isWildcard } from "./configValues.ts"
import { ownAddress } from "./ownAddress.ts"

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
    return peer.id === node.id && node.advertise !== undefined && peer.address !== node.advertise
      ? [
          problem(
            ["membership", "peers", index, "address"],
            `differs from node.advertise (${node.advertise})`
          )
        ]
      : []
  })
}

const election: Rule = ({ election, membership }) =>
  election.strategy === "quorum" && membership.mode === "static" && membership.peers.length > 0
    ? [
        problem(
          ["election", "strategy"],
          'must be "none" while membership.mode is "static": a quorum counts heartbeats'
        )
      ]
    : []

const listeners: Rule = ({ api, membership, node, peer }) => [
  ...(isLoopback(api.ops.host) || api.allowPlaintext
    ? []
    : [
        problem(
          ["api", "ops"],
          `${api.ops.host} is reachable from other machines and has no TLS; use 127.0.0.1, or set api.allowPlaintext: true`
        )
      ]),
  ...(api.ops.port !== 0 && formatHostPort(api.ops) === formatHostPort(peer.listen)
    ? [problem(["peer", "listen"], `is the same address as api.ops (${formatHostPort(api.ops)})`)]
    : []),
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
  ...(membership.mode === "heartbeat" &&
  isLoopback(peer.listen.host) &&
  ownAddress({ membership, node }) === undefined &&
  membership.peers.some(({ address, id }) => id !== node.id && !isLoopback(advertisedHost(address)))
    ? [
        problem(
          ["peer", "listen"],
          `${formatHostPort(peer.listen)} cannot be reached by the peers on other machines; use an address of this machine, or set node.advertise`
        )
      ]
    : []),
  ...(node.advertise !== undefined && isWildcard(advertisedHost(node.advertise))
    ? [problem(["node", "advertise"], "must name an address that peers can dial, not a wildcard")]
    : [])
]

const advertisedHost = (url: string): string => URL.parse(url)?.hostname.replace(/^\[|\]$/g, "") ?? ""

const backendSource: Rule = ({ backend }) => {
  const sources = (["url", "groups", "dataFolder"] as const).filter((source) => backend[source] !== undefined)
  if (backend.kind === "none")
    return sources.map((source) =>
      problem(["backend", source], 'is not used while backend.kind is "none"; set kind: rqlite')
    )
  if (sources.length === 1) return []
  return sources.length === 0
    ? [problem(["backend"], "needs one of url, groups or dataFolder")]
    : sources
        .slice(1)
        .map((source) => problem(["backend", source], `cannot be combined with backend.${sources[0]}`))
}

const backendCredentials: Rule = ({ backend }) => [
  ...(backend.password !== undefined && backend.password_file !== undefined
    ? [problem(["backend", "password"], "cannot be combined with backend.password_file; keep the file")]
    : []),
  ...((backend.password ?? backend.password_file) !== undefined && backend.username === undefined
    ? [problem(["backend", "username"], "is required with a password")]
    : []),
  ...((backend.password ?? backend.password_file) === undefined && backend.username !== undefined
    ? [problem(["backend", "password_file"], "is required with a user name")]
    : []),
  ...(backend.tls !== undefined && (backend.tls.cert === undefined) !== (backend.tls.key === undefined)
    ? [problem(["backend", "tls"], "needs cert and key together")]
    : [])
]

const groupNames: Rule = ({ backend }) => {
  const names = (backend.groups ?? []).map((group) => group.name)
  return names.flatMap((name, index) =>
    names.indexOf(name) < index
      ? [problem(["backend", "groups", index, "name"], `"${name}" is listed twice`)]
      : []
  )
}

const rules: ReadonlyArray<Rule> = [
  timing,
  peers,
  election,
  listeners,
  backendSource,
  backendCredentials,
  groupNames
]

/** What is wrong with keys that are right one by one; empty when nothing is. */
export const crossFieldProblems: Rule = (config) => rules.flatMap((rule) => rule(config))
