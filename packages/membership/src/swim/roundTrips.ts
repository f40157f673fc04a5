/** Round trips to members as the probes of the protocol see them, the last few of each. */
import { Duration } from "effect"

import type { MemberChanged, SwimNews } from "../core/swim/changes.ts"
import type { RoundTrip } from "../Swim.ts"

/** Measurements of one member that are kept: the least of them is the least disturbed. */
const keptMax = 3

interface Measured {
  readonly millis: ReadonlyArray<number>
  readonly atMillis: number
}

/** What is known of the members that are present; nothing is kept of others. */
export interface RoundTrips {
  readonly onNews: (news: SwimNews, nowMillis: number) => void
  readonly of: (id: string, nowMillis: number) => RoundTrip | undefined
}

/** Nothing measured yet. */
export const makeRoundTrips = (): RoundTrips => {
  const measured = new Map<string, Measured>()
  return {
    onNews: (news, nowMillis) => {
      if (news._tag === "RoundTrip") {
        const before = measured.get(news.id)?.millis ?? []
        measured.set(news.id, { millis: [...before, news.millis].slice(-keptMax), atMillis: nowMillis })
      } else if (news._tag === "MemberChanged" && endsAll(news)) measured.delete(news.id)
    },
    of: (id, nowMillis) => {
      const known = measured.get(id)
      return (
        known && {
          rtt: Duration.millis(Math.min(...known.millis)),
          age: Duration.millis(nowMillis - known.atMillis)
        }
      )
    }
  }
}

/** Whether the member is no more, or may live elsewhere from now on. */
const endsAll = ({ change, current }: MemberChanged): boolean =>
  (current !== "alive" && current !== "suspect") || change === "Restarted" || change === "Updated"
