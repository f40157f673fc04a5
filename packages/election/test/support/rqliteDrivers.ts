import { Context, Duration, Effect, Layer } from "effect"

import { ConsensusGroups } from "../../src/ConsensusGroups.ts"
import { layerRqlite, type EngineHooks, type RqliteOptions } from "../../src/engine/rqlite.ts"

/** Options as a caller writes them. */
export type Options = (typeof RqliteOptions)["~type.make.in"]

/** Deadlines that a test can wait for. */
export const impatient = {
  statusTimeout: Duration.millis(1500),
  nodesTimeout: Duration.millis(1500),
  probeTimeout: Duration.seconds(1),
  transferTimeout: Duration.seconds(1),
  verifyWindow: Duration.millis(400),
  verifyInterval: Duration.millis(10)
} satisfies Options

/** A driver of its own; it ends with the scope. */
export const driver = (options: Options, hooks?: EngineHooks) =>
  Effect.map(Layer.build(layerRqlite(options, hooks)), (context) => Context.get(context, ConsensusGroups))

/** A driver beside one node, whose group is named `default`. */
export const driverAt = (url: string, options: Options = {}, hooks?: EngineHooks) =>
  driver({ ...impatient, groups: [{ name: "default", url }], ...options }, hooks)
