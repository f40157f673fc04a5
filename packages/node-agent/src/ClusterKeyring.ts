/**
 * The keys of all members, changed from any of them: each is asked over a call between peers, and who does not answer is named.
 *
 * A rotation is three changes: `install` the new key, `use` it, `remove` the old one. Each is refused, and changes nothing, while it would lock
 * somebody out: a key is used only when every living member holds it, and removed only when none seals with it.
 */
import { type CallFailed, type MemberState, type Membership, type PeerCalls } from "@coterie/membership"
import { Duration, Effect, Schema, Semaphore } from "effect"

import { HeldKey, KeyChange, KeyChangeFailed, type OwnKeyring } from "./OwnKeyring.ts"

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
  /** The rings of all members that have not left. */
  readonly list: Effect.Effect<ReadonlyArray<MemberRing>>
  /**
   * Changes every ring, this node's own first. Fails with `KeyChangeFailed`, and changes nothing, where that would lock a member out, or when
   * this node cannot do it.
   */
  readonly change: (
    change: KeyChange
  ) => Effect.Effect<{ readonly keyId: string; readonly rings: ReadonlyArray<MemberRing> }, KeyChangeFailed>
}

/** Time for one member's answer; a command waits for two of them. */
const answerTimeout = Duration.millis(1500)
/** Members that are asked at a time. */
const concurrency = 32

const keyringCall = "keyring"
const Asked = Schema.Struct({ change: Schema.NullOr(KeyChange) })
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
  const here = (change: KeyChange | null) =>
    (change === null ? Effect.void : own.change(change)).pipe(
      Effect.as(null),
      Effect.catch(({ detail }) => Effect.succeed(detail)),
      Effect.flatMap((refused) => Effect.map(own.list, (keys) => ({ keys, refused })))
    )
  yield* calls.answer(keyringCall, (_, payload) =>
    decodeAsked(payload).pipe(
      Effect.flatMap(({ change }) => here(change)),
      Effect.catch(() => Effect.map(own.list, (keys) => ({ keys, refused: "it does not know this change" })))
    )
  )

  const ask = Effect.fnUntraced(function* (node: string, change: KeyChange | null) {
    if (node === membership.self) return yield* here(null)
    const payload = yield* Effect.orDie(encodeAsked({ change }))
    return yield* Effect.flatMap(
      calls.call(node, { name: keyringCall, payload, timeout: answerTimeout }),
      decodeAnswered
    )
  })

  const askAll = Effect.fnUntraced(function* (change: KeyChange | null) {
    const members = (yield* membership.members).filter(({ state }) => state !== "left")
    return yield* Effect.forEach(
      members,
      ({ id: node, state }) =>
        state === "dead"
          ? Effect.succeed<MemberRing>({ node, state, keys: undefined, detail: "is dead and was not asked" })
          : ask(node, change).pipe(
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

  // Whoever asks this node often, or for two changes at once, waits.
  const oneAtATime = Semaphore.makeUnsafe(1).withPermits(1)
  return {
    list: oneAtATime(askAll(null)),
    change: Effect.fn("ClusterKeyring.change")(function* (change) {
      if (change._tag !== "install") yield* mustBeSafe(change, yield* askAll(null))
      const keyId = yield* own.change(change)
      return { keyId, rings: yield* askAll(change) }
    }, oneAtATime)
  } satisfies ClusterKeyring
})

const mustBeSafe = (
  { _tag, keyId }: Exclude<KeyChange, { readonly _tag: "install" }>,
  rings: ReadonlyArray<MemberRing>
): Effect.Effect<void, KeyChangeFailed> => {
  const asked = rings.filter(({ state }) => state !== "dead")
  const silent = asked.filter(({ keys }) => keys === undefined)
  const holding = (isSealing: boolean) =>
    asked.filter(({ keys = [] }) => keys.some((key) => key.keyId === keyId && (key.primary || !isSealing)))
  const blocking = _tag === "use" ? asked.filter((ring) => !holding(false).includes(ring)) : holding(true)
  if (silent.length > 0) return refuse(`${namesOf(silent)} did not answer, and may need another key`)
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
