/** What a change in a member's liveness means for routing and for the rebalancer. */
import { groupIds, type RoutingTable, setLeader } from "./routing.ts"

/** A member's state, as `@coterie/membership` names it. */
export type Liveness = "alive" | "suspect" | "dead" | "left"

/**
 * Whether a transition changes who can carry load, so that the next sweep should not wait: a member that is new or back, died, or left. A
 * suspicion and its refutation are too common to react to. `previous` is undefined for a member not known before.
 */
export const shouldKick = (previous: Liveness | undefined, next: Liveness): boolean => {
  if (next === "alive") return previous === undefined || previous === "dead" || previous === "left"
  return next !== "suspect"
}

/**
 * Forgets the leader of every group that a doubted member leads, so that clients ask around instead of waiting for it. A member that is
 * alive again gets nothing back: whoever leads now says so.
 */
export const forgetLeader = (table: RoutingTable, member: string, state: Liveness): RoutingTable =>
  state === "alive"
    ? table
    : groupIds(table)
        .filter((group) => table.groups.get(group)?.leader === member)
        .reduce((current, group) => setLeader(current, group, undefined), table)

/**
 * Takes over a newer table and keeps what was learned locally: a leader hint survives until the store itself names another leader than it
 * did before. Without this rule any unrelated change of the store would bring a dead leader back.
 */
export const carryHints = (hinted: RoutingTable, before: RoutingTable, after: RoutingTable): RoutingTable =>
  groupIds(after).reduce((current, group) => {
    const known = hinted.groups.get(group)
    const unchanged = before.groups.get(group)?.leader === after.groups.get(group)?.leader
    return known !== undefined && unchanged ? setLeader(current, group, known.leader) : current
  }, after)
