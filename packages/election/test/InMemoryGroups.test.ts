import { assert, it } from "@effect/vitest"
import { Duration, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"

import { ProtocolViolation } from "../src/ConsensusGroups.ts"
import { InMemoryGroups, type InMemoryGroupsOptions } from "../src/InMemoryGroups.ts"
import { present } from "./support/present.ts"

const options: InMemoryGroupsOptions = {
  groups: {
    orders: { leader: "e", voters: ["a", "b", "e"], nonVoters: ["r"] },
    users: { voters: ["a", "b"] }
  },
  rtt: (from, to) => (from === "e" || to === "e" ? "256 millis" : "20 millis")
}
const layer = InMemoryGroups.layer(options)

it.effect("a node lists the groups that it has a replica of", () =>
  Effect.gen(function* () {
    const groups = yield* InMemoryGroups
    assert.deepStrictEqual(yield* groups.at("a").list, ["orders", "users"])
    assert.deepStrictEqual(yield* groups.at("r").list, ["orders"])
    assert.deepStrictEqual(yield* groups.at("stranger").list, [])
  }).pipe(Effect.provide(layer))
)

it.effect(
  "probes measure the links, cut links time out, and a new round trip counts in both directions",
  () =>
    Effect.gen(function* () {
      const world = yield* InMemoryGroups
      const millis = (from: string, to: string) =>
        Effect.map(world.at(from).probe("orders", to), (rtt) => Duration.toMillis(rtt))
      assert.strictEqual(yield* millis("e", "a"), 256)
      assert.strictEqual(yield* millis("a", "b"), 20)
      assert.strictEqual(yield* millis("a", "a"), 0)
      yield* world.setRtt("a", "b", "80 millis")
      assert.strictEqual(yield* millis("b", "a"), 80)
      yield* world.setRtt("a", "b", undefined)
      assert.strictEqual((yield* Effect.flip(millis("b", "a"))).reason._tag, "TimedOut")
      const reachable = yield* world.at("a").reachability("orders")
      assert.isFalse(reachable.get("b")?.reachable)
      assert.isTrue(reachable.get("e")?.reachable)
    }).pipe(Effect.provide(layer))
)

it.effect("scripted transfers happen in order, then transfers succeed again", () =>
  Effect.gen(function* () {
    const world = yield* InMemoryGroups
    const hand = world.at("e").transferLeadership("orders", "a")
    yield* world.script("orders", { _tag: "Unchanged" })
    yield* world.script("orders", { _tag: "Fails", reason: new ProtocolViolation({ detail: "no" }) })
    yield* world.script("orders", { _tag: "Elsewhere", leader: "b" })
    assert.strictEqual((yield* hand)._tag, "Unchanged")
    assert.deepStrictEqual(yield* world.leadership("orders"), { leader: "e", term: 2 })
    assert.strictEqual((yield* Effect.flip(hand)).reason._tag, "ProtocolViolation")
    assert.deepStrictEqual(yield* world.leadership("orders"), { leader: "e", term: 2 })
    assert.deepStrictEqual(yield* hand, { _tag: "MovedElsewhere", leader: "b", term: 3 })
    yield* world.elect("orders", "e")
    yield* world.script("orders", { _tag: "Leaderless" })
    assert.strictEqual((yield* hand)._tag, "Unknown")
    assert.isTrue((yield* world.at("a").status("orders")).electing)
    yield* world.elect("orders", "e")
    assert.deepStrictEqual(yield* hand, { _tag: "Moved", leader: "a", term: 7 })
    assert.strictEqual((yield* world.transfers).length, 5)
    assert.deepStrictEqual((yield* world.transfers)[0], { group: "orders", from: "e", target: "a" })
  }).pipe(Effect.provide(layer))
)

it.effect("while a transfer is under way the group is electing, and a second one is TransferInProgress", () =>
  Effect.gen(function* () {
    const world = yield* InMemoryGroups
    const first = yield* Effect.forkChild(world.at("e").transferLeadership("orders", "a"))
    yield* Effect.yieldNow
    assert.isTrue((yield* world.at("b").status("orders")).electing)
    const second = yield* Effect.flip(world.at("e").transferLeadership("orders", "b"))
    assert.strictEqual(second.reason._tag, "TransferInProgress")
    yield* TestClock.adjust("1 second")
    assert.strictEqual((yield* Fiber.join(first))._tag, "Moved")
  }).pipe(Effect.provide(InMemoryGroups.layer({ ...options, transferDuration: "1 second" })))
)

it.effect("a leader that dies leaves its groups without one until somebody is elected", () =>
  Effect.gen(function* () {
    const world = yield* InMemoryGroups
    yield* world.kill("e")
    assert.deepStrictEqual(yield* world.leadership("orders"), { leader: undefined, term: 1 })
    yield* world.elect("orders", "b")
    yield* world.resume("e")
    assert.include(yield* world.at("e").status("orders"), { leader: "b", term: 2, electing: false })
  }).pipe(Effect.provide(layer))
)

it.effect("a replica without a vote cannot be elected", () =>
  Effect.gen(function* () {
    const world = yield* InMemoryGroups
    const exit = yield* Effect.exit(world.elect("orders", "r"))
    assert.strictEqual(exit._tag, "Failure")
  }).pipe(Effect.provide(layer))
)

it.effect("without targets: the next voter that answers takes over, as far as nothing is scripted", () =>
  Effect.gen(function* () {
    const world = yield* InMemoryGroups
    const beside = world.at("e")
    const refused = yield* Effect.flip(beside.transferLeadership("orders", "a"))
    assert.strictEqual(refused.reason._tag, "Unsupported")
    yield* world.hang("a")
    const outcome = yield* present(beside.stepDown)("orders", { term: 1 })
    assert.deepStrictEqual(outcome, { _tag: "MovedElsewhere", leader: "b", term: 2 })
    yield* world.script("orders", { _tag: "Unchanged" })
    const unchanged = yield* present(world.at("b").stepDown)("orders")
    assert.deepStrictEqual(unchanged, { _tag: "Unchanged", leader: "b" })
    yield* world.kill("e")
    const nobody = yield* Effect.flip(present(world.at("b").stepDown)("orders"))
    assert.strictEqual(nobody.reason._tag, "Unavailable")
    assert.deepStrictEqual(
      (yield* world.transfers).map(({ from, target }) => [from, target]),
      [
        ["e", "b"],
        ["b", "e"]
      ]
    )
  }).pipe(Effect.provide(InMemoryGroups.layer({ ...options, untargeted: true })))
)

it.effect("a step-down that takes longer than its deadline is TimedOut", () =>
  Effect.gen(function* () {
    const world = yield* InMemoryGroups
    const call = present(world.at("e").stepDown)("orders", { deadline: Duration.seconds(1) })
    const fiber = yield* Effect.forkChild(Effect.flip(call))
    yield* TestClock.adjust("1 seconds")
    assert.deepInclude((yield* Fiber.join(fiber)).reason, { _tag: "TimedOut", afterMillis: 1000 })
    assert.strictEqual((yield* world.leadership("orders")).leader, "e")
  }).pipe(
    Effect.provide(InMemoryGroups.layer({ ...options, untargeted: true, transferDuration: "2 seconds" }))
  )
)
