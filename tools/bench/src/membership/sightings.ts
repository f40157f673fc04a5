/** What a log of sightings says: when a death was noticed, which deaths were none, and when all saw all. */
import type { Sighting } from "./protocol.ts"

/** When a death was noticed, in ms after it; infinite when nobody did. */
export interface Detection {
  readonly firstMillis: number
  readonly medianMillis: number
  readonly lastMillis: number
  /** Nodes that noticed. */
  readonly observers: number
}

/** When the others first called a member failed, from a time on. */
export const detection = (log: ReadonlyArray<Sighting>, member: string, since: number): Detection => {
  const first = new Map<string, number>()
  for (const { at, event, member: about, observer } of log) {
    if (event === "failed" && about === member && at >= since && !first.has(observer)) first.set(observer, at)
  }
  const times = [...first.values()].map((at) => at - since).toSorted((one, other) => one - other)
  return {
    firstMillis: times[0] ?? Infinity,
    medianMillis: times[Math.floor(times.length / 2)] ?? Infinity,
    lastMillis: times.at(-1) ?? Infinity,
    observers: times.length
  }
}

/** What was seen in a time, from `since` to before `until`. */
export const between = (
  log: ReadonlyArray<Sighting>,
  since: number,
  until = Infinity
): ReadonlyArray<Sighting> => log.filter(({ at }) => at >= since && at < until)

/** How often members other than these were called failed. */
export const falseLeaves = (log: ReadonlyArray<Sighting>, gone: ReadonlyArray<string> = []): number =>
  log.filter(({ event, member }) => event === "failed" && !gone.includes(member)).length

/** How often members were suspected, or called failed: `by` one node or any, of all members `except` one. */
export const accusations = (
  log: ReadonlyArray<Sighting>,
  { by, except }: { readonly by?: string; readonly except?: string }
): number =>
  log.filter(
    ({ event, member, observer }) =>
      (event === "suspected" || event === "failed") &&
      (by === undefined || observer === by) &&
      member !== except
  ).length

/** How long after `since` so many running nodes first all held each other, in ms; infinite when they never did. */
export const convergedAfter = (log: ReadonlyArray<Sighting>, nodes: number, since: number): number => {
  const views = new Map<string, Set<string>>()
  let pairs = 0
  let isComplete = false
  for (const sighting of log) {
    if (isComplete && sighting.at > since) return 0
    pairs += apply(views, sighting)
    // Views may hold members that are gone, so the number of entries alone does not prove it.
    isComplete = views.size === nodes && pairs >= nodes * (nodes - 1) && isWhole(views)
    if (isComplete && sighting.at >= since) return sighting.at - since
  }
  return isComplete ? 0 : Infinity
}

const isWhole = (views: ReadonlyMap<string, ReadonlySet<string>>): boolean => {
  const names = [...views.keys()]
  return [...views].every(([own, seen]) => names.every((name) => name === own || seen.has(name)))
}

/** Applies a sighting to the views of the nodes that run; returns how many entries they have more. */
const apply = (views: Map<string, Set<string>>, { event, member, observer }: Sighting): number => {
  const seen = views.get(observer)
  const before = seen?.size ?? 0
  switch (event) {
    case "started":
      views.set(observer, new Set())
      return -before
    case "stopped":
      views.delete(observer)
      return -before
    case "joined":
      seen?.add(member)
      break
    case "failed":
    case "left":
      seen?.delete(member)
      break
    case "suspected":
  }
  return (seen?.size ?? 0) - before
}
