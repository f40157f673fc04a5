import { changeKind } from "../changeKind.ts"
/** The members as the port shows them, from the core's views and news. */
import type { MemberChanged } from "../core/swim/changes.ts"
import { explainChange } from "../core/swim/explain.ts"
import type { SwimState } from "../core/swim/swimState.ts"
import { type MemberView, memberViews } from "../core/swim/view.ts"
import type { Member, MembershipChange } from "../Membership.ts"

/** The members of one node. */
export interface SwimMembers {
  readonly list: () => ReadonlyArray<Member>
  /** What a change of another member means for the port; undefined for one that is forgotten or is this node itself. */
  readonly changed: (news: MemberChanged) => MembershipChange | undefined
  /** What changed about this node itself since the last call. */
  readonly ownChange: (nowMillis: number) => MembershipChange | undefined
}

/** The members as they are now. */
export const makeSwimMembers = (state: SwimState, startMillis: number): SwimMembers => {
  const since = new Map<string, number>()
  let ownSinceMillis = startMillis

  const own = (): Member => ({
    id: state.self.id,
    address: state.self.address,
    state: hasGone(state) ? "left" : "alive",
    sinceMillis: ownSinceMillis,
    metadata: state.self.metadata
  })
  let told = own()

  const toMember = ({ id, record, standing }: MemberView): Member => ({
    id,
    address: record?.address,
    state: standing,
    sinceMillis: since.get(id) ?? startMillis,
    metadata: record?.metadata ?? {}
  })

  return {
    list: () =>
      memberViews(state)
        .map((view) => (view.id === state.self.id ? own() : toMember(view)))
        .toSorted((one, other) => (one.id < other.id ? -1 : 1)),
    changed: (news) => {
      const { atMillis, change, current, fact, id, previous, record } = news
      if (id === state.self.id) return undefined
      if (change === "Reaped" || current === undefined) {
        since.delete(id)
        return undefined
      }
      if (current !== previous) since.set(id, atMillis)
      const member = toMember({ id, standing: current, record, fact })
      return { kind: kinds[change], member, previous, reason: explainChange(news) }
    },
    ownChange: (nowMillis) => {
      const before = told
      const now = own()
      if (now.state === before.state && now.metadata === before.metadata && now.address === before.address) {
        return undefined
      }
      if (now.state !== before.state) ownSinceMillis = nowMillis
      told = own()
      return {
        kind: changeKind(before.state, now.state),
        member: told,
        previous: before.state,
        reason: ownReason(state, before, now)
      }
    }
  }
}

const kinds = {
  Joined: "joined",
  Updated: "updated",
  Restarted: "restarted",
  Suspected: "suspected",
  Recovered: "recovered",
  Failed: "failed",
  Left: "left"
} as const

const hasGone = ({ phase }: SwimState): boolean =>
  phase === "leaving" || phase === "left" || phase === "superseded"

const ownReason = (state: SwimState, before: Member, now: Member): string => {
  if (now.state === before.state) return "changed what it says of itself"
  if (now.state === "alive") return "joined again"
  return state.phase === "superseded" ? "another process has this node's name" : "left on purpose"
}
