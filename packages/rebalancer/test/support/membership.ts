/** A membership whose transitions the test makes. */
import { changeKind, type Member, Membership, type MemberState } from "@coterie/membership"
import { Effect, Layer, PubSub, Stream } from "effect"

const memberOf = (id: string, state: MemberState): Member => ({
  id,
  address: undefined,
  state,
  sinceMillis: 0,
  metadata: {}
})

export const makeMembership = Effect.fnUntraced(function* (
  known: Readonly<Record<string, MemberState>> = {}
) {
  const states = new Map(Object.entries(known))
  const changes = yield* PubSub.unbounded<{
    id: string
    previous: MemberState | undefined
    state: MemberState
  }>()
  const membership = Membership.of({
    self: "1",
    members: Effect.sync(() => [...states].map(([id, state]) => memberOf(id, state))),
    changes: Stream.fromPubSub(changes).pipe(
      Stream.map(({ id, previous, state }) => ({
        kind: changeKind(previous, state),
        member: memberOf(id, state),
        previous,
        reason: "the test says so"
      }))
    ),
    join: () => Effect.succeed(0),
    leave: Effect.void,
    setMetadata: () => Effect.void
  })
  return {
    layer: Layer.succeed(Membership, membership),
    /** Moves a member to a state and lets everybody hear of it. */
    become: Effect.fnUntraced(function* (id: string, state: MemberState) {
      const previous = states.get(id)
      states.set(id, state)
      yield* PubSub.publish(changes, { id, previous, state })
      yield* Effect.repeat(Effect.yieldNow, { times: 20 })
    })
  }
})
