/**
 * Liveness from heartbeats over a fixed list of peers: what each tick, beat and reply means.
 *
 * Rules Q1, Q5, Q6 and Q7 of the seed's quorum manager, with three differences: ids outside the list never
 * count, a goodbye makes a peer `left` at once, and a stall of this process is not held against its peers.
 */

/** The fixed list and its timing. */
export interface HeartbeatSettings {
  readonly self: string
  /** Every member but self; an address may be unknown until the peer advertises one. */
  readonly peers: ReadonlyArray<{ readonly id: string; readonly address: string | undefined }>
  readonly intervalMillis: number
  readonly deadAfterMillis: number
}

/** Liveness of a peer; `suspect` only from the start until it is first heard or given up. */
export type PeerState = "alive" | "suspect" | "dead" | "left"

/** What is known about one peer. */
export interface Peer {
  readonly id: string
  readonly state: PeerState
  /** When `state` was entered; for `alive` this is the start of the streak that a cooldown counts from. */
  readonly sinceMillis: number
  /** Last proof of life, or the start of this node; moved forward by stalls. */
  readonly lastSeenMillis: number
  /** Which run of the peer's process was heard last; undefined until it was heard. */
  readonly instance: string | undefined
  readonly configuredAddress: string | undefined
  readonly learnedAddress: string | undefined
  /** Use the learned address although one is configured: the configured one failed last. */
  readonly useLearned: boolean
  readonly metadata: Readonly<Record<string, string>>
}

/** Everything the rules need to remember. */
export interface HeartbeatState {
  readonly settings: HeartbeatSettings
  readonly peers: ReadonlyMap<string, Peer>
  /** When the next tick should run; being handed a later time means that this process stood still. */
  readonly dueMillis: number
}

/** What happened. Times are monotonic and never go back. */
export type HeartbeatEvent =
  | { readonly _tag: "Tick"; readonly nowMillis: number }
  | {
      readonly _tag: "Heard"
      readonly nowMillis: number
      readonly from: string
      readonly instance: string
      readonly advertise: string | undefined
      readonly metadata: Readonly<Record<string, string>>
    }
  | { readonly _tag: "Goodbye"; readonly nowMillis: number; readonly from: string; readonly instance: string }
  | {
      readonly _tag: "Unanswered"
      readonly nowMillis: number
      readonly peer: string
      readonly address: string
    }

/** What to do about it, in order. */
export type HeartbeatEffect =
  | { readonly _tag: "Send"; readonly peer: string; readonly address: string }
  | { readonly _tag: "NoAddress"; readonly peer: string }
  | Changed
  | { readonly _tag: "Ignored"; readonly from: string; readonly reason: IgnoredReason }
  | { readonly _tag: "Stalled"; readonly millis: number }

/** A peer entered a state, or changed its process, address or metadata while alive. */
export interface Changed {
  readonly _tag: "Changed"
  readonly peer: Peer
  readonly previous: PeerState
  readonly reason: string
}

/**
 * Why a message was no proof of life: not in the list, from a run that said goodbye, or about another run.
 */
export type IgnoredReason = "unknown_sender" | "already_left" | "other_instance"

type Heard = Extract<HeartbeatEvent, { _tag: "Heard" }>
type Goodbye = Extract<HeartbeatEvent, { _tag: "Goodbye" }>
type Step = readonly [HeartbeatState, ReadonlyArray<HeartbeatEffect>]

/** Least lateness in ms that counts as a stall, whatever the interval. */
const stallMillisMin = 100

/** The state of a node that starts now: every peer is `suspect` and has `deadAfterMillis` to show up. */
export const initial = (settings: HeartbeatSettings, nowMillis: number): HeartbeatState => ({
  settings,
  peers: new Map(
    settings.peers.map(({ id, address }) => [
      id,
      {
        id,
        state: "suspect",
        sinceMillis: nowMillis,
        lastSeenMillis: nowMillis,
        instance: undefined,
        configuredAddress: address,
        learnedAddress: undefined,
        useLearned: false,
        metadata: {}
      }
    ])
  ),
  dueMillis: nowMillis + settings.intervalMillis
})

/** Applies one event. */
export const step = (state: HeartbeatState, event: HeartbeatEvent): Step => {
  const [awake, stalled] = absorbStall(state, event.nowMillis)
  switch (event._tag) {
    case "Tick": {
      const [judged, deaths] = judge(awake, event.nowMillis)
      const next = { ...judged, dueMillis: event.nowMillis + state.settings.intervalMillis }
      return [next, [...stalled, ...deaths, ...sends(judged)]]
    }
    case "Heard": {
      const [next, effects] = heard(awake, event)
      return [next, [...stalled, ...effects]]
    }
    case "Goodbye": {
      const [next, effects] = goodbye(awake, event)
      return [next, [...stalled, ...effects]]
    }
    case "Unanswered":
      return [unanswered(awake, event.peer, event.address), stalled]
  }
}

/**
 * Where to reach a peer: the configured address, or the advertised one when that is missing or failed last.
 */
export const addressOf = (peer: Peer): string | undefined =>
  peer.useLearned ? peer.learnedAddress : (peer.configuredAddress ?? peer.learnedAddress)

