/**
 * One probe at a time: a direct ping, then helpers and a stream beside it, then a verdict; never blocking what comes in.
 *
 * Period and time-out both grow with local health (Lifeguard). Helpers report their own silence at 0.8 of the time left, so that a healthy
 * prober hears it before its round ends and does not blame itself for a member that is really dead.
 */
import { adjustAwareness } from "./awareness.ts"
import { compareViews } from "./comparison.ts"
import { noteOutcome } from "./isolation.ts"
import { compareProcesses } from "./memberKey.ts"
import { capability, type Evidence, type MemberRecord } from "./memberRecord.ts"
import { pickSlots, recordAt, shownAs } from "./memberTable.ts"
import { merge } from "./merge.ts"
import { type Ack, instanceHash, type Nack, type NotMe, type PingTarget } from "./messages.ts"
import { send } from "./outbox.ts"
import { nextInOrder } from "./probeOrder.ts"
import { emit, nextSeq, type ProbeRound, type SwimState, type Turn } from "./swimState.ts"

/** Rounds in a row with an answer by stream only, after which packets are taken to be blocked: one lost ping is no news. */
const streamOnlyRounds = 3

/** How often a blocked member is reported, in ms. */
const blockedReportMillis = 60_000

/** Least time left for the way back of a helper's report, in ms; a twentieth of the period where that is more. */
const slackMillisMin = 20

/** Starts a round, asks helpers, or passes the verdict, whatever is due. */
export const onProbeDue = (turn: Turn): void => {
  const { round } = turn.state
  if (round === undefined) start(turn)
  else if (round.stage === "direct") askHelpers(turn, round)
  else fail(turn, round)
}

/** The process that a record is about, as a ping names it. */
export const targetOf = ({ generation, id, instance }: MemberRecord): PingTarget => ({
  id,
  generation,
  instanceHash: instanceHash(instance)
})

/** Whether a ping is meant for this very process. */
export const isMe = ({ self }: Pick<SwimState, "self">, target: PingTarget): boolean =>
  target.id === self.id &&
  target.generation === self.generation &&
  target.instanceHash === instanceHash(self.instance)

/** Pings a process, naming this one in short. */
export const sendPing = (turn: Turn, seq: number, target: PingTarget, address: string): void => {
  const { generation, incarnation, instance } = turn.state.self
  send(
    turn,
    { id: target.id, address },
    {
      _tag: "Ping",
      seq,
      target,
      sender: { generation, instanceHash: instanceHash(instance), incarnation }
    }
  )
}

const start = (turn: Turn): void => {
  const { nowMillis, random, state } = turn
  const { due, options, selfSlot, table } = state
  const scale = state.awareness + 1
  const periodMillis = options.probeIntervalMillis * scale
  due.probe = nowMillis + periodMillis
  if (state.phase !== "member" || table.present < 2) return
  const slot = nextInOrder(
    state.order,
    table.records.length,
    random,
    (candidate) => candidate !== selfSlot && isProbed(state, candidate)
  )
  const record = slot === undefined ? undefined : recordAt(table, slot)
  if (slot === undefined || record === undefined) return
  state.counters.probes += 1
  state.round = {
    slot,
    record,
    incarnation: table.troubles.get(slot)?.fact.incarnation ?? record.incarnation,
    seq: nextSeq(state),
    startedAtMillis: nowMillis,
    deadlineMillis: due.probe,
    stage: "direct",
    cause: "silence",
    helpers: [],
    nackedBy: [],
    stream: false,
    stalled: false
  }
  due.probe = nowMillis + options.probeTimeoutMillis * scale
  sendPing(turn, state.round.seq, targetOf(record), record.address)
}

const isProbed = ({ table }: SwimState, slot: number): boolean => {
  const standing = shownAs(table, slot)
  return (standing === "alive" || standing === "suspect") && recordAt(table, slot) !== undefined
}

const askHelpers = (turn: Turn, round: ProbeRound): void => {
  const { nowMillis, random, state } = turn
  const { due, options, selfSlot, table } = state
  round.stage = "indirect"
  due.probe = round.deadlineMillis
  const leftMillis = round.deadlineMillis - nowMillis
  const slackMillis = Math.max(slackMillisMin, 0.05 * (round.deadlineMillis - round.startedAtMillis))
  const target = targetOf(round.record)
  const budgetMillis = Math.max(0, Math.floor(leftMillis - slackMillis))
  round.helpers = pickSlots(
    table,
    options.helpers,
    random,
    (slot) => slot !== selfSlot && slot !== round.slot && shownAs(table, slot) === "alive"
  ).flatMap((slot) => table.records[slot] ?? [])
  for (const { address, id } of round.helpers) {
    state.counters.indirectProbes += 1
    send(
      turn,
      { id, address },
      {
        _tag: "PingReq",
        seq: round.seq,
        target,
        address: round.record.address,
        incarnation: round.incarnation,
        budgetMillis
      }
    )
  }
  if (!options.streamPings || (round.record.capabilities & capability.streamPing) === 0) return
  round.stream = true
  const { seq } = round
  turn.effects.push({
    _tag: "StreamPing",
    seq,
    address: round.record.address,
    target,
    timeoutMillis: leftMillis
  })
}

/** A packet to the target failed at once: no need to wait before helpers are asked. */
export const onSendFailed = (turn: Turn, address: string): void => {
  const { round } = turn.state
  if (round?.stage !== "direct" || round.record.address !== address) return
  round.cause = "unreachable"
  askHelpers(turn, round)
}

