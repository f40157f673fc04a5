/** `coterie why group`, in each state that a group can be in. */
import { TransferInProgress } from "@coterie/election"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"

import { eager, type Fleet, type FleetOptions, startFleet } from "./localityFleet.ts"

interface Case {
  readonly options?: FleetOptions
  /** What happens before the question; default one look. */
  readonly before: (fleet: Fleet) => Effect.Effect<unknown, unknown>
  /** Beside which node it is asked; default `far`. */
  readonly node?: string
  /** The rule, and what the answer must say beside it. */
  readonly rule: string
  readonly says: ReadonlyArray<string>
}

const oneRound = { minRounds: 1, persistenceRounds: 1 }
const acting = { locality: eager, options: oneRound }
const post = (fleet: Fleet, node: string, path: string) =>
  Effect.promise(() => fetch(`${fleet.url(node)}${path}`, { method: "POST" }))

const cases: Readonly<Record<string, Case>> = {
  notLeader: {
    before: ({ looks }) => looks(1),
    node: "n1",
    rule: "notLeader",
    says: ["leader   far", "stays at far: the agent beside far decides"]
  },
  singleVoter: {
    options: { world: { groups: { db: { leader: "far", voters: ["far"], nonVoters: ["n1"] } } } },
    before: ({ looks }) => looks(1),
    rule: "singleVoter",
    says: ["nobody else votes"]
  },
  noSpare: {
    before: ({ looks, world }) => Effect.andThen(world.kill("n2"), looks(1)),
    rule: "noSpare",
    says: ["no voter to spare, 2 alive, 3 needed", "no, it does not answer"]
  },
  voterUnreachable: {
    options: { options: { strictAllReachable: true } },
    before: ({ looks, world }) => Effect.andThen(world.kill("n2"), looks(1)),
    rule: "voterUnreachable",
    says: ["no answer from n2"]
  },
  insufficientData: {
    before: ({ looks }) => looks(1),
    rule: "insufficientData",
    says: ["not measured yet", "n1-n2"]
  },
  staleData: {
    options: { locality: { ...eager, persistence: "1h" }, options: oneRound },
    before: ({ looks, stop }) =>
      looks(2).pipe(Effect.andThen(stop("n1")), Effect.andThen(stop("n2")), Effect.andThen(looks(5))),
    rule: "staleData",
    says: ["measured too long ago: n1-n2"]
  },
  gainTooSmall: {
    options: {
      ...acting,
      world: { groups: { db: { leader: "far", voters: ["far", "n1", "n2"] } }, rtt: () => 20 }
    },
    before: ({ looks }) => looks(2),
    rule: "gainTooSmall",
    says: ["stays at far: nobody is better", "far *  -     20ms    20ms   yes"]
  },
  notPersistent: {
    options: { locality: { mode: "act" }, options: { minRounds: 1 } },
    before: ({ looks }) => looks(2),
    rule: "notPersistent",
    says: [
      "would gain 236 ms per write at n1; blocked: not wanted for long enough, 1 times so far, 60 s left"
    ]
  },
  settling: {
    options: { locality: { ...eager, settle: "10m" }, options: oneRound },
    before: ({ looks }) => Effect.andThen(looks(2), TestClock.adjust("11 seconds")),
    rule: "settling",
    says: ["would gain 236 ms per write at n1; blocked: settling, 9 min left", "wait     8m19s"]
  },
  cooldown: {
    options: acting,
    before: ({ looks, world }) =>
      looks(2).pipe(Effect.andThen(world.elect("db", "far")), Effect.andThen(looks(1))),
    rule: "cooldown",
    says: ["would gain 236 ms per write at n1; blocked: cooldown, 9 min left"]
  },
  frozen: {
    options: { locality: { ...eager, cooldown: "0s" }, options: { ...oneRound, attemptsPerDay: 1 } },
    before: ({ looks, world }) =>
      looks(2).pipe(Effect.andThen(world.elect("db", "far")), Effect.andThen(looks(1))),
    rule: "frozen",
    says: ["blocked: frozen", "24 h left"]
  },
  noTarget: {
    options: acting,
    before: (fleet) =>
      post(fleet, "n1", "/health/drain").pipe(
        Effect.andThen(post(fleet, "n2", "/health/drain")),
        Effect.andThen(fleet.looks(2))
      ),
    rule: "noTarget",
    says: ["stays at far: ", "n1     256ms  20ms    20ms   no, it is draining"]
  },
  draining: {
    options: acting,
    before: (fleet) =>
      fleet
        .looks(1)
        .pipe(
          Effect.andThen(fleet.world.script("db", { _tag: "Unchanged" })),
          Effect.andThen(post(fleet, "far", "/health/drain")),
          Effect.andThen(Effect.suspend(() => fleet.blocks("far").locality?.evaluateNow ?? Effect.void))
        ),
    rule: "draining",
    says: ["draining, after the last attempt, 30 s left"]
  },
  transferInProgress: {
    options: {
      ...acting,
      world: {
        groups: { db: { leader: "far", voters: ["far", "n1", "n2"] } },
        transferDuration: "10 minutes"
      }
    },
    before: ({ looks, world }) =>
      Effect.gen(function* () {
        const moving = yield* Effect.forkChild(world.at("far").transferLeadership("db", "n1"))
        yield* looks(1)
        assert.isUndefined(moving.pollUnsafe())
        yield* Fiber.interrupt(moving)
      }),
    rule: "electing",
    says: ["the group is electing, or a transfer is under way"]
  },
  paused: {
    options: acting,
    before: ({ blocks, looks }) =>
      Effect.andThen(
        Effect.suspend(() => blocks("far").locality?.setStance("paused") ?? Effect.void),
        looks(2)
      ),
    rule: "paused",
    says: ["would gain 236 ms per write at n1; blocked: paused"]
  },
  dryRun: {
    options: { locality: { ...eager, mode: "advise" }, options: oneRound },
    before: ({ looks }) => looks(2),
    rule: "advised",
    says: ["would gain 236 ms per write at n1; blocked: the mode is advise"]
  },
  transferred: {
    options: acting,
    before: ({ looks }) => looks(2),
    rule: "moved",
    says: ["moved to n1, which gains 236 ms per write"]
  },
  movedElsewhere: {
    options: acting,
    before: ({ looks, world }) =>
      Effect.andThen(world.script("db", { _tag: "Elsewhere", leader: "n2" }), looks(2)),
    rule: "movedElsewhere",
    says: ["tried to move to n1", "n2 leads instead"]
  },
  unchanged: {
    options: acting,
    before: ({ looks, world }) => Effect.andThen(world.script("db", { _tag: "Unchanged" }), looks(2)),
    rule: "unchanged",
    says: ["tried to move to n1", "the old leader kept it"]
  },
  unknown: {
    options: acting,
    before: ({ looks, world }) => Effect.andThen(world.script("db", { _tag: "Leaderless" }), looks(2)),
    rule: "unknown",
    says: ["nobody was seen to lead"]
  },
  failed: {
    options: acting,
    before: ({ looks, world }) =>
      Effect.andThen(world.script("db", { _tag: "Fails", reason: new TransferInProgress() }), looks(2)),
    rule: "failed",
    says: ["another leadership transfer is in progress"]
  },
  electing: {
    options: acting,
    before: ({ looks, world }) => Effect.andThen(world.elect("db", undefined), looks(1)),
    rule: "electing",
    says: ["leader   nobody"]
  },
  engineError: {
    options: acting,
    before: ({ looks, world }) => Effect.andThen(world.kill("far"), looks(1)),
    rule: "engineError",
    says: ["far refuses connections"]
  },
  withinThreshold: {
    options: { locality: { policy: "nearestPeer", rttThreshold: "300ms" } },
    before: ({ looks }) => looks(1),
    rule: "withinThreshold",
    says: ["n1 is 256 ms away, up to 300 ms are near enough"]
  },
  preferred: {
    options: { locality: { ...eager, policy: "staticPreference", preference: ["far"] }, options: oneRound },
    before: ({ looks }) => looks(1),
    rule: "preferred",
    says: ["it is the most preferred voter that may lead"]
  }
}

describe("coterie why group says", () => {
  for (const [name, { before, node, options, rule, says }] of Object.entries(cases))
    it.effect(name, () =>
      Effect.gen(function* () {
        const fleet = yield* startFleet(options ?? {})
        yield* before(fleet)
        const { err, exit, out } = yield* fleet.run(["why", "group", "db"], node)
        assert.strictEqual(exit._tag, "Success", err)
        assert.match(out, new RegExp(`^rule +${rule} \\(`, "m"), out)
        for (const words of says) assert.include(out, words)
        const asJson = JSON.parse((yield* fleet.run(["why", "group", "db", "--json"], node)).out) as {
          readonly schema: string
          readonly explanation: { readonly action: { readonly reason?: object; readonly outcome?: object } }
        }
        const { action } = asJson.explanation
        assert.deepInclude(action.reason ?? action.outcome, { _tag: rule })
        assert.strictEqual(asJson.schema, "explain-group/v1")
      })
    )
})
