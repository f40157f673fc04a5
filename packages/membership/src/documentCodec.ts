/** Values of a document on their way out and in: bounded, digested, and checked. */
import { createHash } from "node:crypto"

import { Effect, Schema } from "effect"

import { canonicalJson } from "./core/canonicalJson.ts"

/** The document as JSON exceeds its bound. */
export class DocumentTooLarge extends Schema.TaggedError<DocumentTooLarge>()("DocumentTooLarge", {
  document: Schema.String,
  bytes: Schema.Int,
  bytesMax: Schema.Int
}) {
  override get message(): string {
    return `document ${this.document} has ${this.bytes} bytes of JSON; at most ${this.bytesMax} fit`
  }
}

/** The value does not fit the schema of the document, or its digest. */
export class DocumentInvalid extends Schema.TaggedError<DocumentInvalid>()("DocumentInvalid", {
  document: Schema.String,
  detail: Schema.String
}) {
  override get message(): string {
    return `document ${this.document} refused: ${this.detail}`
  }
}

/** A version and the digest of its content, as it rides on beats. */
export const Revision = Schema.Struct({
  /** Whole number; a higher one replaces a lower one. */
  version: Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)),
  /** SHA-256 of the canonical JSON of the value, in hex. */
  digest: Schema.String.check(Schema.isPattern(/^[0-9a-f]{64}$/))
})

/** The answer to a pull. */
const Content = Schema.Struct({ ...Revision.fields, value: Schema.Json })

/** A value beside the form in which it travels. */
export interface Sealed<A> {
  readonly value: A
  readonly json: Schema.Json
  readonly revision: typeof Revision.Type
}

/** Both directions of a document. */
export interface DocumentCodec<A> {
  /** Bounds and digests a value; the version must be a whole number from 0. */
  readonly seal: (value: A, version: number) => Effect.Effect<Sealed<A>, DocumentTooLarge | DocumentInvalid>
  /** Checks an answer against the schema, the bound and its digest. */
  readonly open: (answer: Schema.Json) => Effect.Effect<Sealed<A>, DocumentTooLarge | DocumentInvalid>
}

/** The codec of one document. */
export const makeDocumentCodec = <A>(
  document: string,
  schema: Schema.Codec<A, unknown>,
  bytesMax: number
): DocumentCodec<A> => {
  const codec = Schema.toCodecJson(schema)
  const invalid = (error: Schema.SchemaError) => new DocumentInvalid({ document, detail: error.message })

  const seal: DocumentCodec<A>["seal"] = Effect.fnUntraced(function* (value, version) {
    if (!(Number.isSafeInteger(version) && version >= 0)) {
      return yield* new DocumentInvalid({
        document,
        detail: `a version is a whole number from 0, not ${version}`
      })
    }
    const json = yield* Effect.mapError(Schema.encodeEffect(codec)(value), invalid)
    const text = canonicalJson(json)
    const bytes = Buffer.byteLength(text)
    if (bytes > bytesMax) return yield* new DocumentTooLarge({ document, bytes, bytesMax })
    return { value, json, revision: { version, digest: createHash("sha256").update(text).digest("hex") } }
  })

  const open: DocumentCodec<A>["open"] = Effect.fnUntraced(function* (answer) {
    const content = yield* Effect.mapError(Schema.decodeUnknownEffect(Content)(answer), invalid)
    const value = yield* Effect.mapError(Schema.decodeEffect(codec)(content.value), invalid)
    const sealed = yield* seal(value, content.version)
    if (sealed.revision.digest === content.digest) return sealed
    return yield* new DocumentInvalid({ document, detail: "the content does not match its digest" })
  })

  return { seal, open }
}
