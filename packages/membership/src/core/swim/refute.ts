/** Facts about this node itself. */
import { announceAbove, demandGeneration } from "./announce.ts"
import { adjustAwareness } from "./awareness.ts"
import { onRival, outlive } from "./identity.ts"
import { compareProcesses } from "./memberKey.ts"
import type { MemberFact } from "./memberRecord.ts"
import { gossip, send } from "./outbox.ts"
import { allowed } from "./rateWindow.ts"
import { selfRowFor } from "./selfTable.ts"
import { emit, type Source, type Turn } from "./swimState.ts"

/** Does what the self table says; nothing while leaving or without a name. */
export const aboutSelf = (turn: Turn, fact: MemberFact, source: Source): void => {
  const { state } = turn
  if (state.phase === "joining") return beforeAdmission(turn, fact)
  if (state.phase !== "member") return
  switch (selfRowFor(state.self, fact)) {
    case "nothing":
      return
    case "answer":
      return answer(turn, source)
    case "refute":
      return announceAbove(turn, fact.incarnation) ? refuted(turn, fact, source) : undefined
    case "renew":
      return demandGeneration(turn, state.self.generation + 1) ? refuted(turn, fact, source) : undefined
    case "outlive":
      outlive(turn, fact)
      return answer(turn, source)
    case "rival":
      if (fact.kind === "alive") onRival(turn, fact)
      return answer(turn, source)
  }
}

/** Nothing is answered before it is certain that the name is free. */
const beforeAdmission = (turn: Turn, fact: MemberFact): void => {
  if (compareProcesses(fact, turn.state.self) === 0) {
    if (fact.kind !== "alive") announceAbove(turn, fact.incarnation)
  } else if (fact.kind === "alive") onRival(turn, fact)
  else if (fact.kind !== "suspect") outlive(turn, fact)
}

const refuted = (turn: Turn, fact: MemberFact, source: Source): void => {
  turn.state.counters.refutations += 1
  if (fact.kind === "suspect" || fact.kind === "dead") adjustAwareness(turn, 1)
  emit(turn, { _tag: "Refuted", accusation: fact.kind === "alive" ? undefined : fact })
  tell(turn, source)
}

/** Whoever repeats old news is told the newest, once a second. */
const answer = (turn: Turn, source: Source): void => {
  if (allowed(turn.state.introductionWindow, source.from, 1, turn.nowMillis)) tell(turn, source)
}

const tell = (turn: Turn, { address, from, via }: Source): void => {
  if (address !== undefined && via === "packet") send(turn, { id: from, address }, gossip, turn.state.self)
}
