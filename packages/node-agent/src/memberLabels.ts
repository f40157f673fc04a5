/** What an agent says of itself to the other members. */
import type { Metadata } from "@coterie/membership"

import type { AgentConfig } from "./AgentConfig.ts"
import { version } from "./version.ts"

/** The label that names the version of the agent. */
export const versionLabel = "coterie/version"

/** The labels of a node: its tags, its zone, and the version of its agent. */
export const memberLabels = ({ node: { tags, zone } }: Pick<AgentConfig, "node">): Metadata => ({
  ...tags,
  ...(zone === undefined ? {} : { zone }),
  [versionLabel]: version
})
