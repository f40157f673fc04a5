/** A node that has just started: a cluster of one until it joins or is joined. */
import { makeGossipQueue } from "./dissemination.ts"
import type { MemberRecord } from "./memberRecord.ts"
import { makeMemberTable, putRecord } from "./memberTable.ts"
import type { PacketSizes } from "./messages.ts"
import type { SwimOptions } from "./options.ts"
import { startProbeOrder } from "./probeOrder.ts"
import { makeRateWindow } from "./rateWindow.ts"
import { makeRoster, type Roster } from "./roster.ts"
import { firstDue } from "./schedule.ts"
import type { SwimCounters, SwimState } from "./swimState.ts"

/** What a node is started with. */
export interface SwimStart {
  readonly options: SwimOptions
  /** Its announcement: generation from a store or the wall clock, a fresh instance, incarnation 0. */
  readonly self: MemberRecord
  readonly sizes: PacketSizes
  /** Why a process may not be a member; admits all by default. */
  readonly admit?: (record: MemberRecord) => string | undefined
  /** Shared by the nodes of one process; its own by default. */
  readonly roster?: Roster
  /** Members taken for alive from the start, as from a snapshot: neither told on nor reported as joined. */
  readonly known?: ReadonlyArray<MemberRecord>
  readonly nowMillis: number
  readonly random: () => number
}

/** The state of a node that starts now; its loops begin at random moments of their first periods. */
export const startSwim = (start: SwimStart): SwimState => {
  const { nowMillis, options, random, self } = start
  const table = makeMemberTable(start.roster ?? makeRoster())
  for (const record of start.known ?? []) if (record.id !== self.id) putRecord(table, record)
  return {
    options,
    sizes: start.sizes,
    admit: start.admit ?? (() => undefined),
    seeds: [],
    counters: { ...noCounts },
    table,
    queue: makeGossipQueue(),
    due: firstDue(options, nowMillis, random),
    phase: "member",
    self,
    selfSlot: putRecord(table, self),
    gossipPhaseMillis: random() * options.gossipIntervalMillis,
    awareness: 0,
    seq: Math.floor(random() * 2 ** 32),
    order: startProbeOrder(),
    round: undefined,
    relays: new Map(),
    outcomes: [],
    isolated: false,
    streamOnly: new Map(),
    exchanges: new Map(),
    exchangeCount: 0,
    check: undefined,
    checked: undefined,
    heldExchanges: [],
    soonMillis: Infinity,
    comparison: { differences: 0, differedAtMillis: -Infinity, restMillis: 0, restsUntilMillis: -Infinity },
    joinAnswered: false,
    joinRefusal: undefined,
    takeovers: [],
    generationWanted: 0,
    generationWindow: makeRateWindow(),
    seedIds: new Map(),
    echoWindow: makeRateWindow(),
    introductionWindow: makeRateWindow(),
    relayWindow: makeRateWindow(),
    userEvents: new Map(),
    userVersion: 0,
    stall: undefined,
    madeGoodAtMillis: nowMillis,
    oldNewsUntilMillis: nowMillis,
    verdictsHeldUntilMillis: nowMillis,
    leaveEndsAtMillis: Infinity,
    leaveTold: false
  }
}

const noCounts: SwimCounters = {
  probes: 0,
  probesFailed: 0,
  indirectProbes: 0,
  nacksMissing: 0,
  strayAnswers: 0,
  wrongTargets: 0,
  pingReqsRefused: 0,
  refutations: 0,
  echoes: 0,
  echoesSuppressed: 0,
  membersRejected: 0,
  membersRefusedFull: 0,
  protocolViolations: 0,
  ghostsEvicted: 0,
  tombstonesEvicted: 0,
  tombstonesExpired: 0,
  userEventsRefused: 0,
  userEventsRepeated: 0,
  itemsTooLarge: 0,
  syncsRefused: 0,
  syncsFailed: 0,
  stalls: 0,
  conflicts: 0,
  inboundIgnored: 0
}
