import { assert, describe, it } from "@effect/vitest"
/** `coterie rtt`, `coterie locality plan`, and the API behind them. */
import { Cause, Effect, Exit, Runtime } from "effect"

import { eager, type Fleet, type Ran, startFleet } from "./localityFleet.ts"

const measured = Effect.gen(function* () {
  const fleet = yield* startFleet({ options: { minRounds: 1 } })
  yield* fleet.looks(2)
  return fleet
})

/** The exit code and the message of a command that failed. */
const failureOf = ({ exit }: Ran): readonly [number, string] => {
  if (Exit.isSuccess(exit)) return [0, ""]
  const error = Cause.squash(exit.cause)
  return [Runtime.getErrorExitCode(error), error instanceof Error ? error.message : String(error)]
}

const get = (fleet: Fleet, path: string, node = "far") =>
  Effect.promise(async () => {
    const response = await fetch(`${fleet.url(node)}${path}`)
    return { status: response.status, body: (await response.json()) as Record<string, unknown> }
  })

describe("coterie rtt", () => {
  it.effect("--matrix is a table of all places by the names of their replicas", () =>
    Effect.gen(function* () {
      const { out } = yield* (yield* measured).run(["rtt", "--matrix"])
      assert.strictEqual(
        out,
        [
          "FROM  far    n1     n2",
          "far   -      256ms  256ms",
          "n1    256ms  -      20ms",
          "n2    256ms  20ms   -"
        ].join("\n")
      )
    })
  )

  it.effect("A B is both directions of one link, by replica or place; as JSON too", () =>
    Effect.gen(function* () {
      const fleet = yield* measured
      const { out } = yield* fleet.run(["rtt", "far", "n1.memory:0"])
      assert.deepStrictEqual(out.split("\n"), [
        "FROM  TO   P50    P90    LOSS  AGE    REMARKS",
        "far   n1   256ms  256ms  0%    0ms",
        "n1    far  256ms  256ms  0%    1m30s"
      ])
      const json = JSON.parse((yield* fleet.run(["rtt", "far", "n1", "--json"])).out) as object
      assert.deepInclude(json, { schema: "rtt/v1", node: "far" })
      assert.nestedPropertyVal(json, "links.0.p50Ms", 256)
      assert.nestedPropertyVal(json, "links.length", 2)
    })
  )

  it.effect("without places is a line for each link", () =>
    Effect.gen(function* () {
      const { out } = yield* (yield* measured).run(["rtt"])
      assert.lengthOf(out.split("\n"), 7)
    })
  )

  it.effect("a link that nobody measured is estimated, and marked", () =>
    Effect.gen(function* () {
      const fleet = yield* startFleet({ nodes: ["far"], options: { minRounds: 1 } })
      yield* fleet.looks(1)
      const { out } = yield* fleet.run(["rtt", "--matrix"])
      assert.match(out, /^n1 +256ms +- +~\d+ms$/m)
      assert.match((yield* fleet.run(["rtt", "n1", "n2"])).out, /^n1 .* not measured; \d+ms to \d+ms$/m)
    })
  )

  it.effect("a place that nobody knows, and half a link, are mistakes that say so", () =>
    Effect.gen(function* () {
      const fleet = yield* measured
      assert.deepStrictEqual(failureOf(yield* fleet.run(["rtt", "far", "mars"])), [
        1,
        '"mars" is no place that was measured; known: far.memory:0, far, n1.memory:0, n1, n2.memory:0, n2'
      ])
      assert.deepStrictEqual(failureOf(yield* fleet.run(["rtt", "far"])), [
        2,
        "expected two places, or --matrix"
      ])
    })
  )

  it.effect("says when there is nothing to show", () =>
    Effect.gen(function* () {
      const fleet = yield* startFleet({ locality: { policy: "nearestPeer" } })
      yield* fleet.looks(1)
      const { err, out } = yield* fleet.run(["rtt", "--matrix"])
      assert.deepStrictEqual([out, err], ["", "nothing was measured yet; policy nearestPeer keeps no matrix"])
    })
  )
})

