/**
 * Questions of what would be if, such as `n3 down`, `zone b +80ms` and `n1-n2 120ms`: read as text, laid over a view.
 *
 * A subject is a node, `zone` with its name, or two nodes with a hyphen between them. A change is `down`, a round trip, or with a sign what is
 * added to it. What is said of a zone, or of one node, is said of every link that leaves it.
 */
import { type Distance, measuredDistance, type QuorumView } from "./QuorumView.ts"

/** A node as assumptions name it. */
export interface PlanNode {
  readonly name: string
  readonly zone?: string | undefined
  /** What engines call its replicas; its name when left out. */
  readonly replicas?: ReadonlyArray<string> | undefined
}

/** What happens to a round trip. */
export type LinkChange =
  | { readonly _tag: "Set"; readonly millis: number }
  | { readonly _tag: "Add"; readonly millis: number }
  | { readonly _tag: "Cut" }

/** What to suppose; replicas by the engine's ids. */
export type Assumption =
  | { readonly _tag: "Down"; readonly replicas: ReadonlySet<string> }
  /** Every link between one side and the other; with `to` left out, every link that leaves the one. */
  | {
      readonly _tag: "Links"
      readonly from: ReadonlySet<string>
      readonly to: ReadonlySet<string> | undefined
      readonly change: LinkChange
    }

/** Why text is no assumption. */
export interface Unreadable {
  readonly _tag: "Unreadable"
  /** The part that is wrong, and where it begins, from 0. */
  readonly part: string
  readonly at: number
  /** What would be right. */
  readonly expected: string
}

/** Longest round trip that can be assumed. */
const millisMax = 600_000
const namesShown = 20

/** Reads one assumption about these nodes. */
export const parseAssumption = (text: string, nodes: ReadonlyArray<PlanNode>): Assumption | Unreadable => {
  const match = /^\s*(\S.*?)\s+(\S+)\s*$/.exec(text)
  const [, subject = "", change = ""] = match ?? []
  if (match === null) {
    return unreadable(text, text.trim(), "a subject and a change, such as n3 down or n1-n2 120ms")
  }
  const readChange = change === "down" ? cut : parseChange(change)
  if (readChange === undefined) {
    return unreadable(
      text,
      change,
      `down, a round trip such as 120ms, or +80ms; at most ${millisMax} ms`,
      "last"
    )
  }
  const named = parseSubject(text, subject, nodes)
  if ("_tag" in named) return named
  return readChange._tag === "Cut" && named.to === undefined
    ? { _tag: "Down", replicas: named.from }
    : { _tag: "Links", ...named, change: readChange }
}

const cut: LinkChange = { _tag: "Cut" }

const parseChange = (text: string): LinkChange | undefined => {
  const [, sign, amount, unit] = /^([+-]?)(\d{1,9}(?:\.\d{1,6})?)(ms|s)$/.exec(text) ?? []
  const millis = Number(amount) * (unit === "s" ? 1000 : 1)
  if (sign === undefined || !(millis <= millisMax)) return undefined
  return sign === "" ? { _tag: "Set", millis } : { _tag: "Add", millis: sign === "-" ? -millis : millis }
}

interface Sides {
  readonly from: ReadonlySet<string>
  readonly to: ReadonlySet<string> | undefined
}

const parseSubject = (text: string, subject: string, nodes: ReadonlyArray<PlanNode>): Sides | Unreadable => {
  const zone = /^zone\s+(.+)$/.exec(subject)?.[1]
  if (zone !== undefined) {
    const inside = nodes.filter((node) => node.zone === zone)
    return inside.length > 0
      ? { from: replicasOf(inside), to: undefined }
      : unreadable(text, zone, `a zone: ${listed(nodes.flatMap((node) => node.zone ?? []))}`)
  }
  const replicas = (name: string) => {
    const found = nodes.filter((node) => node.name === name)
    return found.length > 0 ? replicasOf(found) : undefined
  }
  const from = replicas(subject)
  if (from !== undefined) return { from, to: undefined }
  // Names may have hyphens of their own.
  for (let hyphen = subject.indexOf("-"); hyphen >= 0; hyphen = subject.indexOf("-", hyphen + 1)) {
    const one = replicas(subject.slice(0, hyphen).trim())
    const other = replicas(subject.slice(hyphen + 1).trim())
    if (one !== undefined && other !== undefined) return { from: one, to: other }
  }
  return unreadable(
    text,
    strangeIn(subject, replicas),
    `a node, two with a hyphen between them, or zone and its name; nodes: ${listed(nodes.map(({ name }) => name))}`
  )
}

/** The end of a pair that is no node, where the other one is. */
const strangeIn = (subject: string, replicas: (name: string) => unknown): string => {
  const hyphen = subject.indexOf("-")
  if (hyphen < 0) return subject
  const [one, other] = [subject.slice(0, hyphen).trim(), subject.slice(hyphen + 1).trim()]
  if (replicas(one) !== undefined && other !== "") return other
  return replicas(other) !== undefined && one !== "" ? one : subject
}

const replicasOf = (nodes: ReadonlyArray<PlanNode>): ReadonlySet<string> =>
  new Set(nodes.flatMap(({ name, replicas }) => replicas ?? [name]))

const listed = (names: ReadonlyArray<string>): string => {
  const distinct = [...new Set(names)].toSorted()
  const shown = distinct.slice(0, namesShown).join(", ")
  return distinct.length > namesShown
    ? `${shown} and ${distinct.length - namesShown} more`
    : shown || "none known"
}

const unreadable = (
  text: string,
  part: string,
  expected: string,
  which: "first" | "last" = "first"
): Unreadable => ({
  _tag: "Unreadable",
  part,
  at: which === "first" ? text.indexOf(part) : text.lastIndexOf(part),
  expected
})

/** The group as it would be. */
export const suppose = (view: QuorumView, assumption: Assumption): QuorumView => {
  const ids = view.voters.map(({ id }) => id)
  if (assumption._tag === "Down") {
    const { replicas } = assumption
    return {
      ...view,
      voters: view.voters.map((voter) => (replicas.has(voter.id) ? { ...voter, alive: false } : voter))
    }
  }
  const { change, from, to } = assumption
  const crosses = (a: string, b: string) => from.has(a) && (to === undefined ? !from.has(b) : to.has(b))
  return {
    ...view,
    distances: view.distances.map((row, a) =>
      row.map((distance, b) => {
        const [here = "", there = ""] = [ids[a], ids[b]]
        return a !== b && (crosses(here, there) || crosses(there, here))
          ? changed(distance, change)
          : distance
      })
    )
  }
}

const changed = (distance: Distance, change: LinkChange): Distance => {
  switch (change._tag) {
    case "Cut":
      return { ...distance, up: false }
    case "Set":
      return measuredDistance(change.millis)
    case "Add":
      return {
        ...distance,
        loMillis: Math.max(0, distance.loMillis + change.millis),
        hiMillis: Math.max(0, distance.hiMillis + change.millis)
      }
  }
}
