/** A large answer in pieces, so that neither the event loop nor the memory of a node has to bear it at once. */
import { Effect, type Fiber } from "effect"

import type { SyncEntry } from "../core/swim/messages.ts"
import { wireLimits } from "../core/swimWire/limits.ts"
import type { StreamNet } from "./streamNet.ts"

/** A piece of what is told in a push/pull. */
export interface SyncPiece {
  readonly entries: ReadonlyArray<SyncEntry>
  readonly isFirst: boolean
  readonly isLast: boolean
}

/** Hands the entries over by 500, at least once; each in a turn of the event loop of its own, after `sent` of the one before. */
export const inPieces = (
  { run }: StreamNet,
  entries: ReadonlyArray<SyncEntry>,
  say: (piece: SyncPiece, sent: () => void) => void
): Fiber.Fiber<void> => {
  const size = wireLimits.entriesPerPart
  const count = Math.max(1, Math.ceil(entries.length / size))
  const sayPiece = (index: number) =>
    Effect.callback<void>((resume) => {
      const piece = entries.slice(index * size, (index + 1) * size)
      say({ entries: piece, isFirst: index === 0, isLast: index === count - 1 }, () => resume(Effect.void))
    })
  return run(
    Effect.forEach(
      Array.from({ length: count }, (_, index) => index),
      (index) => Effect.andThen(sayPiece(index), Effect.yieldNow),
      { discard: true }
    )
  )
}
