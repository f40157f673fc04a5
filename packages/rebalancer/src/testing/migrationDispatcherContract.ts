/** What every migration dispatcher does; run each case against a fresh cluster in the state of `dispatchState`. */
import { Cause, Effect, Exit } from "effect"

import type { ControlState } from "../core/controlState.ts"
import { uniformRouting } from "../core/routing.ts"
import { activeTopology } from "../core/topology.ts"
import { MigrationDispatcher, type PlannedMove } from "../MigrationDispatcher.ts"
import { type ContractCase, promised } from "./ContractCase.ts"

const nodes = ["1", "2", "3"]

/** The cluster that the contract moves groups of: nodes 1, 2 and 3, each with one replica of the group of its number. */
export const dispatchState: ControlState = {
  topology: activeTopology(nodes.map((id) => ({ id, address: `${id}.example:7480` }))),
  routing: uniformRouting({ groups: nodes.length, nodes, replicationFactor: 1 })
}

const move: PlannedMove = { shard: 0, source: "1", target: "2", group: 1 }
const otherMove: PlannedMove = { shard: 1, source: "2", target: "3", group: 2 }
const impossibleMove: PlannedMove = { shard: 0, source: "3", target: "2", group: 1 }

/** The contract of `MigrationDispatcher`. */
export const migrationDispatcherContract: ReadonlyArray<ContractCase<MigrationDispatcher>> = [
  {
    name: "returns once a move is carried out",
    run: Effect.flatMap(MigrationDispatcher, (dispatcher) => dispatcher.dispatch(move))
  },
  {
    name: "carries moves of different groups out at the same time",
    run: Effect.flatMap(MigrationDispatcher, (dispatcher) =>
      Effect.forEach([move, otherMove], (each) => dispatcher.dispatch(each), {
        concurrency: 2,
        discard: true
      })
    )
  },
  {
    name: "survives a move that does not fit the cluster, and goes on",
    run: Effect.gen(function* () {
      const dispatcher = yield* MigrationDispatcher
      const exit = yield* Effect.exit(dispatcher.dispatch(impossibleMove))
      yield* promised(
        "a move that does not fit fails with DispatchFailed, if at all",
        Exit.isSuccess(exit) || !Cause.hasDies(exit.cause)
      )
      yield* dispatcher.dispatch(otherMove)
    })
  }
]
