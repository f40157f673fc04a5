/** The rules for membership by SWIM: whom to trust, where to find the cluster, who votes. */
import { isIP } from "node:net"

import type { Schema } from "effect"

import type { AgentConfig } from "../AgentConfig.ts"
import { formatHostPort, isLoopback, isWildcard, parseHostPort } from "./configValues.ts"
import { heartbeatNodesMax, membershipMode, nodesListed, swimKeys } from "./membershipMode.ts"
import { isIpAddress, ownAddress } from "./ownAddress.ts"
import { isSwimKey, noSwimKey, swimKeysMax } from "./swimKey.ts"
import { seedsMax, seedsOf } from "./swimSeeds.ts"

type Problems = ReadonlyArray<Schema.FilterIssue>

/** Most voters of an election: each of them asks each. */
const votersMax = 9

/** What is wrong with the keys of membership, given its mode. */
export const swimProblems = (config: AgentConfig): Problems => {
  const mode = membershipMode(config)
  return mode === "swim"
    ? [...trust(config), ...seeds(config), ...voters(config), ...addresses(config)]
    : [...strangeKeys(config, mode), ...peerUrls(config, mode)]
}

const strangeKeys = ({ membership }: AgentConfig, mode: string): Problems =>
  swimKeys
    .filter((key) => membership[key] !== undefined)
    .map((key) => ({ path: ["membership", key], issue: `is not used by mode "${mode}"; set mode: swim` }))

const peerUrls = ({ membership, node }: AgentConfig, mode: string): Problems => [
  ...membership.peers.flatMap(({ address }, index) => {
    const path = ["membership", "peers", index, "address"]
    if (address === undefined) return [{ path, issue: "is required" }]
    return isHostPort(address)
      ? [{ path, issue: `is no URL; with mode "${mode}" it is such as http://${address}` }]
      : []
  }),
  ...(node.advertise !== undefined && isHostPort(node.advertise)
    ? [
        {
          path: ["node", "advertise"],
          issue: `is no URL; with mode "${mode}" it is such as http://${node.advertise}`
        }
      ]
    : [])
]

const isHostPort = (address: string): boolean => !/^https?:/.test(address)

const at = (key: string, issue: string) => ({ path: ["membership", key], issue })

const trust = ({ membership: { keys, keys_file, plaintext } }: AgentConfig): Problems => {
  const isPlain = plaintext === true
  if (keys === undefined && keys_file === undefined)
    return isPlain
      ? []
      : [
          at(
            "keys_file",
            "is required with SWIM: name a file with what `coterie keyring generate` prints, the same on every node; or set membership.plaintext: true to trust whoever reaches the port"
          )
        ]
  return [
    ...(isPlain ? [at("plaintext", "cannot be combined with keys; drop one of them")] : []),
    ...(keys !== undefined && keys_file !== undefined
      ? [at("keys", "cannot be combined with keys_file; keep the file")]
      : []),
    ...(keys !== undefined && (keys.length === 0 || keys.length > swimKeysMax)
      ? [at("keys", `needs 1 to ${swimKeysMax} keys`)]
      : []),
    ...(keys ?? []).flatMap((key, index) =>
      isSwimKey(key) ? [] : [{ path: ["membership", "keys", index], issue: noSwimKey }]
    )
  ]
}

const seeds = (config: AgentConfig): Problems => {
  const { membership, node } = config
  const count = seedsOf(config).length
  if (count > seedsMax)
    return [at("seeds", `has more than ${seedsMax} entries with the addresses of the peers; a few suffice`)]
  return count === 0 && membership.peers.some(({ id }) => id !== node.id)
    ? [
        at(
          "seeds",
          "is required with SWIM, unless a peer has an address: the others are not found by their names"
        )
      ]
    : []
}

const voters = (config: AgentConfig): Problems => {
  const { election, membership } = config
  const path = ["membership", "peers"]
  if (membership.peers.length > votersMax)
    return [
      {
        path,
        issue:
          `lists the voters of the election with SWIM, at most ${votersMax}: keep ${votersMax}, the others need membership.seeds only` +
          (nodesListed(config) > heartbeatNodesMax ? "; mode: heartbeat goes on with all of them" : "")
      }
    ]
  return membership.peers.length === 0 && election.strategy !== "none"
    ? [
        {
          path,
          issue:
            "is required with SWIM: the voters of the election, the same list on every node, this one in it if it votes; or set election.strategy: none"
        }
      ]
    : []
}

const addresses = (config: AgentConfig): Problems => {
  const { membership, node, peer } = config
  const own = ownAddress(config)
  const listen = formatHostPort(peer.listen)
  return [
    ...membership.peers.flatMap(({ address }, index) =>
      address === undefined || isHostPort(address)
        ? []
        : [
            {
              path: ["membership", "peers", index, "address"],
              issue: `is a URL; SWIM needs host:port, such as ${URL.parse(address)?.host ?? "10.0.0.5:7481"}`
            }
          ]
    ),
    ...(node.advertise !== undefined && !(isHostPort(node.advertise) && isIpAddress(node.advertise))
      ? [
          {
            path: ["node", "advertise"],
            issue: "needs an IP address and a port with SWIM, such as 10.0.0.5:7481"
          }
        ]
      : []),
    ...(isIP(peer.listen.host) === 0
      ? [{ path: ["peer", "listen"], issue: `needs an IP address with SWIM, not the name in ${listen}` }]
      : []),
    ...(isWildcard(peer.listen.host) && own === undefined
      ? [{ path: ["node", "advertise"], issue: `is required: peers cannot reach peer.listen (${listen})` }]
      : []),
    ...(isLoopback(peer.listen.host) && own === undefined && seedsOf(config).some(isElsewhere)
      ? [
          {
            path: ["peer", "listen"],
            issue: `${listen} cannot be reached by the peers on other machines; use an address of this machine, or set node.advertise`
          }
        ]
      : [])
  ]
}

const isElsewhere = (seed: string): boolean =>
  seed.startsWith("srv:") || (isHostPort(seed) && !isLoopback(parseHostPort(seed).host))
