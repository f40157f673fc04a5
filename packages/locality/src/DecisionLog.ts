/** Remembers decisions, hands them to readers, and logs what changed. */
import { Effect, type LogLevel, Metric, PubSub, Stream } from "effect"

import type { Decision, LocalityAction, StayReason } from "./Decision.ts"
import { countDecision, forgetPeer, regret } from "./localityMetrics.ts"

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

  /** Forgets the newest decision of each group that is gone, and the round trips that nobody measures any more; sums up the regret. */
  const retain = Effect.fnUntraced(function* (groups: ReadonlySet<string>) {
    for (const group of latest.keys()) if (!groups.has(group)) latest.delete(group)
    const measured = new Set([...latest.values()].flatMap(({ row }) => Object.keys(row)))
    for (const peer of measuredPeers) if (!measured.has(peer)) yield* forgetPeer(peer)
    measuredPeers = measured
    const sum = [...latest.values()].reduce((total, decision) => total + regretMillis(decision), 0)
    yield* Metric.update(regret, sum / 1000)
  })

  return {
    record,
    retain,
    stream: Stream.fromPubSub(published),
    recent: Effect.sync((): ReadonlyArray<Decision> => [...recent]),
    latest: Effect.sync((): ReadonlyMap<string, Decision> => new Map(latest))
  }
})

/** What the best voter would save; 0 where that is not known, as scores beyond every distance say. */
const regretMillis = ({ action, leader, scores }: Decision): number => {
  const current = leader === undefined || action._tag === "Transfer" ? undefined : scores?.[leader]
  return current === undefined || current >= 1e9 ? 0 : current - Math.min(...Object.values(scores ?? {}))
}

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
  return levels[action.reason._tag]
}

const levels: Record<StayReason["_tag"], LogLevel.Severity> = {
  engineError: "Warn",
  voterUnreachable: "Warn",
  noSpare: "Warn",
  frozen: "Warn",
  advised: "Info",
  cooldown: "Info",
  draining: "Info",
  insufficientData: "Info",
  noTarget: "Info",
  notPersistent: "Info",
  paused: "Info",
  staleData: "Info",
  electing: "Debug",
  gainTooSmall: "Debug",
  notLeader: "Debug",
  preferred: "Debug",
  settling: "Debug",
  singleVoter: "Debug",
  withinThreshold: "Debug"
}
