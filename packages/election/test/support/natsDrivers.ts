import { Context, Duration, Effect, Layer } from "effect"

import { ConsensusGroups } from "../../src/ConsensusGroups.ts"
import { layerNats, type NatsHooks, type NatsOptions } from "../../src/engine/nats.ts"

/** Options as a caller writes them. */
export type Options = (typeof NatsOptions)["~type.make.in"]

/** Deadlines that a test can wait for. */
const impatient = {
  statusTimeout: Duration.millis(1500),
  probeTimeout: Duration.seconds(1),
  transferTimeout: Duration.seconds(1),
  verifyWindow: Duration.millis(400),
  verifyInterval: Duration.millis(10)
} satisfies Partial<Options>

/** A driver beside one server; it ends with the scope. */
export const driverAt = (url: string, options: Partial<Options> = {}, hooks?: NatsHooks) =>
  Effect.map(Layer.build(layerNats({ ...impatient, ...options, url }, hooks)), (context) =>
    Context.get(context, ConsensusGroups)
  )
