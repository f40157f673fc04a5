import { tableLines } from "../cli/table.ts"
/** The live view as text: nodes, the leader's round trips, writes, decisions with their reasons. */
import {
  agreedLeader,
  agreedMaster,
  decisionLine,
  type DemoNode,
  type DemoState,
  newestDecision,
  latestTerm,
  reportingNodes,
  writerNode,
  writesLedBy
} from "./core/demoState.ts"
import { percentile } from "./core/percentile.ts"

/** Writes of which the view shows the median. */
const recentWrites = 50

const decisionsShown = 8

/** One screen, without colours; `footer` is its last line. */
export const renderView = (state: DemoState, elapsedMillis: number, footer: string): string => {
  const decisions = state.decisions.slice(-decisionsShown)
  return [
    `coterie dev  ${Math.floor(elapsedMillis / 1000)} s`,
    "",
    ...tableLines(
      ["NODE", "STATE", "ROLE", "RTT FROM LEADER", "API"],
      state.nodes.map((node) => nodeRow(state, node))
    ),
    ...state.nodes.flatMap(({ id, lastWords }) =>
      lastWords === "" ? [] : [`${id} ended with: ${lastWords}`]
    ),
    "",
    leaderLine(state),
    writeLine(state),
    "",
    "DECISIONS",
    ...(decisions.length === 0 ? ["  none yet"] : decisions.map((decision) => `  ${decisionLine(decision)}`)),
    "",
    footer,
    ""
  ].join("\n")
}

const nodeRow = (state: DemoState, { id, opsUrl, phase }: DemoNode): ReadonlyArray<string> => {
  const leader = agreedLeader(state)
  const roles = [
    ...(id === leader ? ["leader"] : []),
    ...(id === agreedMaster(state) ? ["master"] : []),
    ...(id === writerNode(state) ? ["writer"] : [])
  ]
  const rtt = newestDecision(state, leader)?.row[id]
  return [id, stateOf(state, id, phase), roles.join(", "), rtt === undefined ? "" : millis(rtt), opsUrl ?? ""]
}

/** What the other nodes believe, once the process itself runs or is dead. */
const stateOf = (state: DemoState, id: string, phase: DemoNode["phase"]): string => {
  if (phase === "starting") return phase
  const views = reportingNodes(state)
    .filter((node) => node.id !== id)
    .flatMap(({ status }) =>
      status.members.filter((member) => member.id === id).map((member) => member.state)
    )
  const beliefs = [...new Set(views)].toSorted().join("/")
  return phase === "dead" ? `down, seen ${beliefs || "by nobody"}` : beliefs || "alone"
}

const leaderLine = (state: DemoState): string => {
  const leader = agreedLeader(state)
  return leader === undefined
    ? "The group demo has no leader that all agree on."
    : `The group demo is led by ${leader} in term ${latestTerm(state)}.`
}

const writeLine = (state: DemoState): string => {
  const writes = writesLedBy(state, agreedLeader(state)).slice(-recentWrites)
  const [p50, p95] = [percentile(writes, 0.5), percentile(writes, 0.95)]
  return p50 === undefined || p95 === undefined
    ? "No write was acknowledged under this leader yet."
    : `Writes: p50 ${millis(p50)}, p95 ${millis(p95)} over the last ${writes.length}; ${state.failedWrites} failed since the start.`
}

const millis = (value: number): string => `${value.toFixed(1)} ms`
