/**
 * Whether this process works: its event loop turns, and each of its loops ticked lately.
 *
 * It judges this process alone. A probe that also failed for sick peers would have healthy nodes restarted.
 */

/** Lag of the event loop from which the process counts as stuck. */
const lagMillisMax = 5_000

/** What one loop was seen to do. */
export interface LoopSight {
  readonly name: string
  /** Longest time without a step. */
  readonly silenceMillisMax: number
  readonly steps: number
  /** When the count was last seen to rise, or when watching began. */
  readonly movedAtMillis: number
}

/**
 * Starts watching a loop that makes a step each interval. It may be silent for three intervals, at least for as long as the event loop may
 * lag, and for `stepMillisMax` more: the time that one step may wait for somebody else.
 */
export const watchLoop = (
  name: string,
  { intervalMillis, stepMillisMax }: { readonly intervalMillis: number; readonly stepMillisMax: number },
  nowMillis: number
): LoopSight => ({
  name,
  silenceMillisMax: Math.max(3 * intervalMillis, lagMillisMax) + stepMillisMax,
  steps: 0,
  movedAtMillis: nowMillis
})

/** Notes how many steps the loop has made. */
export const seeLoop = (sight: LoopSight, steps: number, nowMillis: number): LoopSight =>
  steps === sight.steps ? sight : { ...sight, steps, movedAtMillis: nowMillis }

/** One check for the event loop, and one for each loop. */
export const judgeLiveness = (
  loops: ReadonlyArray<LoopSight>,
  lagMillis: number,
  nowMillis: number
): ReadonlyArray<{ readonly name: string; readonly ok: boolean }> => [
  { name: "event-loop", ok: lagMillis < lagMillisMax },
  ...loops.map(({ movedAtMillis, name, silenceMillisMax }) => ({
    name: `loop.${name}`,
    ok: nowMillis - movedAtMillis <= silenceMillisMax
  }))
]
