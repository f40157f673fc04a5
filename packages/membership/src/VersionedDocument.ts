/**
 * A small document that every node holds a copy of, spread by "you are behind, pull from me".
 *
 * Its version rides on heartbeats; a node that hears a higher one pulls the content from that peer (rule Q9).
 * Who may write is not decided here: two writers of one version are detected and reported, never merged.
 */
import { type Duration, Effect, Metric, Schema, type Scope, type Stream } from "effect"

import { decide } from "./core/documentVersion.ts"
import { type DocumentInvalid, type DocumentTooLarge, makeDocumentCodec, Revision } from "./documentCodec.ts"
import { makeDocumentCopy, type VersionNotNewer } from "./documentCopy.ts"
import { makeDocumentPull, pullLoop } from "./documentPull.ts"
import { Heartbeats } from "./Heartbeats.ts"
import type { NodeId } from "./Membership.ts"
import { PeerCalls } from "./PeerCalls.ts"

/** One version of a document. */
export interface Versioned<A> {
  readonly value: A
  /** Whole number; a higher one replaces a lower one. */
  readonly version: number
  /** SHA-256 of the canonical JSON of the value, in hex. */
  readonly digest: string
}

/** A peer holds other content under our version. */
export interface Divergence {
  readonly peer: NodeId
  readonly version: number
  readonly localDigest: string
  readonly peerDigest: string
}

/** A node's copy of a document. */
export interface VersionedDocument<A> {
  readonly current: Effect.Effect<Versioned<A>>
  /** Versions adopted from now on, whether written here or pulled; a slow reader loses the oldest. */
  readonly changes: Stream.Stream<Versioned<A>>
  /** Divergences from now on, each peer and content reported once. */
  readonly divergences: Stream.Stream<Divergence>
  /** Adopts a version that is strictly higher; peers pull it after the next beat. */
  replace(
    value: A,
    version: number
  ): Effect.Effect<void, VersionNotNewer | DocumentTooLarge | DocumentInvalid>
}

/** Options of a document; equal on all nodes except `initial`. */
export interface VersionedDocumentOptions<A> {
  /** Name among the documents of a cluster: 1 to 54 lower-case letters, digits and `._:-`. */
  readonly name: string
  readonly schema: Schema.Codec<A, unknown>
  /** What the node starts with; a document that was never written has version 0. */
  readonly initial: { readonly value: A; readonly version: number }
  /** Largest JSON of the value in bytes. Default 1 MiB. */
  readonly bytesMax?: number | undefined
  /** Deadline of one pull. Default 5 seconds. */
  readonly pullTimeout?: Duration.Input | undefined
}

const bytesMaxDefault = 1_048_576

/** Room for the envelope around the content of a pull. */
const envelopeBytesMax = 4_096

const badRevisions = Metric.counter("document_bad_revisions_total", {
  description: "Unreadable revisions heard from peers, by document",
  incremental: true
})

const make = Effect.fnUntraced(function* <A>(
  options: VersionedDocumentOptions<A>
): Effect.fn.Return<
  VersionedDocument<A>,
  DocumentTooLarge | DocumentInvalid,
  Heartbeats | PeerCalls | Scope.Scope
> {
  const heartbeats = yield* Heartbeats
  const calls = yield* PeerCalls
  const { name, schema, initial, bytesMax = bytesMaxDefault, pullTimeout = "5 seconds" } = options
  const rider = `document:${name}`
  const { seal, open } = makeDocumentCodec(name, schema, bytesMax)
  const copy = yield* makeDocumentCopy(name, yield* seal(initial.value, initial.version))
  const revision = () => copy.held().revision

  const pull = yield* makeDocumentPull({
    content: (peer) =>
      calls.call(peer, {
        name: rider,
        payload: null,
        timeout: pullTimeout,
        replyBytesMax: bytesMax + envelopeBytesMax
      }),
    adopt: (answer) => Effect.flatMap(open(answer), copy.adopt),
    isBehind: (version) => revision().version < version
  })

  const hear = Effect.fnUntraced(function* (peer: NodeId, payload: Schema.Json | undefined) {
    if (payload === undefined) return
    const heard = Schema.decodeUnknownResult(Revision)(payload)
    if (heard._tag === "Failure") {
      return yield* Metric.update(Metric.withAttributes(badRevisions, { document: name }), 1)
    }
    const { version, digest } = heard.success
    const decision = decide(revision(), heard.success, (yield* calls.addressOf(peer)) !== undefined)
    if (decision._tag === "Pull") yield* pull(peer, version)
    if (decision._tag === "Stay" && decision.reason === "no_address") yield* pullLoop.failed("no_address")
    if (decision._tag === "Diverged") yield* copy.reportDivergence(peer, digest)
  })

  yield* calls.answer(rider, () => Effect.sync(() => ({ ...revision(), value: copy.held().json })))
  yield* heartbeats.ride({
    name: rider,
    audience: "everybody",
    request: () => Effect.sync(revision),
    onTick: Effect.void,
    onBeat: (from, payload) => Effect.map(hear(from, payload), revision),
    onReply: hear
  })

  return {
    current: Effect.sync(() => ({ value: copy.held().value, ...revision() })),
    changes: copy.changes,
    divergences: copy.divergences,
    replace: Effect.fn("VersionedDocument.replace")(function* (value, version) {
      yield* copy.adopt(yield* seal(value, version))
    })
  }
})

/** Versioned documents. */
export const VersionedDocument = {
  /**
   * A document that rides on this node's heartbeats until the scope closes. Fails when `initial` does not fit
   * the schema or the bound; dies when the name is taken.
   */
  make
} as const
