/** What this node says about itself: every change is a new incarnation, and what no incarnation can say is a new generation. */
import { generationMax, incarnationMax } from "./memberKey.ts"
import type { MemberRecord } from "./memberRecord.ts"
import { putRecord } from "./memberTable.ts"
import { itemBytesMax, spread } from "./outbox.ts"
import { allowed } from "./rateWindow.ts"
import { emit, type Turn } from "./swimState.ts"

type SelfChange = Partial<Pick<MemberRecord, "address" | "metadata">>

/** Generations that this node takes within a second because others say so; each is a write to the disk. */
const demandsPerSecond = 4

/** Announces this node above an incarnation, with changes if any; false when that has to wait or cannot be. */
export const announceAbove = (turn: Turn, incarnation: number, change?: SelfChange): boolean => {
  const { self } = turn.state
  const next = Math.max(self.incarnation, incarnation) + 1
  if (next <= incarnationMax) announceAs(turn, { ...self, ...change, incarnation: next })
  else if (change === undefined) return demandGeneration(turn, self.generation + 1)
  else return announceGeneration(turn, self.generation + 1, change)
  return true
}

/** Announces this node with another address or other labels, or tells that they do not fit a packet. */
export const update = (turn: Turn, change: SelfChange): void => {
  const { self, sizes } = turn.state
  if (sizes.item({ ...self, ...change }) > itemBytesMax(turn.state)) {
    return emit(turn, { _tag: "UpdateRefused", reason: "TooLarge" })
  }
  announceAbove(turn, self.incarnation, change)
}

/** Announces this node as a process of at least this generation, unless that is beyond the greatest. */
export const announceGeneration = (turn: Turn, least: number, change: SelfChange = {}): boolean => {
  const { state } = turn
  const generation = Math.max(least, state.generationWanted)
  if (isBeyond(turn, generation)) return false
  turn.effects.push({ _tag: "SaveGeneration", generation })
  announceAs(turn, { ...state.self, ...change, generation, incarnation: 0 })
  return true
}

/**
 * The same on another's word: a few times a second, so that nobody can keep the disk of this node busy. What comes sooner waits, and all that
 * waits is one generation; false while it does.
 */
export const demandGeneration = (turn: Turn, least: number): boolean => {
  const { nowMillis, state } = turn
  if (isBeyond(turn, least)) return false
  if (allowed(state.generationWindow, state.self.id, demandsPerSecond, nowMillis)) {
    return announceGeneration(turn, least)
  }
  state.generationWanted = Math.max(state.generationWanted, least)
  state.due.generation = Math.min(state.due.generation, nowMillis + 1000 / demandsPerSecond)
  return false
}

/** Takes the generation that had to wait, unless the node is going away. */
export const onGenerationDue = (turn: Turn): void => {
  const { due, generationWanted, phase, self } = turn.state
  due.generation = Infinity
  const isHere = phase === "member" || phase === "joining"
  if (isHere && generationWanted > self.generation) demandGeneration(turn, generationWanted)
}

/** Nobody honest comes this far: the one who says so is to blame. */
const isBeyond = ({ state }: Turn, generation: number): boolean => {
  if (generation <= generationMax) return false
  state.counters.protocolViolations += 1
  return true
}

/** Announces this node as it is. */
export const announce = (turn: Turn): void => {
  if (turn.state.phase === "member") spread(turn, turn.state.self)
}

const announceAs = (turn: Turn, record: MemberRecord): void => {
  turn.state.self = record
  putRecord(turn.state.table, record)
  announce(turn)
}
