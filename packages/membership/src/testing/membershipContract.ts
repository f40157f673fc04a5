/**
 * What every `Membership` promises.
 *
 * Run each case on a fresh member of a cluster in which at least one other member is running and its address
 * is known.
 */
import { strict as assert } from "node:assert"

import { Effect, Fiber, Stream } from "effect"

import { type Member, Membership, type MembershipChange, type NodeId } from "../Membership.ts"
import type { ContractCase } from "./ContractCase.ts"

/** An address where nobody listens. */
const nobody = "http://127.0.0.1:9"

/** The promises of `Membership`. */
export const membershipContract: ReadonlyArray<ContractCase<Membership>> = [
  {
    name: "lists itself as alive",
    run: Effect.gen(function* () {
      assert.equal((yield* self).state, "alive")
    })
  },
  {
    name: "lists each member once, sorted by id",
    run: Effect.gen(function* () {
      const ids = (yield* members).map(({ id }) => id)
      assert.deepEqual(ids, [...new Set(ids)].toSorted())
      assert.ok(ids.length >= 2, "the contract needs a cluster of at least two")
    })
  },
  {
    name: "shows its new labels and announces them",
    run: Effect.gen(function* () {
      const membership = yield* Membership
      const [change] = yield* changesDuring(1, membership.setMetadata({ zone: "eu-west-1a" }))
      assert.deepEqual((yield* self).metadata, { zone: "eu-west-1a" })
      assert.deepEqual(change?.member.metadata, { zone: "eu-west-1a" })
      assert.equal(change.previous, "alive")
      assert.equal(change.kind, "updated")
    })
  },
  {
    name: "refuses labels beyond the bounds and keeps the old ones",
    run: Effect.gen(function* () {
      const membership = yield* Membership
      yield* membership.setMetadata({ zone: "a" })
      for (const labels of [{ zone: "x".repeat(257) }, { "": "x" }, { "a b": "x" }, manyLabels(33)]) {
        const error = yield* Effect.flip(membership.setMetadata(labels))
        assert.equal(error._tag, "MetadataInvalid")
      }
      assert.deepEqual((yield* self).metadata, { zone: "a" })
    })
  },
  {
    name: "hands out views that do not change later",
    run: Effect.gen(function* () {
      const membership = yield* Membership
      const before = yield* self
      yield* membership.setMetadata({ zone: "b" })
      yield* membership.leave
      assert.equal(before.state, "alive")
      assert.deepEqual(before.metadata, {})
    })
  },
  {
    name: "joins through the address of a member",
    run: Effect.gen(function* () {
      const membership = yield* Membership
      assert.equal(yield* membership.join([yield* addressOfAnother, nobody]), 1)
    })
  },
  {
    name: "fails to join where nobody answers, and says where",
    run: Effect.gen(function* () {
      const membership = yield* Membership
      const error = yield* Effect.flip(membership.join([nobody]))
      assert.equal(error._tag, "JoinFailed")
      assert.ok(error.message.includes(nobody), error.message)
      assert.equal((yield* Effect.flip(membership.join([])))._tag, "JoinFailed")
    })
  },
  {
    name: "leaves once, and says so once",
    run: Effect.gen(function* () {
      const membership = yield* Membership
      const twice = Effect.andThen(membership.leave, membership.leave)
      const changes = yield* changesDuring(
        2,
        Effect.andThen(twice, membership.setMetadata({ after: "leave" }))
      )
      assert.deepEqual(transitions(changes, membership.self), ["left: alive > left", "updated: left > left"])
      assert.equal((yield* self).state, "left")
    })
  },
  {
    name: "comes back by joining after it left",
    run: Effect.gen(function* () {
      const membership = yield* Membership
      const address = yield* addressOfAnother
      const back = Effect.andThen(membership.leave, membership.join([address]))
      const changes = yield* changesDuring(2, back)
      assert.deepEqual(transitions(changes, membership.self), ["left: alive > left", "joined: left > alive"])
      assert.equal((yield* self).state, "alive")
    })
  },
  {
    name: "is not held up by a subscriber that never reads, which loses the oldest changes",
    run: Effect.gen(function* () {
      const membership = yield* Membership
      const stuck = yield* membership.changes.pipe(
        Stream.runForEach(() => Effect.never),
        Effect.forkChild({ startImmediately: true })
      )
      for (let index = 0; index < 1_000; index++) yield* membership.setMetadata({ index: String(index) })
      assert.deepEqual((yield* self).metadata, { index: "999" })
      yield* Fiber.interrupt(stuck)
    })
  }
]

const members = Effect.flatMap(Membership, (membership) => membership.members)

const self = Effect.gen(function* () {
  const membership = yield* Membership
  const found = (yield* membership.members).find(({ id }) => id === membership.self)
  assert.ok(found !== undefined, "the view lacks this node")
  return found satisfies Member
})

const addressOfAnother = Effect.gen(function* () {
  const membership = yield* Membership
  const another = (yield* membership.members).find(({ id }) => id !== membership.self)
  assert.ok(another?.address !== undefined, "the contract needs another member with a known address")
  return another.address
})

/** The first `count` changes of this node itself while the effect runs. */
const changesDuring = Effect.fnUntraced(function* <A, E>(count: number, effect: Effect.Effect<A, E>) {
  const membership = yield* Membership
  const collecting = yield* membership.changes.pipe(
    Stream.filter(({ member }) => member.id === membership.self),
    Stream.take(count),
    Stream.runCollect,
    Effect.forkChild({ startImmediately: true })
  )
  yield* effect
  return yield* Fiber.join(collecting)
})

const transitions = (changes: ReadonlyArray<MembershipChange>, id: NodeId): ReadonlyArray<string> =>
  changes
    .filter(({ member }) => member.id === id)
    .map(({ kind, previous, member }) => `${kind}: ${previous} > ${member.state}`)

const manyLabels = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`label${index}`, ""]))
