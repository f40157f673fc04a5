/** Every number of the protocol, as profiles for kinds of network; all members of a cluster should use the same profile. */

/** Timing and limits of one node. Durations are in ms, of periods and time-outs at least 1. */
export interface SwimOptions {
  /** Period of probes, scaled by local health; more than `probeTimeoutMillis`. */
  readonly probeIntervalMillis: number
  /** Wait for a direct answer before helpers are asked, scaled by local health. */
  readonly probeTimeoutMillis: number
  /** Helpers that are asked to ping a silent member, 0 to 16. */
  readonly helpers: number
  /** A suspicion lasts at least `suspicionMult * max(1, log10 n) * probeIntervalMillis`. */
  readonly suspicionMult: number
  /** A suspicion that nobody confirms lasts this many times the least. */
  readonly suspicionMaxMult: number
  /** Independent confirmations that bring a suspicion down to the least (K of the Lifeguard paper). */
  readonly confirmations: number
  /** Local health is a score from 0 to one less than this (S of the paper); 1 turns it off. */
  readonly awarenessMax: number
  /** A fact is sent `retransmitMult * ceil(log10(n + 1))` times. */
  readonly retransmitMult: number
  readonly gossipIntervalMillis: number
  /** Members that each gossip tick writes to. */
  readonly gossipFanout: number
  /** How long the dead are still told that they are, so that they can refute. */
  readonly gossipToTheDeadMillis: number
  /** Period of push/pull up to 32 members; more members, longer period. */
  readonly pushPullIntervalMillis: number
  /** Longest stream exchange. */
  readonly streamTimeoutMillis: number
  /** Ping over a stream beside the helpers. */
  readonly streamPings: boolean
  /** Largest packet, 512 to 65507 bytes, as `PacketSizes` counts them. */
  readonly packetBytesMax: number
  /** Most members that are alive, suspect or shown as dead or left. */
  readonly membersMax: number
  /** Most subjects known by rumour only; the oldest goes first. */
  readonly ghostsMax: number
  /** Most dead and left members remembered; the oldest goes first. */
  readonly tombstonesMax: number
  /** How long the dead and left are remembered; at least twice the longest push/pull period. */
  readonly tombstoneTtlMillis: number
  readonly userEventsMax: number
  readonly userEventBytesMax: number
  /** Pings per second done for one asking member. */
  readonly pingReqsPerSecond: number
  /** Period in which a dead member may be tried again. */
  readonly healIntervalMillis: number
  /** Period in which one configured seed that is not alive is tried again. */
  readonly seedIntervalMillis: number
  /** Longest wait until a goodbye has been told often enough. */
  readonly leaveTimeoutMillis: number
  /** How long a node that has said goodbye still answers pings. */
  readonly leavePropagateMillis: number
  /** Withhold verdicts for one more minimum while this node seems to be the one cut off. */
  readonly isolation: boolean
  /** What the loser of a name conflict does: stop, take the name over (3 times a minute at most), or only tell. */
  readonly onConflict: "shutdown" | "takeover" | "observe"
}

const lan: SwimOptions = {
  probeIntervalMillis: 1000,
  probeTimeoutMillis: 500,
  helpers: 3,
  suspicionMult: 4,
  suspicionMaxMult: 6,
  confirmations: 3,
  awarenessMax: 8,
  retransmitMult: 4,
  gossipIntervalMillis: 200,
  gossipFanout: 3,
  gossipToTheDeadMillis: 30_000,
  pushPullIntervalMillis: 30_000,
  streamTimeoutMillis: 10_000,
  streamPings: true,
  packetBytesMax: 1400,
  membersMax: 65_536,
  ghostsMax: 1024,
  tombstonesMax: 16_384,
  tombstoneTtlMillis: 24 * 3_600_000,
  userEventsMax: 512,
  userEventBytesMax: 262_144,
  pingReqsPerSecond: 20,
  healIntervalMillis: 30_000,
  seedIntervalMillis: 65_000,
  leaveTimeoutMillis: 5000,
  leavePropagateMillis: 1000,
  isolation: true,
  onConflict: "shutdown"
}

