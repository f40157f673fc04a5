/**
 * `ConsensusGroups` over NATS JetStream: one group to each replicated stream and consumer of an account, and `meta`. Names are `stream/ORDERS`,
 * `consumer/ORDERS/worker` and `meta`; replicas are server names. Targeted from nats-server 2.11 on; before that, `transferLeadership` is `Unsupported` and `stepDown` is what is left.
 *
 * The account needs `$JS.API.STREAM.{LIST,INFO.*,LEADER.STEPDOWN.*}` and the same of `CONSUMER`. Terms, `meta` and round trips of the servers need the system account.
 * Servers that want TLS before they say anything (`handshake_first`) are not supported.
 */
import { Effect, identity, Layer } from "effect"

import { ConsensusGroups, type StepDownOptions, UnknownGroup } from "../ConsensusGroups.ts"
import { obeysTarget } from "../core/natsAnswers.ts"
import { within } from "./EngineHttp.ts"
import { during, type Reason } from "./handOver.ts"
import { makeDriver, probeReplica, reachability, readGroup, reasoned } from "./nats/driver.ts"
import { listGroups } from "./nats/listGroups.ts"
import { makeNatsClient, type NatsHooks } from "./nats/NatsClient.ts"
import { NatsOptions } from "./nats/NatsOptions.ts"
import { rttRows } from "./nats/rttRows.ts"
import { makeServerDirectory } from "./nats/serverDirectory.ts"
import { transfer } from "./nats/transfer.ts"

export { type NatsHooks } from "./nats/NatsClient.ts"
export { NatsOptions } from "./nats/NatsOptions.ts"

/** The leadership of the groups that one NATS server is a replica of; options that break a rule of `NatsOptions` are a defect. */
export const layerNats = (
  options: (typeof NatsOptions)["~type.make.in"],
  hooks: NatsHooks = {}
): Layer.Layer<ConsensusGroups> =>
  Layer.effect(
    ConsensusGroups,
    Effect.suspend(() => makeGroups(NatsOptions.make(options), hooks))
  )

/** Names that an error lists at most. */
const knownShown = 20

const makeGroups = Effect.fnUntraced(function* (options: NatsOptions, hooks: NatsHooks) {
  const client = yield* makeNatsClient(options, hooks)
  const servers = makeServerDirectory(options, reasoned(client.local))
  let listed: ReadonlyArray<string> = []
  let isTargeted = true
  const driver = yield* makeDriver({ options, client, servers, known: () => listed })
  const list = Effect.tap(listGroups(driver), (groups) => Effect.sync(() => (listed = groups)))
  const named = <A>(effect: Effect.Effect<A, Reason>) =>
    Effect.catchTag(effect, "UnknownGroup", () =>
      (listed.length > 0 ? Effect.succeed(listed) : Effect.orElseSucceed(list, () => listed)).pipe(
        Effect.flatMap((known) =>
          Effect.fail<Reason>(new UnknownGroup({ known: known.slice(0, knownShown) }))
        )
      )
    )
  const status = (group: string) =>
    Effect.map(readGroup(driver, group), (reading) => {
      isTargeted = obeysTarget(reading.version)
      return reading.status
    })
  return ConsensusGroups.of({
    engine: "nats",
    /** Targeted as the server's version was at the last reading; taken for new before the first one. */
    get capabilities() {
      return {
        targeted: isTargeted,
        waits: false,
        ownRtt: options.system === undefined ? "none" : "matrix",
        term: options.system !== undefined,
        untargeted: true
      } as const
    },
    list: list.pipe(during("list", "*")),
    status: Effect.fn("nats.status")((group: string) => status(group).pipe(named, during("status", group))),
    reachability: Effect.fn("nats.reachability")((group: string) =>
      reachability(driver, group).pipe(named, during("reachability", group))
    ),
    probe: Effect.fn("nats.probe")((group: string, replica: string) =>
      probeReplica(driver, group, replica).pipe(named, during("probe", group))
    ),
    transferLeadership: Effect.fn("nats.transferLeadership")(
      (group: string, target: string, settings?: { readonly term?: number | undefined }) =>
        transfer(driver, group, { target, term: settings?.term }).pipe(named, during("transfer", group))
    ),
    rttRows: Effect.fn("nats.rttRows")((group: string) =>
      rttRows(driver, group).pipe(named, during("rttRows", group))
    ),
    stepDown: Effect.fn("nats.stepDown")((group: string, { deadline, term }: StepDownOptions = {}) =>
      transfer(driver, group, { target: undefined, term }).pipe(
        deadline === undefined ? identity : within(deadline),
        named,
        during("stepDown", group)
      )
    )
  })
})
