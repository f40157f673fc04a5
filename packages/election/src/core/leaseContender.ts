/**
 * One contender for a lease in a store that compares and sets: takes the lease when nobody holds it, renews it, and stops in time.
 *
 * No two clocks are ever compared. A holder leads until its time to live, counted from before the last call that the store confirmed, less
 * a guard. A contender takes a held lease over once it has seen the same (epoch, seq) for longer than that time to live, and only
 * if it is still the same in the store. An epoch that has ended is never held again. Rules A-* of the specification.
 */
import {
  type ContenderEffect,
  type ContenderEvent,
  type ContenderRole,
  type ContenderState,
  type ContenderTiming,
  expiresAtMillis,
  type Holding,
  isLeader,
  type LeaseAnswer,
  type LeaseCall,
  type Lease,
  type LossReason,
  renews
} from "./leaseContenderState.ts"

type Step = readonly [ContenderState, ReadonlyArray<ContenderEffect>]

const nothing: ReadonlyArray<ContenderEffect> = []
const waiting: ContenderRole = { _tag: "Waiting" }

/** A contender that just started and has seen nothing. */
export const startContender = (options: {
  readonly node: string
  readonly holder: string
  readonly timing: ContenderTiming
  readonly nowMillis: number
}): ContenderState => ({
  node: options.node,
  holder: options.holder,
  timing: options.timing,
  role: waiting,
  sighting: undefined,
  highestEpoch: 0,
  mustRead: false,
  pending: undefined,
  nextCallId: 0,
  lookAtMillis: options.nowMillis,
  standBackUntilMillis: options.nowMillis,
  reachable: false
})

/** One event in, the next state and what to do out. */
export const stepContender = (state: ContenderState, event: ContenderEvent): Step => {
  // Whatever happens, a lease that has ended has ended first: an answer that comes too late revives nothing.
  if (state.role._tag === "Holding" && !isLeader(state, event.nowMillis)) {
    const { nowMillis } = event
    const reason = renews(state.role, nowMillis) ? "expired" : "overdue"
    const [lost, effects] = lose(state, state.role, reason, nowMillis)
    const [next, more] = stepContender(lost, event)
    return [next, [...effects, ...more]]
  }
  switch (event._tag) {
    case "Tick":
      return tick(state, event)
    case "Answered":
      return event.id === state.pending?.id ? answered(state, event) : [state, nothing]
    case "StepDown":
      return stepDown(state, event)
    case "WorkStopped":
      return workStopped(state, event)
  }
}

type Moment = { readonly nowMillis: number; readonly random: number }

const tick = (state: ContenderState, { nowMillis }: Moment): Step => {
  if (state.pending !== undefined) return [state, nothing]
  if (state.role._tag === "Holding") {
    return nowMillis >= state.role.renewAtMillis && renews(state.role, nowMillis)
      ? ask(state, { _tag: "Renew", epoch: state.role.epoch }, nowMillis)
      : [state, nothing]
  }
  const claim = state.mustRead ? undefined : claimOn(state, nowMillis)
  if (claim !== undefined) return ask(state, claim, nowMillis)
  return nowMillis >= state.lookAtMillis ? ask(state, { _tag: "Read" }, nowMillis) : [state, nothing]
}

/** What to do about the lease as it was last seen, if anything. */
const claimOn = (state: ContenderState, nowMillis: number): LeaseCall | undefined => {
  const { highestEpoch, holder, sighting, standBackUntilMillis } = state
  if (sighting === undefined) return undefined
  const { lease } = sighting
  const isOurs = lease?.holder === holder
  const standsBack = nowMillis < standBackUntilMillis
  // Ours, and not held: a take-over or a release whose answer was lost. Its epoch is over, the lease is not.
  if (isOurs && standsBack) return { _tag: "Release", epoch: lease.epoch }
  return !standsBack && (isOurs || nowMillis >= expiresAtMillis(state))
    ? { _tag: "TakeOver", from: lease, epochMin: highestEpoch + 1 }
    : undefined
}

const answered = (state: ContenderState, event: Moment & { readonly answer: LeaseAnswer }): Step => {
  const { pending, role, timing } = state
  if (pending === undefined) return [state, nothing]
  const { answer, nowMillis, random } = event
  const idle: ContenderState = { ...state, pending: undefined, reachable: answer._tag !== "Unknown" }
  switch (answer._tag) {
    case "Found":
      return tick(look(seen(idle, answer.lease, nowMillis), event, timing.pollMillis), event)
    case "Taken":
      return taken(idle, answer.epoch, pending.sentAtMillis, event)
    case "Done":
      return role._tag === "Holding"
        ? [{ ...idle, role: confirmed(idle, role, pending.sentAtMillis) }, nothing]
        : [look(idle, event, timing.pollMillis), nothing]
    case "Refused":
      return role._tag === "Holding"
        ? lose(idle, role, "taken", nowMillis)
        : [lookAgainSoon(idle, event), nothing]
    case "Unknown":
      return role._tag === "Holding"
        ? [{ ...idle, role: { ...role, renewAtMillis: nowMillis + retryMillis(idle, random) } }, nothing]
        : [lookAgainSoon(idle, event), nothing]
  }
}

