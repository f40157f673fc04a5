/** The memory of attempts to move leadership: this node's own, and those that other agents report. */
import type { GroupStatus } from "@coterie/election"
import { Duration, Effect, Ref } from "effect"

import { freezeUntil, recordAttempt as startCooldown } from "./core/cooldown.ts"
import { forgive, recordAttempt, recordEnd, unguarded } from "./core/transferGuards.ts"
import { monotonicMillis } from "./monotonicMillis.ts"
import type { Reconciliation } from "./Reconciliation.ts"
import type { GroupAttempt } from "./RowExchange.ts"
import { publishRows } from "./shareRows.ts"

const dayMillis = 86_400_000
const ownAttemptsMax = 1000

/** Voluntary attempts of one agent per minute, over all its groups. */
const attemptsPerMinute = 6

/** Remembers an attempt and tells the other agents; called before it is made, so that one that hangs counts too. */
export const noteAttempt = Effect.fnUntraced(function* (
  reconciliation: Reconciliation,
  { group, self, term }: GroupStatus,
  { target, voluntary }: { readonly target: string; readonly voluntary: boolean }
) {
  const nowMillis = yield* monotonicMillis
  const attempt: GroupAttempt = { group, from: self, to: target, term, voluntary, atMillis: nowMillis }
  yield* Ref.update(reconciliation.attempts, (all) => startCooldown(all, group, nowMillis))
  yield* Ref.update(reconciliation.guards, (all) =>
    new Map(all).set(group, recordAttempt(all.get(group) ?? unguarded, attempt, nowMillis))
  )
  yield* Ref.update(reconciliation.ownAttempts, (all) =>
    [...all.filter(({ atMillis }) => atMillis > nowMillis - dayMillis), attempt].slice(-ownAttemptsMax)
  )
  yield* publishRows(reconciliation)
})

/** How an attempt ended. */
export interface AttemptEnd {
  /** Undefined when the engine chose. */
  readonly target: string | undefined
  readonly moved: boolean
  /** It cost more than it can win back in time. */
  readonly costly: boolean
}

/** Remembers how the attempt ended, and tells the others when it was not worth it: the next decision is theirs. */
export const noteEnd = Effect.fnUntraced(function* (
  reconciliation: Reconciliation,
  group: string,
  { costly, moved, target }: AttemptEnd
) {
  const nowMillis = yield* monotonicMillis
  const freezeMillis = Duration.toMillis(reconciliation.options.failureFreeze)
  if (!moved) {
    yield* Ref.update(reconciliation.attempts, (all) => freezeUntil(all, group, nowMillis + freezeMillis))
  }
  yield* Ref.update(reconciliation.guards, (all) =>
    new Map(all).set(
      group,
      recordEnd(all.get(group) ?? unguarded, { target, moved, freezeMillis }, nowMillis)
    )
  )
  if (!costly) return
  const own = yield* Ref.get(reconciliation.ownAttempts)
  const index = own.findLastIndex((attempt) => attempt.group === group)
  const last = own[index]
  if (last === undefined) return
  const attempt = { ...last, costly }
  yield* Ref.set(reconciliation.ownAttempts, own.with(index, attempt))
  yield* Ref.update(reconciliation.guards, (all) =>
    new Map(all).set(group, recordAttempt(all.get(group) ?? unguarded, attempt, nowMillis))
  )
  yield* publishRows(reconciliation)
})

/** What is left until this agent may move another group; 0 when it may. */
export const agentRestMillis = ({ ownAttempts }: Reconciliation, nowMillis: number): Effect.Effect<number> =>
  Effect.map(Ref.get(ownAttempts), (all) => {
    const earliest = all.filter(({ voluntary }) => voluntary).at(-attemptsPerMinute)
    return earliest === undefined ? 0 : Math.max(0, earliest.atMillis + 60_000 - nowMillis)
  })

/** Forgets what was attempted for a group, by whomever. */
export const forgetAttempts = Effect.fnUntraced(function* (
  { attempts, guards, ownAttempts }: Reconciliation,
  group: string
) {
  const nowMillis = yield* monotonicMillis
  yield* Ref.update(attempts, (all) => new Map([...all].filter(([name]) => name !== group)))
  yield* Ref.update(ownAttempts, (all) => all.filter((attempt) => attempt.group !== group))
  yield* Ref.update(guards, (all) => new Map(all).set(group, forgive(all.get(group) ?? unguarded, nowMillis)))
})

/** Drops what is remembered about groups that are gone. */
export const retainGroups = Effect.fnUntraced(function* (
  { decided, guards, views }: Reconciliation,
  listed: ReadonlySet<string>
) {
  for (const group of decided.keys()) if (!listed.has(group)) decided.delete(group)
  yield* Ref.update(guards, (all) => new Map([...all].filter(([group]) => listed.has(group))))
  yield* Ref.update(views, (all) => new Map([...all].filter(([group]) => listed.has(group))))
})
