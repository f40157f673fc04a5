/** Remembers decisions, hands them to readers, and logs what changed. */
import { Effect, type LogLevel, PubSub, Stream } from "effect"

import type { Decision, LocalityAction, StayReason } from "./Decision.ts"
import { countDecision, forgetPeer } from "./localityMetrics.ts"

/** Makes a log that keeps the last `capacity` decisions; its readers end with the scope. */
export const makeDecisionLog = Effect.fnUntraced(function* (capacity: number) {
  const published = yield* Effect.acquireRelease(PubSub.sliding<Decision>(capacity), PubSub.shutdown)
  const recent: Array<Decision> = []
  const latest = new Map<string, Decision>()
  let measuredPeers: ReadonlySet<string> = new Set()

  /** Counts and publishes always, logs only when the group's last decision was another one. */
  const record = Effect.fnUntraced(function* (decision: Decision) {
    const previous = latest.get(decision.group)
    latest.set(decision.group, decision)
    recent.push(decision)
    if (recent.length > capacity) recent.shift()
    yield* countDecision(decision)
    yield* PubSub.publish(published, decision)
    if (isNews(previous?.action, decision.action)) yield* logDecision(decision)
  })

  /** Forgets the newest decision of each group that is gone, and the round trips that nobody measures any more. */
  const retain = Effect.fnUntraced(function* (groups: ReadonlySet<string>) {
    for (const group of latest.keys()) if (!groups.has(group)) latest.delete(group)
    const measured = new Set([...latest.values()].flatMap(({ row }) => Object.keys(row)))
    for (const peer of measuredPeers) if (!measured.has(peer)) yield* forgetPeer(peer)
    measuredPeers = measured
  })

  return {
    record,
    retain,
    stream: Stream.fromPubSub(published),
    recent: Effect.sync((): ReadonlyArray<Decision> => [...recent]),
    latest: Effect.sync((): ReadonlyMap<string, Decision> => new Map(latest))
  }
})

/** A transfer always is; staying only for another reason, target or kind of failure than before. */
const isNews = (previous: LocalityAction | undefined, next: LocalityAction): boolean =>
  next._tag === "Transfer" || previous?._tag !== "Stay" || sameness(previous.reason) !== sameness(next.reason)

const sameness = (reason: StayReason): string =>
  JSON.stringify([
    reason._tag,
    "target" in reason ? reason.target : undefined,
    "kind" in reason ? reason.kind : undefined
  ])

const logDecision = ({ group, leader, term, mode, policy, action }: Decision): Effect.Effect<void> =>
  Effect.logWithLevel(levelOf(action))(
    action._tag === "Transfer" ? "leadership transfer" : "leadership stays",
    { group, leader, term, mode, policy, ...(action._tag === "Stay" ? action.reason : action) }
  )

const levelOf = (action: LocalityAction): LogLevel.Severity => {
  if (action._tag === "Transfer") return action.outcome._tag === "moved" ? "Info" : "Warn"
  switch (action.reason._tag) {
    case "engineError":
    case "voterUnreachable":
      return "Warn"
    case "advised":
    case "cooldown":
      return "Info"
    case "notLeader":
    case "electing":
    case "settling":
    case "singleVoter":
    case "withinThreshold":
      return "Debug"
  }
}