describe("coterie locality plan", () => {
  it.effect("without an assumption says what the agent would do once its waits are over", () =>
    Effect.gen(function* () {
      const { out } = yield* (yield* measured).run(["locality", "plan"])
      assert.deepStrictEqual(out.split("\n")[1]?.split(/ {2,}/), [
        "db",
        "far at 256ms",
        "far at 256ms",
        "n1 at 20ms",
        "moves it to n1"
      ])
    })
  )

  it.effect("--if supposes a node down, a zone farther away, a link slower, one after the other", () =>
    Effect.gen(function* () {
      const fleet = yield* measured
      const rowOf = (...assumptions: ReadonlyArray<string>) =>
        Effect.map(
          fleet.run(["locality", "plan", ...assumptions.flatMap((text) => ["--if", text])]),
          ({ out }) => out.split("\n")[1]?.split(/ {2,}/).slice(2)
        )
      assert.deepStrictEqual(yield* rowOf("zone remote +80ms"), [
        "far at 336ms",
        "n1 at 20ms",
        "moves it to n1"
      ])
      assert.deepStrictEqual(yield* rowOf("n1-n2 400ms"), [
        "far at 256ms",
        "far at 256ms",
        "stays, gainTooSmall"
      ])
      assert.deepStrictEqual(yield* rowOf("far down"), ["nobody", "n1 at 20ms", "waits for the election"])
      assert.deepStrictEqual(yield* rowOf("n1 down", "n2 down"), ["no quorum", "nobody", "waits for voters"])
    })
  )

  it.effect("tells whose loss would be the last, and prints JSON", () =>
    Effect.gen(function* () {
      const fleet = yield* measured
      const { out } = yield* fleet.run(["locality", "plan", "--if", "n2 down"])
      assert.include(out, "db: losing one of far, n1 too would lose the quorum")
      const json = JSON.parse(
        (yield* fleet.run(["locality", "plan", "--if", "n2 down", "--json"])).out
      ) as object
      assert.deepInclude(json, { schema: "locality-plan/v1", assumptions: ["n2 down"] })
      assert.nestedPropertyVal(json, "nodes.0.zone", "remote")
    })
  )

  it.effect("an assumption that cannot be read is a mistake that says where", () =>
    Effect.gen(function* () {
      const [code, message] = failureOf(
        yield* (yield* measured).run(["locality", "plan", "--if", "mars down"])
      )
      assert.strictEqual(code, 2)
      assert.include(message, '"mars down": "mars" at 0 is not right; expected a node')
    })
  )

  it.effect("beside a follower there is nothing to plan, and it says whom to ask", () =>
    Effect.gen(function* () {
      const { err } = yield* (yield* measured).run(["locality", "plan"], "n1")
      assert.include(err, "the agent beside the leader can tell")
    })
  )
})

describe("the API of locality", () => {
  it.effect("explains a group whose id has slashes, and answers 404 for one without a decision", () =>
    Effect.gen(function* () {
      const fleet = yield* startFleet({
        world: { groups: { "jobs/stream/ORDERS": { leader: "far", voters: ["far", "n1", "n2"] } } }
      })
      yield* fleet.looks(1)
      const found = yield* get(fleet, "/v1/explain/group?group=jobs/stream/ORDERS")
      assert.strictEqual(found.status, 200)
      assert.nestedPropertyVal(found.body, "explanation.group", "jobs/stream/ORDERS")
      const missing = yield* get(fleet, "/v1/explain/group?group=nosuch")
      assert.strictEqual(missing.status, 404)
      assert.include(String(missing.body["detail"]), "there are some about: jobs/stream/ORDERS")
      assert.strictEqual((yield* get(fleet, "/v1/explain/group")).status, 400)
    })
  )

  it.effect("takes an assumption once or several times, and answers 400 for one that cannot be read", () =>
    Effect.gen(function* () {
      const fleet = yield* measured
      for (const query of ["", "?if=n1%20down", "?if=n1%20down&if=zone%20home%20%2B80ms"]) {
        assert.strictEqual((yield* get(fleet, `/v1/locality/plan${query}`)).status, 200, query)
      }
      const { body, status } = yield* get(fleet, "/v1/locality/plan?if=n1%20gone")
      assert.strictEqual(status, 400)
      assert.deepInclude(body, { type: "urn:coterie:assumption-unreadable", part: "gone", at: 3 })
    })
  )

  it.effect("answers 404 while locality is off", () =>
    Effect.gen(function* () {
      const fleet = yield* startFleet({ locality: { enabled: false } })
      for (const path of ["/v1/explain/group?group=db", "/v1/rtt", "/v1/locality/plan"]) {
        const { body, status } = yield* get(fleet, path)
        assert.strictEqual(status, 404)
        assert.include(String(body["detail"]), "locality.enabled")
      }
      assert.strictEqual(failureOf(yield* fleet.run(["rtt"]))[0], 1)
    })
  )
})

const draining = (fleet: Fleet, method: string) =>
  Effect.promise(() => fetch(`${fleet.url("far")}/health/drain`, { method }))
const leaderOf = ({ world }: Fleet) => Effect.map(world.leadership("db"), ({ leader }) => leader)
/** The evacuation goes on in the background: waits for it without letting time pass. */
const settled = (fleet: Fleet) =>
  Effect.suspend(() => fleet.blocks("far").locality?.evaluateNow ?? Effect.succeed([]))

describe("a drain", () => {
  it.effect("hands the engine's leadership over at once, and takes none until it is cancelled", () =>
    Effect.gen(function* () {
      const fleet = yield* startFleet({
        locality: { ...eager, cooldown: "0s" },
        options: { minRounds: 1, persistenceRounds: 1 }
      })
      yield* fleet.looks(1)
      yield* draining(fleet, "POST")
      yield* settled(fleet)
      assert.strictEqual(yield* leaderOf(fleet), "n1")
      // From now on far is the best leader, and n2 the second.
      yield* fleet.world.setRtt("far", "n2", 1)
      yield* fleet.world.setRtt("n1", "n2", 300)
      yield* fleet.looks(9)
      assert.strictEqual(yield* leaderOf(fleet), "n2")
      yield* draining(fleet, "DELETE")
      yield* fleet.world.elect("db", "n1")
      yield* fleet.looks(9)
      assert.strictEqual(yield* leaderOf(fleet), "far")
    })
  )

  it.effect("hands nothing over with mode advise", () =>
    Effect.gen(function* () {
      const fleet = yield* startFleet({ locality: { mode: "advise" } })
      yield* fleet.looks(1)
      yield* draining(fleet, "POST")
      yield* settled(fleet)
      assert.strictEqual(yield* leaderOf(fleet), "far")
    })
  )
})
