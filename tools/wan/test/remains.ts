/** What a WAN may leave behind, as the system sees it. */
import { existsSync, readdirSync } from "node:fs"

import { pollUntil } from "@coterie/tools-engines"

import type { WanNode } from "../src/index.ts"

/** The namespaces, and the devices in the root namespace, that belong to the same run as the node. */
export const remainsOf = (node: WanNode): ReadonlyArray<string> => {
  const run = node.namespace.replace(/-n\d+$/, "")
  const device = run.replace("coterie-wan", "cwan")
  const names = [
    ...(existsSync("/run/netns") ? readdirSync("/run/netns") : []),
    ...readdirSync("/sys/class/net")
  ]
  return names.filter((name) => name.startsWith(`${run}-n`) || name.startsWith(`${device}n`))
}

/** Resolves when nothing of the run is left. */
export const nothingRemains = (node: WanNode): Promise<void> =>
  pollUntil(() => (remainsOf(node).length === 0 ? undefined : remainsOf(node).join(", ")), {
    timeoutMillis: 20_000
  })
