/** How far this node has come in joining its cluster: a tracker to show, not a guard; any state may follow any other. */

/** The stages of a node's life in its cluster. */
export type ClusterLifecycle =
  | { readonly _tag: "Starting" }
  | { readonly _tag: "Restarting" }
  | { readonly _tag: "Bootstrapping" }
  | { readonly _tag: "Joining"; readonly attempt: number }
  | { readonly _tag: "Ready"; readonly nodes: number }
  | { readonly _tag: "Failed"; readonly reason: string }

/** Labels of the stages, in the order in which they are shown. */
export const clusterLifecycleLabels = [
  "starting",
  "restarting",
  "bootstrapping",
  "joining",
  "ready",
  "failed"
] as const

/** The stage's label. */
export const clusterLifecycleLabel = (state: ClusterLifecycle): (typeof clusterLifecycleLabels)[number] => {
  switch (state._tag) {
    case "Starting":
      return "starting"
    case "Restarting":
      return "restarting"
    case "Bootstrapping":
      return "bootstrapping"
    case "Joining":
      return "joining"
    case "Ready":
      return "ready"
    case "Failed":
      return "failed"
  }
}

/** The stage in words, with its detail: "joining, attempt 3". */
export const describeClusterLifecycle = (state: ClusterLifecycle): string => {
  const label = clusterLifecycleLabel(state)
  switch (state._tag) {
    case "Joining":
      return `${label}, attempt ${state.attempt}`
    case "Ready":
      return `${label}, ${state.nodes} nodes`
    case "Failed":
      return `${label}: ${state.reason}`
    case "Starting":
    case "Restarting":
    case "Bootstrapping":
      return label
  }
}
