/** Answers old news with what this node holds: that is how a member that came back learns what it has to refute. */
import type { MemberFact } from "./memberRecord.ts"
import { recordAt, slotOf } from "./memberTable.ts"
import { gossip, send } from "./outbox.ts"
import { allowed } from "./rateWindow.ts"
import type { Source, Turn } from "./swimState.ts"

/** Sends the held fact to the subject and, for `both`, to a sender that is not the subject; once a second per subject. */
export const echo = (turn: Turn, fact: MemberFact, whom: "both" | "subject", source: Source): void => {
  const { state } = turn
  const slot = slotOf(state.table, fact.id)
  const held =
    slot === undefined ? undefined : (state.table.troubles.get(slot)?.fact ?? state.table.records[slot])
  if (slot === undefined || held === undefined || source.via === "self") return
  if (!allowed(state.echoWindow, fact.id, 1, turn.nowMillis)) {
    state.counters.echoesSuppressed += 1
    return
  }
  state.counters.echoes += 1
  const isFromSubject = source.from === fact.id
  const address = isFromSubject ? source.address : undefined
  tell(turn, fact.id, address ?? (fact.kind === "alive" ? fact : recordAt(state.table, slot))?.address, held)
  if (whom === "both" && !isFromSubject) tell(turn, source.from, source.address, held)
}

const tell = (turn: Turn, id: string, address: string | undefined, held: MemberFact): void => {
  if (address !== undefined) send(turn, { id, address }, gossip, held)
}