const seen = (state: ContenderState, lease: Lease | undefined, nowMillis: number): ContenderState => {
  const { sighting } = state
  const isSame =
    sighting !== undefined && sighting.lease?.epoch === lease?.epoch && sighting.lease?.seq === lease?.seq
  const isAnothers = lease?.holder !== undefined && lease.holder !== state.holder
  return {
    ...state,
    // A change happened no later than it was read; when it was asked for, the holder may not have renewed yet.
    sighting: isSame ? sighting : { lease, sinceMillis: nowMillis },
    highestEpoch: Math.max(state.highestEpoch, lease?.epoch ?? 0),
    mustRead: false,
    // Another has led, so whoever resigned is as good a candidate as any.
    standBackUntilMillis: isAnothers ? nowMillis : state.standBackUntilMillis
  }
}

/**
 * Leads, unless the answer took the whole lease, which proves nothing any more, or the epoch is none that rises, since the store was put back
 * in time. Then the lease is found to be ours and taken anew.
 */
const taken = (state: ContenderState, epoch: number, sentAtMillis: number, event: Moment): Step => {
  const next = { ...state, highestEpoch: Math.max(state.highestEpoch, epoch), sighting: undefined }
  const vacant: Holding = {
    _tag: "Holding",
    epoch,
    validUntilMillis: -Infinity,
    renewAtMillis: 0,
    stopUntilMillis: undefined
  }
  const leading = { ...next, role: confirmed(next, vacant, sentAtMillis) }
  return isLeader(leading, event.nowMillis) && epoch > state.highestEpoch
    ? [leading, [{ _tag: "Lead", epoch }]]
    : [lookAgainSoon(next, event), nothing]
}

/** The lease counts from before the call was sent, whenever its answer came. */
const confirmed = ({ timing }: ContenderState, role: Holding, sentAtMillis: number): Holding => ({
  ...role,
  validUntilMillis: Math.max(role.validUntilMillis, sentAtMillis + timing.ttlMillis - timing.guardMillis),
  renewAtMillis: sentAtMillis + timing.ttlMillis / 3
})

/** From now on this node wants no lease, also if its work outlasts this one. */
const stepDown = (state: ContenderState, { nowMillis }: Moment): Step => {
  const { role, timing } = state
  if (role._tag !== "Holding" || role.stopUntilMillis !== undefined) return [state, nothing]
  return [
    {
      ...state,
      role: { ...role, stopUntilMillis: nowMillis + timing.drainMillis },
      standBackUntilMillis: nowMillis + timing.cooldownMillis
    },
    [{ _tag: "StopLeading", epoch: role.epoch }]
  ]
}

/** The epoch is closed before the release is sent: from then on an answer to a renewal means nothing. */
const workStopped = (state: ContenderState, event: Moment & { readonly epoch: number }): Step => {
  const { role } = state
  if (role._tag !== "Holding" || role.stopUntilMillis === undefined || role.epoch !== event.epoch) {
    return [state, nothing]
  }
  const [closed, lost] = lose(state, role, "resigned", event.nowMillis)
  const [next, asked] = ask(closed, { _tag: "Release", epoch: role.epoch }, event.nowMillis)
  return [next, [...lost, ...asked]]
}

const lose = (state: ContenderState, { epoch }: Holding, reason: LossReason, nowMillis: number): Step => [
  {
    ...state,
    role: waiting,
    pending: undefined,
    sighting: undefined,
    lookAtMillis: nowMillis
  },
  [{ _tag: "Lost", epoch, reason }]
]

const ask = (state: ContenderState, call: LeaseCall, nowMillis: number): Step => {
  const id = state.nextCallId
  return [
    {
      ...state,
      nextCallId: id + 1,
      pending: { id, call, sentAtMillis: nowMillis },
      // What was read before a call that changes the lease says nothing about the lease after it, whatever the answer.
      mustRead: state.mustRead || call._tag !== "Read"
    },
    [{ _tag: "Ask", id, call }]
  ]
}

/** Contenders that started together do not stay in step. */
const look = (state: ContenderState, { nowMillis, random }: Moment, pauseMillis: number): ContenderState => ({
  ...state,
  lookAtMillis: nowMillis + pauseMillis * (0.8 + 0.2 * random)
})

const lookAgainSoon = (state: ContenderState, event: Moment): ContenderState =>
  look(state, event, Math.min(state.timing.pollMillis, retryMillis(state, event.random)))

/** Several tries fit between a renewal that failed and the end of the lease. */
const retryMillis = ({ timing }: ContenderState, random: number): number =>
  (timing.ttlMillis / 12) * (0.5 + 0.5 * random)
