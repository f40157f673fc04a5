/** The demo in numbers: writes and round trips under the first leader, and under the one that leads in the end. */
import { agreedLeader, decisionLine, type DemoState, type SeenTransfer, writesLedBy } from "./demoState.ts"
import { percentile } from "./percentile.ts"

/** How writes went under one leader. */
export interface Placement {
  readonly leader: string | null
  /** Acknowledged writes that were measured. */
  readonly writes: number
  readonly writeP50Millis: number | null
  readonly writeP95Millis: number | null
  /** Round trips from the leader, as its agent measured them. */
  readonly rttRowMillis: Readonly<Record<string, number>>
}

/** What `coterie dev --once --json` prints. */
export interface DemoReport {
  /** Version of this shape. */
  readonly schema: "dev/v1"
  readonly ok: boolean
  /** Why the leader is not well placed; null when it is. */
  readonly reason: string | null
  readonly seconds: number
  /** Nodes through which the writes went. */
  readonly writers: ReadonlyArray<string>
  readonly before: Placement
  readonly after: Placement
  readonly transfers: ReadonlyArray<SeenTransfer>
  /** In one sentence each, without repetitions. */
  readonly decisions: ReadonlyArray<string>
  readonly failedWrites: number
  /** Longest time between two acknowledged writes. */
  readonly longestGapMillis: number
}

/** Sums the demo up; `reason` says why it is not done. */
export const demoReport = (
  state: DemoState,
  elapsedMillis: number,
  reason: string | undefined
): DemoReport => ({
  schema: "dev/v1",
  ok: reason === undefined,
  reason: reason ?? null,
  seconds: round(elapsedMillis / 1000),
  writers: [...new Set(state.writes.map(({ through }) => through))],
  before: placementOf(state, state.firstLeader),
  after: placementOf(state, agreedLeader(state)),
  transfers: state.decisions.flatMap(({ transfer }) =>
    transfer === undefined ? [] : [{ ...transfer, tookMillis: round(transfer.tookMillis) }]
  ),
  decisions: state.decisions.map(decisionLine),
  failedWrites: state.failedWrites,
  longestGapMillis: round(longestGap(state))
})

const placementOf = (state: DemoState, leader: string | undefined): Placement => {
  const writes = writesLedBy(state, leader)
  return {
    leader: leader ?? null,
    writes: writes.length,
    writeP50Millis: roundOrNull(percentile(writes, 0.5)),
    writeP95Millis: roundOrNull(percentile(writes, 0.95)),
    rttRowMillis: Object.fromEntries(
      Object.entries(rttRow(state, leader)).map(([id, millis]) => [id, round(millis)])
    )
  }
}

/** The row of the newest decision that this node's agent made as leader. */
const rttRow = ({ decisions }: DemoState, leader: string | undefined): Readonly<Record<string, number>> =>
  decisions.findLast(({ node, row }) => node === leader && Object.keys(row).length > 0)?.row ?? {}

const longestGap = ({ writes }: DemoState): number => {
  const ends = writes.flatMap(({ atMillis, failure }) => (failure === undefined ? [atMillis] : []))
  return Math.max(0, ...ends.slice(1).map((end, index) => end - (ends[index] ?? end)))
}

const round = (value: number): number => Math.round(value * 10) / 10

const roundOrNull = (value: number | undefined): number | null => (value === undefined ? null : round(value))
