/**
 * `ConsensusGroups` over rqlite, version 8.41 or newer, one Raft group to a local node.
 *
 * Asks `GET /status`, `/nodes`, `/readyz` and `POST /leader`, and nothing else. Users need the permissions `status`, `ready`, `leader-ops`.
 */
import { Effect, Layer } from "effect"

import { ConsensusGroups } from "../ConsensusGroups.ts"
import { timesNodes } from "../core/rqliteAnswers.ts"
import { type EngineHooks } from "./EngineHttp.ts"
import { during } from "./handOver.ts"
import { makeDriver, probeReplica, readNodes, readStatus, rttRows } from "./rqlite/driver.ts"
import { makeGroupDirectory } from "./rqlite/groupDirectory.ts"
import { makeRqliteClient } from "./rqlite/RqliteClient.ts"
import { RqliteOptions } from "./rqlite/RqliteOptions.ts"
import { transfer } from "./rqlite/transfer.ts"

export { type EngineHooks } from "./EngineHttp.ts"
export { RqliteOptions } from "./rqlite/RqliteOptions.ts"

/** The leadership of rqlite groups; options that break a rule of `RqliteOptions` are a defect. */
export const layerRqlite = (
  options: (typeof RqliteOptions)["~type.make.in"],
  hooks: EngineHooks = {}
): Layer.Layer<ConsensusGroups> =>
  Layer.effect(
    ConsensusGroups,
    Effect.suspend(() => makeGroups(RqliteOptions.make(options), hooks))
  )

const makeGroups = Effect.fnUntraced(function* (options: RqliteOptions, hooks: EngineHooks) {
  const client = yield* makeRqliteClient(options, hooks)
  const directory = yield* makeGroupDirectory(options)
  const driver = yield* makeDriver({ options, client, directory })
  let isTimed = false
  return ConsensusGroups.of({
    engine: "rqlite",
    /** Whether rqlite measures round trips is known from the first reading on. */
    get capabilities() {
      return { targeted: true, waits: true, ownRtt: isTimed ? "row" : "none", term: true } as const
    },
    list: directory.list.pipe(during("list", "*")),
    status: Effect.fn("rqlite.status")((group: string) =>
      readStatus(driver, group).pipe(
        Effect.map(({ status, version }) => {
          isTimed = timesNodes(version)
          return status
        }),
        during("status", group)
      )
    ),
    reachability: Effect.fn("rqlite.reachability")((group: string) =>
      readNodes(driver, group).pipe(during("reachability", group))
    ),
    probe: Effect.fn("rqlite.probe")((group: string, replica: string) =>
      probeReplica(driver, group, replica).pipe(during("probe", group))
    ),
    rttRows: Effect.fn("rqlite.rttRows")((group: string) =>
      rttRows(driver, group).pipe(during("rttRows", group))
    ),
    transferLeadership: Effect.fn("rqlite.transferLeadership")(
      (group: string, target: string, settings?: { readonly term?: number | undefined }) =>
        transfer(driver, group, { target, term: settings?.term }).pipe(during("transfer", group))
    )
  })
})
