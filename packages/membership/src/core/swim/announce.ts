/** What this node says about itself: every change is a new incarnation, and what no incarnation can say is a new generation. */
import { incarnationMax } from "./memberKey.ts"
import type { MemberRecord } from "./memberRecord.ts"
import { putRecord } from "./memberTable.ts"
import { itemBytesMax, spread } from "./outbox.ts"
import { emit, type Turn } from "./swimState.ts"

type SelfChange = Partial<Pick<MemberRecord, "address" | "metadata">>

/** Announces this node above an incarnation, with changes if any. */
export const announceAbove = (turn: Turn, incarnation: number, change: SelfChange = {}): void => {
  const { self } = turn.state
  const next = Math.max(self.incarnation, incarnation) + 1
  if (next > incarnationMax) return announceGeneration(turn, self.generation + 1, change)
  announceAs(turn, { ...self, ...change, incarnation: next })
}

/** Announces this node with another address or other labels, or tells that they do not fit a packet. */
export const update = (turn: Turn, change: SelfChange): void => {
  const { self, sizes } = turn.state
  if (sizes.item({ ...self, ...change }) > itemBytesMax(turn.state)) {
    return emit(turn, { _tag: "UpdateRefused", reason: "TooLarge" })
  }
  announceAbove(turn, self.incarnation, change)
}

/** Announces this node as a process of a later generation. */
export const announceGeneration = (turn: Turn, generation: number, change: SelfChange = {}): void => {
  turn.effects.push({ _tag: "SaveGeneration", generation })
  announceAs(turn, { ...turn.state.self, ...change, generation, incarnation: 0 })
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
