/**
 * `ConsensusGroups` over rqlite, version 8.41 or newer, one Raft group to a local node.
 *
 * Asks `GET /status`, `/nodes`, `/readyz` and `POST /leader`, and nothing else. Users need the permissions `status`, `ready`, `leader-ops`.
 */
import { Effect, Layer } from "effect"

import { ConsensusGroups } from "../ConsensusGroups.ts"
import { type EngineHooks } from "./EngineHttp.ts"
import { during } from "./handOver.ts"
import { makeDriver, probeReplica, readNodes, readStatus } from "./rqlite/driver.ts"
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
  return ConsensusGroups.of({
    engine: "rqlite",
    // `time` of GET /nodes is a round trip from 10.2.7 on only, and garbage before.
    capabilities: { targeted: true, waits: true, ownRtt: "none", term: true },
    list: directory.list.pipe(during("list", "*")),
    status: Effect.fn("rqlite.status")((group: string) =>
      readStatus(driver, group).pipe(
        Effect.map(({ status }) => status),
        during("status", group)
      )
    ),
    reachability: Effect.fn("rqlite.reachability")((group: string) =>
      readNodes(driver, group).pipe(during("reachability", group))
    ),
    probe: Effect.fn("rqlite.probe")((group: string, replica: string) =>
      probeReplica(driver, group, replica).pipe(during("probe", group))
    ),
    transferLeadership: Effect.fn("rqlite.transferLeadership")(
      (group: string, target: string, settings?: { readonly term?: number | undefined }) =>
        transfer(driver, group, { target, term: settings?.term }).pipe(during("transfer", group))
    )
  })
})
