/** What the explanations of all strategies have in common: why a member leads or does not, said to people. */
import type { MemberStanding, StandingReason } from "../LeadershipExplanation.ts"
import type { Contact } from "./liveness.ts"

/** Why a member leads or does not, with a sentence for people. */
export interface Reason<Kind extends StandingReason = StandingReason> {
  readonly reason: Kind
  readonly detail: string
}

/** A reason with its sentence. */
export const because = <Kind extends StandingReason>(reason: Kind, detail: string): Reason<Kind> => ({
  reason,
  detail
})

/** The standing of a member; `grants` for strategies with votes, where it is known. */
export const standingOf = (id: string, { detail, reason }: Reason, grants?: boolean): MemberStanding => ({
  id,
  grants,
  reason,
  detail
})

/** A time as people read it: `41 s`, `3.2 s`. Rounded down, so that a wait that is not over never reads as if it were. */
export const inSeconds = (millis: number): string => {
  const tenths = Math.floor(Math.max(0, millis) / 100)
  return `${tenths < 100 ? tenths / 10 : Math.floor(tenths / 10)} s`
}

/** How long a member that is not alive has been silent. */
export const silence = (contact: Contact | undefined, nowMillis: number, deadAfterMillis: number): string =>
  contact === undefined
    ? "not heard of yet"
    : `silent for ${inSeconds(nowMillis - contact.lastSeenMillis)}; dead after ${inSeconds(deadAfterMillis)}`

/** A member that gave leadership up; only itself knows for how long it stands back. */
export const standsBack = (leftMillis?: number): Reason<"unwilling"> =>
  because(
    "unwilling",
    `gave leadership up and stands back${leftMillis === undefined ? "" : ` for ${inSeconds(leftMillis)} more`}`
  )

/** A leader that lets go once its work has stopped, for which it has that long. */
export const handsOver = (leftMillis: number): Reason<"handingOver"> =>
  because("handingOver", `leads until its work has stopped, for which it has ${inSeconds(leftMillis)} more`)
