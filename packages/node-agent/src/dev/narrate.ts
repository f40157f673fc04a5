/** What changed from one state of the demo to the next, as lines for a log instead of a screen. */
import {
  agreedLeader,
  agreedMaster,
  decisionLine,
  type DemoNode,
  type DemoState,
  latestTerm,
  writesLedBy
} from "./core/demoState.ts"
import { percentile } from "./core/percentile.ts"

/** Acknowledged writes of a leader between two lines about them. */
const writesPerLine = 100

/** One line for each change; none when nothing that a person follows has changed. */
export const narrate = (before: DemoState, after: DemoState): ReadonlyArray<string> => [
  ...after.nodes.flatMap((node, index) =>
    node.phase === before.nodes[index]?.phase ? [] : [phaseLine(node)]
  ),
  ...changed(agreedMaster(before), agreedMaster(after), (master) => `master: ${master}`),
  ...changed(
    agreedLeader(before),
    agreedLeader(after),
    (leader) => `leader: ${leader} in term ${latestTerm(after)}`
  ),
  ...after.decisions.filter((decision) => !before.decisions.includes(decision)).map(decisionLine),
  ...writeLines(before, after)
]

const phaseLine = ({ id, lastWords, opsUrl, phase }: DemoNode): string => {
  if (phase === "running") return `${id}: running at ${opsUrl}`
  return `${id}: ${phase}${lastWords === "" ? "" : `, ended with: ${lastWords}`}`
}

const changed = (
  before: string | undefined,
  after: string | undefined,
  say: (value: string) => string
): ReadonlyArray<string> => (before === after ? [] : [say(after ?? "none that all agree on")])

const writeLines = (before: DemoState, after: DemoState): ReadonlyArray<string> => {
  const leader = agreedLeader(after)
  const writes = writesLedBy(after, leader)
  const due = [10, writesPerLine].some(
    (count) => writesLedBy(before, leader).length < count && writes.length >= count
  )
  const p50 = percentile(writes, 0.5)
  return due && p50 !== undefined
    ? [`writes led by ${leader ?? "nobody"}: p50 ${p50.toFixed(1)} ms over ${writes.length}`]
    : []
}
