/**
 * The agent: the blocks that a configuration enables, assembled, and their API.
 *
 * A block that is off is absent, not idle: the API answers without it, and nothing of it runs.
 */
import { Layer } from "effect"

import { AgentBlocks } from "./AgentBlocks.ts"
import type { AgentConfig } from "./AgentConfig.ts"
import type { AgentFailed } from "./AgentFailed.ts"
import { ApiServer } from "./api/ApiServer.ts"
import { type AgentParts, assembleBlocks } from "./assembleBlocks.ts"
import { Health } from "./Health.ts"
import { processMetrics } from "./processMetrics.ts"

/** An agent of one node. Closing its scope says goodbye to the peers, without a drain before. */
export const Agent = {
  /** An agent made of what its configuration names. Fails with `AgentFailed`, which names the key to change. */
  layer: (config: AgentConfig): Layer.Layer<AgentBlocks | ApiServer | Health, AgentFailed> =>
    Agent.layerWith({ config }),

  /** An agent with some parts given in code, such as an engine of the embedding program. */
  layerWith: (parts: AgentParts): Layer.Layer<AgentBlocks | ApiServer | Health, AgentFailed> =>
    Layer.merge(ApiServer.layer(parts.config), processMetrics(parts.config)).pipe(
      Layer.provideMerge(Layer.effect(AgentBlocks, assembleBlocks(parts))),
      Layer.provideMerge(Health.layer(parts.config.drain.readinessDelay))
    )
} as const
