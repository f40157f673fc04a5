/** Waiting for a condition of the real world, on the machine's clock (also under a test clock). */
import { setTimeout as pause } from "node:timers/promises"

/** Nothing left to wait for, or the reason why not yet. */
export type NotYet = string | undefined

/** Bounds of a wait. */
export interface PollOptions {
  /** Milliseconds after which waiting gives up. */
  readonly timeoutMillis: number
  /** Milliseconds between two looks. Default 50. */
  readonly intervalMillis?: number
  /** Ends the wait early with a rejection. */
  readonly signal?: AbortSignal
}

/** The condition did not come true in time; `reason` is what was missing at the last look. */
export class PollTimeout extends Error {
  readonly reason: string
  constructor(reason: string, timeoutMillis: number) {
    super(`not within ${timeoutMillis} ms: ${reason}`)
    this.reason = reason
  }
}

/**
 * Looks until `look` answers `undefined`. A look that throws counts as "not yet". Rejects with
 * `PollTimeout` after `timeoutMillis`, or with the signal's reason.
 */
export const pollUntil = async (
  look: () => Promise<NotYet> | NotYet,
  options: PollOptions
): Promise<void> => {
  const deadline = performance.now() + options.timeoutMillis
  for (;;) {
    const reason = await lookOnce(look)
    if (reason === undefined) return
    options.signal?.throwIfAborted()
    if (performance.now() >= deadline) throw new PollTimeout(reason, options.timeoutMillis)
    await pause(options.intervalMillis ?? 50, undefined, { signal: options.signal })
  }
}

const lookOnce = async (look: () => Promise<NotYet> | NotYet): Promise<NotYet> => {
  try {
    return await look()
  } catch (cause) {
    return cause instanceof Error ? cause.message : String(cause)
  }
}
