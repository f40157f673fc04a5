/**
 * The keys of all members, changed from any of them: each is asked over a call between peers, and who does not answer is named.
 *
 * A rotation is three changes: `install` the new key, `use` it, `remove` the old one. Each is refused, and changes nothing, while it would lock
 * somebody out: a key is used only when every member holds it, and removed only when none seals with it. A dead member may be one that lives
 * beyond a partition, and what it holds is not known: only by force is it passed over.
 */
import { type CallFailed, type MemberState, type Membership, type PeerCalls } from "@coterie/membership"
import { Duration, Effect, Random, Schema, Semaphore } from "effect"

import { HeldKey, KeyChange, KeyChangeFailed, type OwnKeyring } from "./OwnKeyring.ts"
import { Claim, makeReservedRing, type ReservedRing } from "./ReservedRing.ts"

/** What one member says of its ring. */
export interface MemberRing {
  readonly node: string
  readonly state: MemberState
  /** Undefined when it was not asked, as it is dead, or did not answer. */
  readonly keys: ReadonlyArray<HeldKey> | undefined
  /** Why there are no keys, or why the change was not made. */
  readonly detail: string | undefined
}

/** The keys of all members. */
export interface ClusterKeyring {
  /** The rings of all members that have not left; who asks while an answer is under way gets that one. */
  readonly list: Effect.Effect<ReadonlyArray<MemberRing>>
  /**
   * Changes every ring, this node's own first. Fails with `KeyChangeFailed`, and changes nothing, where that would lock a member out, when another
   * member changes keys, or when this node cannot do it. `force` passes over the dead, which may be locked out.
   */
  readonly change: (
    change: KeyChange,
    force?: boolean
  ) => Effect.Effect<{ readonly keyId: string; readonly rings: ReadonlyArray<MemberRing> }, KeyChangeFailed>
}

/** Time for one member's answer; a command waits for two of them. */
const answerTimeout = Duration.millis(1500)
/** Members that are asked at a time. */
const concurrency = 32

const keyringCall = "keyring"
const Asked = Schema.TaggedUnion({
  list: {},
  reserve: { claim: Claim },
  change: { claim: Claim, change: KeyChange }
})
type Asked = typeof Asked.Type
const Answered = Schema.Struct({ keys: Schema.Array(HeldKey), refused: Schema.NullOr(Schema.String) })
const decodeAsked = Schema.decodeUnknownEffect(Asked)
const encodeAsked = Schema.encodeEffect(Asked)
const decodeAnswered = Schema.decodeUnknownEffect(Answered)

/** Answers the peers until the scope closes. */
export const makeClusterKeyring = Effect.fnUntraced(function* (
  own: OwnKeyring,
  membership: Membership["Service"],
  calls: PeerCalls["Service"]
) {
  const ring = makeReservedRing(own)
  const here = answersOf(ring)
  yield* calls.answer(keyringCall, (from, payload) =>
    decodeAsked(payload).pipe(
      Effect.flatMap((asked) => here(from, asked)),
      Effect.catch(() => Effect.map(ring.list, (keys) => ({ keys, refused: "it does not know this change" })))
    )
  )

  const ask = Effect.fnUntraced(function* (node: string, asked: Asked) {
    if (node === membership.self) return yield* here(node, asked._tag === "change" ? { _tag: "list" } : asked)
    const payload = yield* Effect.orDie(encodeAsked(asked))
    return yield* Effect.flatMap(
      calls.call(node, { name: keyringCall, payload, timeout: answerTimeout }),
      decodeAnswered
    )
  })

  const askAll = Effect.fnUntraced(function* (asked: Asked) {
    const members = (yield* membership.members).filter(({ state }) => state !== "left")
    return yield* Effect.forEach(
      members,
      ({ id: node, state }) =>
        state === "dead"
          ? Effect.succeed<MemberRing>({ node, state, keys: undefined, detail: "is dead and was not asked" })
          : ask(node, asked).pipe(
              Effect.map(({ keys, refused }): MemberRing => ({
                node,
                state,
                keys,
                detail: refused ?? undefined
              })),
              Effect.catch((error) =>
                Effect.succeed<MemberRing>({ node, state, keys: undefined, detail: silence(error) })
              )
            ),
      { concurrency }
    )
  })

  const oneAtATime = Semaphore.makeUnsafe(1).withPermits(1)
  return {
    // Whoever asks often shares an answer.
    list: yield* Effect.cachedWithTTL(askAll({ _tag: "list" }), 0),
    change: Effect.fn("ClusterKeyring.change")(function* (change, force = false) {
      const claim = yield* Random.nextInt
      if (change._tag !== "install")
        yield* mustBeSafe(change, yield* askAll({ _tag: "reserve", claim }), force)
      const keyId = yield* ring.change(claim, change)
      return { keyId, rings: yield* askAll({ _tag: "change", claim, change }) }
    }, oneAtATime)
  } satisfies ClusterKeyring
})

const answersOf = (ring: ReservedRing) => (from: string, asked: Asked) =>
  Asked.match(asked, {
    list: () => ring.list,
    reserve: ({ claim }) => ring.reserve(from, claim),
    change: ({ change, claim }) => Effect.andThen(ring.change(claim, change), ring.list)
  }).pipe(
    Effect.map((keys) => ({ keys, refused: null })),
    Effect.catch(({ detail }) => Effect.map(ring.list, (keys) => ({ keys, refused: detail })))
  )

const mustBeSafe = (
  { _tag, keyId }: Exclude<KeyChange, { readonly _tag: "install" }>,
  rings: ReadonlyArray<MemberRing>,
  force: boolean
): Effect.Effect<void, KeyChangeFailed> => {
  const dead = rings.filter(({ state }) => state === "dead")
  const asked = rings.filter(({ state }) => state !== "dead")
  const silent = asked.filter(({ keys }) => keys === undefined)
  const busy = asked.find(({ detail, keys }) => keys !== undefined && detail !== undefined)
  const holding = (isSealing: boolean) =>
    asked.filter(({ keys = [] }) => keys.some((key) => key.keyId === keyId && (key.primary || !isSealing)))
  const blocking = _tag === "use" ? asked.filter((ring) => !holding(false).includes(ring)) : holding(true)
  if (silent.length > 0) return refuse(`${namesOf(silent)} did not answer, and may need another key`)
  if (busy !== undefined) return refuse(`${busy.node}: ${busy.detail}`)
  if (dead.length > 0 && !force)
    return refuse(
      `${namesOf(dead)} would miss this while dead, and may be cut off for good; bring it back first, or if it never returns repeat with --force`
    )
  if (blocking.length === 0) return Effect.void
  return refuse(
    _tag === "use"
      ? `${namesOf(blocking)} would not understand key ${keyId}; install it first`
      : `key ${keyId} is in use on ${namesOf(blocking)}; use another key first`
  )
}

const refuse = (detail: string) => Effect.fail(new KeyChangeFailed({ detail }))

const namesMax = 5
const namesOf = (rings: ReadonlyArray<MemberRing>): string => {
  const names = rings.slice(0, namesMax).map(({ node }) => node)
  return names.join(", ") + (rings.length > namesMax ? ` and ${rings.length - namesMax} more` : "")
}

const silence = (error: CallFailed | Schema.SchemaError): string =>
  error._tag === "CallFailed"
    ? `did not answer (${error.kind}): ${error.detail}`
    : "answered something that this version does not know"
