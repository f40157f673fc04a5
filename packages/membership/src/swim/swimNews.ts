/** What the core tells, sorted to those whom it concerns: subscribers, logs, and the call that caused it. */
import { Clock, Effect, type Stream } from "effect"

import { makeChangeFeed } from "../changeFeed.ts"
import type { MemberChanged, SwimNews } from "../core/swim/changes.ts"
import type { MembershipChange } from "../Membership.ts"
import type { PeerRefused, SwimNotice, UserMessage } from "../Swim.ts"
import { makeNoticeLimit } from "./noticeLimit.ts"
import type { RunFork } from "./swimDriver.ts"
import type { SwimMembers } from "./swimMembers.ts"

/** The subscribers of one node. */
export interface NewsDesk {
  readonly changes: Stream.Stream<MembershipChange>
  readonly events: Stream.Stream<UserMessage>
  readonly notices: Stream.Stream<SwimNotice>
  readonly publish: (members: SwimMembers, news: SwimNews) => void
  readonly peerRefused: (refused: PeerRefused) => void
  readonly publishOwn: (change: MembershipChange) => void
  /** Why the core refused the last broadcast, if it did; asking forgets it. */
  readonly takeRefusedBroadcast: () => "QueueFull" | "TooLarge" | undefined
  /** Whether the core refused the last update of this node itself; asking forgets it. */
  readonly takeRefusedUpdate: () => boolean
}

/** No subscribers yet. */
export const makeNewsDesk = Effect.fnUntraced(function* (run: RunFork) {
  const changes = yield* makeChangeFeed<MembershipChange>("membership")
  const events = yield* makeChangeFeed<UserMessage>("swim_events")
  const notices = yield* makeChangeFeed<SwimNotice>("swim_notices")
  let refusedBroadcast: "QueueFull" | "TooLarge" | undefined
  let refusedUpdate = false

  const clock = yield* Clock.Clock
  const mayTell = makeNoticeLimit()

  const notice = (news: SwimNotice): void => {
    const cause = causeOf(news)
    if (cause !== undefined && !mayTell(cause, Number(clock.monotonicTimeNanosUnsafe() / 1_000_000n))) return
    notices.publishUnsafe(news)
    run(logNotice(news))
  }

  const publish: NewsDesk["publish"] = (members, news) => {
    if (isNotice(news)) return notice(news)
    switch (news._tag) {
      case "MemberChanged": {
        const change = members.changed(news)
        if (change !== undefined) changes.publishUnsafe(change)
        run(logChange(news))
        return
      }
      case "UserEventReceived": {
        const { name, origin, payload } = news.event
        return events.publishUnsafe({ from: origin, name, payload })
      }
      case "BroadcastRefused":
        refusedBroadcast = news.reason
        return
      case "UpdateRefused":
        refusedUpdate = true
        return
      case "RoundTrip":
      case "JoinSucceeded":
      case "Departed":
        return
    }
  }

  return {
    changes: changes.stream,
    events: events.stream,
    notices: notices.stream,
    publish,
    peerRefused: notice,
    publishOwn: (change) => changes.publishUnsafe(change),
    takeRefusedBroadcast: () => {
      const refused = refusedBroadcast
      refusedBroadcast = undefined
      return refused
    },
    takeRefusedUpdate: () => {
      const refused = refusedUpdate
      refusedUpdate = false
      return refused
    }
  } satisfies NewsDesk
})

const logChange = ({ change, current, fact, id, previous }: MemberChanged) =>
  Effect.logInfo("member changed", { member: id, change, from: previous, to: current, fact: fact.kind })

const logNotice = ({ _tag, ...fields }: SwimNotice) =>
  _tag === "Refuted"
    ? Effect.logInfo(noticeTexts[_tag], fields)
    : Effect.logWarning(noticeTexts[_tag], fields)

/** What may come again and again, by its cause: the port of a stream is another each time, its host is not. */
const causeOf = (news: SwimNotice): string | undefined => {
  if (news._tag === "PeerRefused") return `${news.reason} ${news.id} ${news.address.replace(/:\d+$/, "")}`
  return news._tag === "JoinFailed" ? `${news.reason} ${news.detail}` : undefined
}

const isNotice = (news: SwimNews): news is Extract<SwimNews, SwimNotice> => news._tag in noticeTexts

const noticeTexts = {
  PeerRefused: "somebody is not let in",
  JoinFailed: "join failed",
  NameConflict: "another process uses this node's name",
  Superseded: "another process has taken this node's name; this node takes no part any more",
  Refuted: "refuted what was held against this node",
  Isolated: "this node seems to be cut off; verdicts are put off",
  Reconnected: "this node is no longer cut off",
  Stalled: "this process stood still",
  UdpBlocked: "a member answers over streams only; packets between it and this node are lost"
} satisfies Readonly<Record<SwimNotice["_tag"], string>>
