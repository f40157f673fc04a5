/** The election gate port: no sweep while a group is between leaders, as its load and its leader are about to change. */
import { ConsensusGroups } from "@coterie/election"
import { Context, Effect, Layer } from "effect"

/** A group that holds sweeps back. */
export interface ElectingGroup {
  readonly group: string
  /** Why, in one clause for a person. */
  readonly detail: string
}

/** How many groups are asked at once. */
const statusConcurrency = 8

/** Whether groups are settled enough to be moved. */
export class ElectionGate extends Context.Service<
  ElectionGate,
  {
    /** The first group found electing, or undefined when none is. */
    readonly anyGroupElecting: Effect.Effect<ElectingGroup | undefined>
  }
>()("@coterie/rebalancer/ElectionGate") {
  /** Never holds a sweep back. */
  static readonly layerAlwaysReady: Layer.Layer<ElectionGate> = Layer.succeed(ElectionGate, {
    anyGroupElecting: Effect.undefined
  })

  /** Asks the engine about each of its groups; one that cannot be read counts as electing, because nothing says that it is not. */
  static readonly layerConsensusGroups: Layer.Layer<ElectionGate, never, ConsensusGroups> = Layer.effect(
    ElectionGate,
    Effect.map(ConsensusGroups, (groups) => ({
      anyGroupElecting: groups.list.pipe(
        Effect.flatMap((names) =>
          Effect.forEach(names, (group) => electing(groups, group), { concurrency: statusConcurrency })
        ),
        Effect.map((found) => found.find((group) => group !== undefined)),
        Effect.catch((error) => Effect.succeed({ group: error.group, detail: error.message }))
      )
    }))
  )
}

const electing = (
  groups: ConsensusGroups["Service"],
  group: string
): Effect.Effect<ElectingGroup | undefined> =>
  groups.status(group).pipe(
    Effect.map((status) => (status.electing ? { group, detail: "it is between leaders" } : undefined)),
    Effect.catch((error) => Effect.succeed({ group, detail: error.message }))
  )