/**
 * Time during which this process stood still is nobody's silence: every `lastSeen` moves forward by it,
 * before any verdict (the stall rule of the membership specification, 4.6 and 4.8).
 */
const absorbStall = (state: HeartbeatState, nowMillis: number): Step => {
  const lateMillis = nowMillis - state.dueMillis
  if (lateMillis <= Math.max(stallMillisMin, state.settings.intervalMillis / 4)) return [state, []]
  const peers = new Map(
    [...state.peers].map(([id, peer]) => [id, { ...peer, lastSeenMillis: peer.lastSeenMillis + lateMillis }])
  )
  return [{ ...state, peers, dueMillis: nowMillis }, [{ _tag: "Stalled", millis: lateMillis }]]
}

const judge = (state: HeartbeatState, nowMillis: number): Step => {
  const deaths = [...state.peers.values()]
    .filter((peer) => isOverdue(state, peer, nowMillis))
    .map((peer) => bury(peer, nowMillis))
  return [deaths.reduce((next, { peer }) => withPeer(next, peer), state), deaths]
}

const isOverdue = (state: HeartbeatState, peer: Peer, nowMillis: number): boolean =>
  (peer.state === "alive" || peer.state === "suspect") &&
  nowMillis - peer.lastSeenMillis > state.settings.deadAfterMillis

const bury = (peer: Peer, nowMillis: number): Changed => ({
  _tag: "Changed",
  peer: { ...peer, state: "dead", sinceMillis: nowMillis },
  previous: peer.state,
  reason:
    peer.instance === undefined
      ? `never heard in ${silence(peer, nowMillis)}`
      : `no heartbeat for ${silence(peer, nowMillis)}`
})

const silence = (peer: Peer, nowMillis: number): string =>
  `${((nowMillis - peer.lastSeenMillis) / 1000).toFixed(1)} s`

const sends = (state: HeartbeatState): ReadonlyArray<HeartbeatEffect> =>
  [...state.peers.values()].map((peer) => {
    const address = addressOf(peer)
    return address === undefined
      ? { _tag: "NoAddress", peer: peer.id }
      : { _tag: "Send", peer: peer.id, address }
  })

const heard = (state: HeartbeatState, event: Heard): Step => {
  const known = state.peers.get(event.from)
  if (known === undefined) return [state, [ignored(event.from, "unknown_sender")]]
  if (known.state === "left" && known.instance === event.instance) {
    return [state, [ignored(event.from, "already_left")]]
  }
  const death = isOverdue(state, known, event.nowMillis) ? [bury(known, event.nowMillis)] : []
  const before = death[0]?.peer ?? known
  const after: Peer = {
    ...before,
    state: "alive",
    sinceMillis: before.state === "alive" ? before.sinceMillis : event.nowMillis,
    lastSeenMillis: event.nowMillis,
    instance: event.instance,
    learnedAddress: event.advertise ?? before.learnedAddress,
    metadata: event.metadata
  }
  const reason = differs(before, after)
  const change: ReadonlyArray<Changed> =
    reason === undefined ? [] : [{ _tag: "Changed", peer: after, previous: before.state, reason }]
  return [withPeer(state, after), [...death, ...change]]
}

const differs = (before: Peer, after: Peer): string | undefined => {
  if (before.instance === undefined) return "first heartbeat"
  if (before.state !== "alive") {
    return before.instance === after.instance ? "heartbeat again" : `restarted after being ${before.state}`
  }
  if (before.instance !== after.instance) return "restarted"
  if (before.learnedAddress !== after.learnedAddress) return `advertises ${after.learnedAddress}`
  return sameMetadata(before.metadata, after.metadata) ? undefined : "new metadata"
}

const sameMetadata = (one: Peer["metadata"], other: Peer["metadata"]): boolean => {
  const keys = Object.keys(one)
  return keys.length === Object.keys(other).length && keys.every((key) => one[key] === other[key])
}

const goodbye = (state: HeartbeatState, event: Goodbye): Step => {
  const known = state.peers.get(event.from)
  if (known === undefined) return [state, [ignored(event.from, "unknown_sender")]]
  if (known.instance !== undefined && known.instance !== event.instance) {
    return [state, [ignored(event.from, "other_instance")]]
  }
  if (known.state === "left") return [state, []]
  const peer: Peer = { ...known, state: "left", sinceMillis: event.nowMillis, instance: event.instance }
  return [withPeer(state, peer), [{ _tag: "Changed", peer, previous: known.state, reason: "said goodbye" }]]
}

const unanswered = (state: HeartbeatState, id: string, address: string): HeartbeatState => {
  const peer = state.peers.get(id)
  if (peer?.configuredAddress === undefined || peer.learnedAddress === undefined) return state
  return withPeer(state, { ...peer, useLearned: address === peer.configuredAddress })
}

const withPeer = (state: HeartbeatState, peer: Peer): HeartbeatState => ({
  ...state,
  peers: new Map(state.peers).set(peer.id, peer)
})

const ignored = (from: string, reason: IgnoredReason): HeartbeatEffect => ({ _tag: "Ignored", from, reason })