/** Who sent an answer; `sealed` when that is proved. */
export interface Answerer {
  readonly address: string
  readonly from: string
  readonly sealed: boolean
}

/** Whether an answer is a member's own: by its id where packets are sealed, else by its address. */
export const isFrom = (
  member: Pick<MemberRecord, "id" | "address">,
  { address, from, sealed }: Answerer
): boolean => (sealed ? member.id === from : member.address === address)

/** Whether an answer may be believed: from the target or a chosen helper. */
const isExpected = (round: ProbeRound, sender: Answerer): boolean =>
  [round.record, ...round.helpers].some((record) => isFrom(record, sender))

/** Takes an `Ack` or `NotMe` to the round in flight; false when it belongs to none. */
export const onAnswer = (turn: Turn, message: Ack | NotMe, sender: Answerer): boolean => {
  const { round } = turn.state
  if (round?.seq !== message.seq) return false
  // A stranger at the address is nobody that was asked: its address is what makes it believable.
  if (message._tag === "NotMe") {
    if (!isExpected(round, sender) && sender.address !== round.record.address) return false
    notMe(turn, round)
    return true
  }
  if (message.target.id !== round.record.id || !isExpected(round, sender)) return false
  const isSame =
    message.target.generation === round.record.generation &&
    message.target.instanceHash === instanceHash(round.record.instance)
  if (!isSame) return false
  if (isFrom(round.record, sender)) noteRoundTrip(turn, round)
  compareViews(turn, message.view, round.record.address)
  succeed(turn, round)
  return true
}

const noteRoundTrip = (turn: Turn, { record, slot, stalled, startedAtMillis }: ProbeRound): void => {
  if (stalled || turn.state.stall !== undefined) return
  // Its goodbye may have come with the answer.
  const standing = shownAs(turn.state.table, slot)
  if (standing !== "alive" && standing !== "suspect") return
  emit(turn, { _tag: "RoundTrip", id: record.id, millis: turn.nowMillis - startedAtMillis })
}

/** A helper reports silence, or that it is asked too much: either way the helper can be heard. */
export const onNack = (turn: Turn, { seq }: Nack, from: string): void => {
  const { round } = turn.state
  if (round?.seq !== seq || !round.helpers.some(({ id }) => id === from) || round.nackedBy.includes(from)) {
    turn.state.counters.strayAnswers += 1
  } else round.nackedBy.push(from)
}

/** Outcome of the ping over a stream. */
export const onStreamAnswer = (turn: Turn, seq: number, answer: "ack" | "not_me" | "silence"): void => {
  const { round } = turn.state
  if (round?.seq !== seq || answer === "silence") return
  if (answer === "not_me") return notMe(turn, round)
  noteStreamOnly(turn, round)
  succeed(turn, round, false)
}

const succeed = (turn: Turn, round: ProbeRound, byPacket = true): void => {
  if (byPacket) turn.state.streamOnly.delete(round.slot)
  adjustAwareness(turn, -1)
  end(turn, round)
  noteOutcome(turn, { slot: round.slot, failed: false, expected: 0, nacks: 0 })
}

const noteStreamOnly = (turn: Turn, { record, slot }: ProbeRound): void => {
  const { nowMillis, state } = turn
  const seen = state.streamOnly.get(slot) ?? { rounds: 0, reportedAtMillis: -Infinity }
  seen.rounds += 1
  state.streamOnly.set(slot, seen)
  if (seen.rounds < streamOnlyRounds || nowMillis - seen.reportedAtMillis < blockedReportMillis) return
  seen.reportedAtMillis = nowMillis
  emit(turn, { _tag: "UdpBlocked", id: record.id, address: record.address })
}

/** Another process has the address. A newer process of the member is no failure; its record has come with the answer. */
const notMe = (turn: Turn, round: ProbeRound): void => {
  turn.state.counters.wrongTargets += 1
  round.cause = "not_me"
  end(turn, round)
  accuse(turn, round)
}

const fail = (turn: Turn, round: ProbeRound): void => {
  const { state } = turn
  state.counters.probesFailed += 1
  end(turn, round)
  const expected = round.helpers.length
  const nacks = round.nackedBy.length
  const missing = expected - nacks
  state.counters.nacksMissing += missing
  // Without helpers a member that stays silent counts once, or the peer's death would slow a cluster of two for ever.
  const isFirst = shownAs(state.table, round.slot) === "alive"
  adjustAwareness(turn, expected > 0 ? missing : Number(isFirst))
  noteOutcome(turn, { slot: round.slot, failed: true, expected, nacks })
  accuse(turn, round)
}

/** The next round starts a period after this one did. */
const end = ({ nowMillis, state }: Turn, round: ProbeRound): void => {
  state.round = undefined
  state.due.probe = Math.max(nowMillis, round.deadlineMillis)
}

const accuse = (turn: Turn, round: ProbeRound): void => {
  const { state } = turn
  const { generation, id, instance } = round.record
  const current = recordAt(state.table, round.slot)
  if (current?.id !== id || compareProcesses(current, round.record) !== 0) return
  const evidence: Evidence = {
    cause: round.cause,
    helpers: round.helpers.length,
    nacks: round.nackedBy.length,
    stream: round.stream,
    confirmations: 0
  }
  const accusation = {
    kind: "suspect",
    id,
    generation,
    instance,
    incarnation: round.incarnation,
    by: state.self.id,
    evidence
  } as const
  merge(turn, accusation, { via: "self", from: state.self.id, address: undefined, ageMillis: 0 })
}