/** Settings by kind of network. Numbers of `lan`, `wan` and `local` are those of hashicorp/memberlist, with K = 3. */
export const swimProfiles = {
  /** One data centre. */
  lan,
  /** Several sites: slower probes, wider gossip. */
  wan: {
    ...lan,
    probeIntervalMillis: 5000,
    probeTimeoutMillis: 3000,
    suspicionMult: 6,
    gossipIntervalMillis: 500,
    gossipFanout: 4,
    gossipToTheDeadMillis: 60_000,
    pushPullIntervalMillis: 60_000,
    streamTimeoutMillis: 30_000
  },
  /** One machine. */
  local: {
    ...lan,
    probeTimeoutMillis: 200,
    helpers: 1,
    suspicionMult: 3,
    retransmitMult: 2,
    gossipIntervalMillis: 100,
    gossipToTheDeadMillis: 15_000,
    pushPullIntervalMillis: 15_000,
    streamTimeoutMillis: 1000
  },
  /** One data centre, failures found sooner: 5 s instead of 8 s of suspicion at 100 members. */
  fast: { ...lan, suspicionMult: 2.5, gossipIntervalMillis: 100 }
} satisfies Readonly<Record<string, SwimOptions>>

/** The same settings with as many confirmations as memberlist expects, for comparisons. */
export const withParity = (options: SwimOptions): SwimOptions => ({
  ...options,
  confirmations: Math.max(0, Math.floor(options.suspicionMult) - 2)
})

/** What is wrong with the settings, one sentence each; empty when all is well. */
export const optionProblems = (options: SwimOptions): ReadonlyArray<string> => {
  const periodMax = options.pushPullIntervalMillis * pushPullScale(options.membersMax) * 1.1
  return [
    ...Object.entries(ranges).flatMap(([name, range]) => rangeProblems(name, range, { ...options })),
    ...(options.probeTimeoutMillis < options.probeIntervalMillis
      ? []
      : ["probeTimeoutMillis must be less than probeIntervalMillis"]),
    ...(options.tombstoneTtlMillis >= 2 * periodMax
      ? []
      : [
          `tombstoneTtlMillis must be at least ${Math.round(2 * periodMax)}, twice the push/pull period of membersMax`
        ])
  ]
}

interface Range {
  readonly least: number
  /** No bound but finiteness by default. */
  readonly most?: number
  /** Of whole numbers only. */
  readonly whole?: true
}

/** A period or time-out of none would take all of a core. */
const span: Range = { least: 1 }
const count: Range = { least: 0, whole: true }
const countFromOne: Range = { least: 1, whole: true }

/** What each number may be; what rides in evidence is counted in a byte. */
const ranges: Readonly<Record<NumberName, Range>> = {
  probeIntervalMillis: span,
  probeTimeoutMillis: span,
  helpers: { least: 0, most: 16, whole: true },
  suspicionMult: { least: 0.1 },
  suspicionMaxMult: { least: 1 },
  confirmations: { least: 0, most: 255, whole: true },
  awarenessMax: countFromOne,
  retransmitMult: { least: 1 },
  gossipIntervalMillis: span,
  gossipFanout: countFromOne,
  gossipToTheDeadMillis: { least: 0 },
  pushPullIntervalMillis: span,
  streamTimeoutMillis: span,
  packetBytesMax: { least: 512, most: 65_507, whole: true },
  membersMax: countFromOne,
  ghostsMax: count,
  tombstonesMax: count,
  tombstoneTtlMillis: { least: 0 },
  userEventsMax: count,
  userEventBytesMax: count,
  pingReqsPerSecond: count,
  healIntervalMillis: span,
  seedIntervalMillis: span,
  leaveTimeoutMillis: { least: 0 },
  leavePropagateMillis: { least: 0 }
}

type NumberName = {
  [Name in keyof SwimOptions]: SwimOptions[Name] extends number ? Name : never
}[keyof SwimOptions]

const rangeProblems = (
  name: string,
  { least, most, whole }: Range,
  options: Readonly<Record<string, unknown>>
): ReadonlyArray<string> => {
  const value = Number(options[name])
  const isRight =
    value >= least && value <= (most ?? Number.MAX_VALUE) && (whole !== true || Number.isInteger(value))
  const kind = whole === true ? "a whole number" : "a finite number"
  return isRight
    ? []
    : [`${name} must be ${kind} from ${least}${most === undefined ? "" : ` to ${most}`}, not ${value}`]
}

/** How much longer the push/pull period is among `n` members than among 32. */
export const pushPullScale = (n: number): number =>
  n <= 32 ? 1 : Math.ceil(Math.log2(n) - Math.log2(32)) + 1
