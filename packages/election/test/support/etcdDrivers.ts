import { Context, Duration, Effect, Layer } from "effect"

import { ConsensusGroups } from "../../src/ConsensusGroups.ts"
import { type EngineHooks, type EtcdOptions, layerEtcd } from "../../src/engine/etcd.ts"

/** Options as a caller writes them. */
export type Options = (typeof EtcdOptions)["~type.make.in"]

/** Deadlines that a test can wait for. */
const impatient = {
  statusTimeout: Duration.millis(1500),
  probeTimeout: Duration.seconds(1),
  transferTimeout: Duration.seconds(1),
  verifyWindow: Duration.millis(400),
  verifyInterval: Duration.millis(10)
} satisfies Options

/** A driver beside one member, whose group is named `default`; it ends with the scope. */
export const driverAt = (url: string, options: Options = {}, hooks?: EngineHooks) =>
  Effect.map(
    Layer.build(layerEtcd({ ...impatient, groups: [{ name: "default", url }], ...options }, hooks)),
    (context) => Context.get(context, ConsensusGroups)
  )
