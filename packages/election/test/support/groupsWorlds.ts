import { Effect, Layer } from "effect"

import type { ConsensusGroups } from "../../src/ConsensusGroups.ts"
import { InMemoryGroups, type InMemoryGroupsOptions } from "../../src/InMemoryGroups.ts"
import { GroupsWorld, type RqliteFakeOptions, startRqliteFake } from "../../src/testing/index.ts"
import { present } from "./present.ts"
import { driverAt } from "./rqliteDrivers.ts"

const inMemory = (options: Omit<InMemoryGroupsOptions, "groups"> = {}) =>
  Layer.effect(
    GroupsWorld,
    Effect.gen(function* () {
      const world = yield* InMemoryGroups
      return GroupsWorld.of({
        group: "default",
        voters: ["1", "2", "3"],
        nonVoter: "4",
        at: (replica) => world.at(replica),
        hang: (replica) => world.hang(replica),
        kill: (replica) => world.kill(replica),
        revive: (replica) => world.resume(replica)
      })
    })
  ).pipe(
    Layer.provide(
      InMemoryGroups.layer({
        ...options,
        groups: { default: { leader: "1", voters: ["3", "1", "2"], nonVoters: ["4"] } }
      })
    )
  )

/** A world in memory. */
export const memoryWorld = inMemory()

/** A world in memory whose engine measures round trips. */
export const measuringWorld = inMemory({ ownRtt: true })

/** A world in memory whose engine cannot name the target of a transfer. */
export const untargetedWorld = inMemory({ untargeted: true })

/** The rqlite driver over the protocol fake. */
export const fakeWorld = (options: RqliteFakeOptions = {}) =>
  Layer.effect(
    GroupsWorld,
    Effect.gen(function* () {
      const fake = yield* startRqliteFake(options)
      const drivers = new Map<string, ConsensusGroups["Service"]>()
      for (const id of ["1", "2", "3", "4"]) drivers.set(id, yield* driverAt(fake.url(id)))
      return GroupsWorld.of({
        group: "default",
        voters: ["1", "2", "3"],
        nonVoter: "4",
        at: (replica) => present(drivers.get(replica)),
        hang: (replica) => fake.hang(replica),
        kill: (replica) => fake.kill(replica),
        revive: (replica) => fake.revive(replica)
      })
    })
  )
