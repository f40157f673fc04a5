/**
 * `ConsensusGroups` over etcd, version 3.4 or newer, one group to a cluster, through the JSON gateway of the local member.
 *
 * Asks for status, the list of members, metrics, a token and a transfer, and nothing else. A transfer needs a user with the role `root` from 3.4.42, 3.5.28
 * and 3.6.0 on; before that, etcd lets anybody transfer leadership, even with authentication on.
 */
import { Effect, Layer } from "effect"

import { ConsensusGroups } from "../ConsensusGroups.ts"
import { type EngineHooks, makeEngineHttp } from "./EngineHttp.ts"
import { find, makeDriver, probeMember, reachability, readCluster } from "./etcd/driver.ts"
import { EtcdOptions } from "./etcd/EtcdOptions.ts"
import { makeRttRows } from "./etcd/rttRows.ts"
import { transfer } from "./etcd/transfer.ts"
import { during } from "./handOver.ts"

export { type EngineHooks } from "./EngineHttp.ts"
export { EtcdOptions } from "./etcd/EtcdOptions.ts"

/** The leadership of etcd clusters; options that break a rule of `EtcdOptions` are a defect. */
export const layerEtcd = (
  options: (typeof EtcdOptions)["~type.make.in"],
  hooks: EngineHooks = {}
): Layer.Layer<ConsensusGroups> =>
  Layer.effect(
    ConsensusGroups,
    Effect.suspend(() => makeGroups(EtcdOptions.make(options), hooks))
  )

const makeGroups = Effect.fnUntraced(function* (options: EtcdOptions, hooks: EngineHooks) {
  const { responseBytesMax } = options
  const http = yield* makeEngineHttp({ ...hooks, engine: "etcd", responseBytesMax })
  const driver = yield* makeDriver(options, http)
  const rttRows = makeRttRows(driver, http)
  return ConsensusGroups.of({
    engine: "etcd",
    capabilities: { targeted: true, waits: true, ownRtt: "matrix", term: true },
    list: Effect.succeed([...driver.clusters.keys()]),
    status: Effect.fn("etcd.status")((group: string) =>
      find(driver.clusters, group).pipe(
        Effect.flatMap(readCluster),
        Effect.map(({ status }) => status),
        during("status", group)
      )
    ),
    reachability: Effect.fn("etcd.reachability")((group: string) =>
      find(driver.clusters, group).pipe(Effect.flatMap(reachability), during("reachability", group))
    ),
    probe: Effect.fn("etcd.probe")((group: string, replica: string) =>
      probeMember(driver, group, replica).pipe(during("probe", group))
    ),
    rttRows: Effect.fn("etcd.rttRows")((group: string) => rttRows(group).pipe(during("rttRows", group))),
    transferLeadership: Effect.fn("etcd.transferLeadership")(
      (group: string, target: string, settings?: { readonly term?: number | undefined }) =>
        transfer(driver, group, { target, term: settings?.term }).pipe(during("transfer", group))
    )
  })
})
