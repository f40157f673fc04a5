/**
 * Pulls of one document: never inside a beat, at most one per peer and two at once, skipped when no longer
 * needed.
 */
import { Effect, FiberMap, type Schema, type Scope, Semaphore } from "effect"

import type { DocumentInvalid, DocumentTooLarge } from "./documentCodec.ts"
import type { VersionNotNewer } from "./documentCopy.ts"
import { makeLoopMetrics } from "./LoopMetrics.ts"
import type { NodeId } from "./Membership.ts"
import type { CallFailed } from "./PeerCalls.ts"

/** What a pull does. */
export interface DocumentPull {
  /** Fetches the peer's copy. */
  readonly content: (peer: NodeId) => Effect.Effect<Schema.Json, CallFailed>
  readonly adopt: (
    content: Schema.Json
  ) => Effect.Effect<void, DocumentInvalid | DocumentTooLarge | VersionNotNewer>
  /** Whether this node still lacks the version. */
  readonly isBehind: (version: number) => boolean
}

/** Pulls at once: a second one, so that a peer that hangs does not hold up the others. */
const pullsMax = 2

/**
 * The four metrics of pulling; a failed pull is counted by kind and tried again after the peer's next beat.
 */
export const pullLoop = makeLoopMetrics("document_pull")

/** Starts pulls: given a peer and the version it has, it returns at once. */
export const makeDocumentPull = Effect.fnUntraced(function* ({
  content,
  adopt,
  isBehind
}: DocumentPull): Effect.fn.Return<
  (peer: NodeId, version: number) => Effect.Effect<void>,
  never,
  Scope.Scope
> {
  const pulls = yield* FiberMap.make<NodeId>()
  const permits = yield* Semaphore.make(pullsMax)
  yield* Effect.forkScoped(pullLoop.whileRunning(Effect.never))

  const pull = (peer: NodeId, version: number) =>
    Effect.suspend(() => (isBehind(version) ? Effect.flatMap(content(peer), adopt) : Effect.void)).pipe(
      Effect.catch((error) =>
        Effect.andThen(
          pullLoop.failed(error._tag === "CallFailed" ? error.kind : error._tag),
          Effect.logDebug("pulling a document failed", { peer, version, reason: error.message })
        )
      ),
      pullLoop.iteration,
      permits.withPermits(1)
    )

  return (peer, version) =>
    Effect.asVoid(
      FiberMap.run(pulls, peer, pull(peer, version), { onlyIfMissing: true, startImmediately: false })
    )
})
