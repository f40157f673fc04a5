/** Whether a transfer was worth its price. */

/**
 * How long the gain of a transfer takes to win back what it cost, in ms. An operation that comes during a gap waits for half of it on average,
 * so what was lost grows with the square of the gap; how many operations there are makes no difference. Infinity where nothing is gained.
 */
export const paybackMillis = (gapMillis: number, gainMillis: number): number =>
  gainMillis > 0 ? gapMillis ** 2 / (2 * gainMillis) : Number.POSITIVE_INFINITY
