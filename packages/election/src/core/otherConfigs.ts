/**
 * What the nodes of one election must have in common, and which nodes say that they have something else (R12).
 *
 * Votes keep two nodes of one list of voters from leading at once, and nothing keeps two that have different lists: a majority of the one
 * need not meet a majority of the other.
 */
import type { MemberStanding } from "../LeadershipExplanation.ts"
import { because, inSeconds, type Reason, standingOf } from "./leadershipReason.ts"

/** Why a node's election is not ours: it has other voters, or another strategy or lease. */
export type Difference = "otherVoters" | "otherElection"

/** A node whose election is another. */
export interface OtherConfig {
  readonly difference: Difference
  readonly config: string
  readonly heardMillis: number
}

/** The nodes that said so last, by id. */
export type OtherConfigs = ReadonlyMap<string, OtherConfig>

/** Nodes that are remembered beside the voters. */
const othersMax = 128
/** How long what a node said is believed without being said again. */
const keptMillis = 3_600_000

/** The configuration of an election in a few characters: a hash of its voters in any order, then its strategy and what belongs to that. */
export const electionConfig = (voters: ReadonlyArray<string>, strategy: string): string =>
  `${hashOf([...new Set(voters)].toSorted().join(" "))} ${strategy}`

/** FNV-1a of 64 bits, in hexadecimal: against mistakes, not against enemies, who would have to be members. */
const hashOf = (text: string): string => {
  let hash = 0xcb_f2_9c_e4_84_22_23_25n
  for (let at = 0; at < text.length; at++)
    hash = BigInt.asUintN(64, (hash ^ BigInt(text.charCodeAt(at))) * 0x1_00_00_00_01_b3n)
  return hash.toString(16).padStart(16, "0")
}

/** What this node has configured, and what it heard of others. */
export interface HeardConfigs {
  readonly own: string
  /** The voters of this node's list are remembered in any case. */
  readonly voters: ReadonlyArray<string>
  readonly others: OtherConfigs
}

/** A node says that its configuration is another, for the first time, or that it no longer is. */
export interface ConfigNews {
  readonly _tag: "ConfigNews"
  readonly from: string
  readonly own: string
  /** Absent when the node agrees by now. */
  readonly other: OtherConfig | undefined
  /** Nodes that disagree by now. */
  readonly count: number
}

/** Notes what a node said, and whether that is news. */
export const hearConfig = (
  { others, own, voters }: HeardConfigs,
  from: string,
  config: string,
  nowMillis: number
): readonly [OtherConfigs, ConfigNews | undefined] => {
  const before = others.get(from)
  const difference = differenceOf(own, config)
  if (difference === undefined && before === undefined) return [others, undefined]
  const next = new Map([...others].filter(([, { heardMillis }]) => nowMillis - heardMillis < keptMillis))
  if (difference === undefined) next.delete(from)
  else if (next.has(from) || voters.includes(from) || next.size < othersMax)
    next.set(from, { difference, config, heardMillis: nowMillis })
  const other = next.get(from)
  const isNews = other?.config !== before?.config
  return [next, isNews ? { _tag: "ConfigNews", from, own, other, count: next.size } : undefined]
}

const differenceOf = (own: string, other: string): Difference | undefined => {
  if (own === other) return undefined
  return own.split(" ")[0] === other.split(" ")[0] ? "otherElection" : "otherVoters"
}

/** The difference as a standing, for people. */
export const disagrees = (
  { config, difference, heardMillis }: OtherConfig,
  own: string,
  nowMillis: number
): Reason<Difference> => {
  const [theirs = "", ...theirElection] = config.split(" ")
  const [ours = "", ...ourElection] = own.split(" ")
  const said = `said so ${inSeconds(nowMillis - heardMillis)} ago`
  return difference === "otherVoters"
    ? because(difference, `has another list of voters (${theirs}, not ${ours}), ${said}`)
    : because(
        difference,
        `its election is "${theirElection.join(" ")}", not "${ourElection.join(" ")}", ${said}`
      )
}

/** Where those stand that this node does not count among the members. */
export const standingsOfStrangers = (
  { others, own }: Pick<HeardConfigs, "others" | "own">,
  members: ReadonlyArray<string>,
  nowMillis: number
): ReadonlyArray<MemberStanding> =>
  [...others]
    .filter(([id, { heardMillis }]) => !members.includes(id) && nowMillis - heardMillis < keptMillis)
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([id, other]) => standingOf(id, disagrees(other, own, nowMillis)))
