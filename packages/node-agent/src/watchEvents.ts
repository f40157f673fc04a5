/** Writes down what the blocks of an agent tell of themselves. */
import type { PeerRefusal, SwimNotice } from "@coterie/membership"
import { Effect, Stream } from "effect"

import type { AgentBlocks } from "./AgentBlocks.ts"
import type { EventLog } from "./EventLog.ts"

type Blocks = AgentBlocks["Service"]

/** Records changes of members and notices of SWIM until the scope closes. */
export const watchMembers = Effect.fnUntraced(function* (
  { record }: EventLog,
  { membership, swim }: Pick<Blocks, "membership" | "swim">
) {
  yield* watch(membership.changes, ({ kind, member, previous, reason }) =>
    record({ _tag: "member", change: kind, member: member.id, from: previous, to: member.state, reason })
  )
  if (swim !== undefined)
    yield* watch(swim.notices, (notice) =>
      record({ _tag: "notice", notice: notice._tag, reason: explainNotice(notice), ...aboutWhom(notice) })
    )
})

/** Records changes of the agents' leader and hand-overs of the engine's until the scope closes. */
export const watchLeaders = Effect.fnUntraced(function* (
  { record }: EventLog,
  { election, locality }: Pick<Blocks, "election" | "locality">
) {
  if (election !== undefined) {
    let leader: string | undefined
    yield* watch(election.changes, (now) => {
      if (now.leader === leader) return Effect.void
      leader = now.leader
      return record({ _tag: "leader", leader, term: now.term })
    })
  }
  if (locality !== undefined)
    yield* watch(locality.decisions, (decision) =>
      decision.action._tag === "Transfer" ? record({ _tag: "locality", decision }) : Effect.void
    )
})

const watch = <A>(stream: Stream.Stream<A>, note: (told: A) => Effect.Effect<void>) =>
  Effect.forkScoped(Stream.runForEach(stream, note), { startImmediately: true })

const aboutWhom = (notice: SwimNotice) => {
  if (notice._tag !== "PeerRefused" && notice._tag !== "UdpBlocked") return {}
  const { address, id } = notice
  return { address, ...(id === undefined ? {} : { member: id }) }
}

/** What would be right, by the word for a refusal. */
const remedies: ReadonlyMap<string, string> = new Map<PeerRefusal, string>([
  ["version", "run releases that understand each other"],
  ["mode", "either all nodes have membership.keys_file or none"],
  ["label", "cluster must be the same on all nodes"],
  ["unknown_key", "both need a key in common, see coterie keyring list"]
])

const withRemedy = (text: string, reason = ""): string =>
  remedies.has(reason) ? `${text}; ${remedies.get(reason)}` : text

const explainNotice = (notice: SwimNotice): string => {
  switch (notice._tag) {
    case "PeerRefused": {
      const { address, detail, id = "somebody", reason } = notice
      return withRemedy(`${id} at ${address} is not let in (${reason}): ${detail}`, reason)
    }
    case "JoinFailed":
      // A refusal ends with its word.
      return withRemedy(`this node cannot join: ${notice.detail}`, notice.detail.split(": ").at(-1))
    case "NameConflict":
      return `another process uses this node's name at ${notice.other.address}`
    case "Superseded":
      return `the process at ${notice.by.address} has taken this node's name; this node takes no part any more`
    case "Refuted":
      return notice.accusation === undefined
        ? "refuted what was held against this node"
        : `refuted being ${notice.accusation.kind}, as ${notice.accusation.by} said`
    case "Isolated":
      return "this node seems to be cut off; verdicts are put off"
    case "Reconnected":
      return "this node is no longer cut off"
    case "Stalled":
      return `this process stood still for ${Math.round(notice.millis)} ms`
    case "UdpBlocked":
      return `${notice.id} at ${notice.address} answers over streams only; packets between it and this node are lost`
  }
}
