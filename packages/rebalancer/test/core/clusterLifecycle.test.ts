import { assert, it } from "vitest"

import {
  type ClusterLifecycle,
  clusterLifecycleLabel,
  clusterLifecycleLabels,
  describeClusterLifecycle
} from "../../src/core/clusterLifecycle.ts"

const states: ReadonlyArray<[ClusterLifecycle, string]> = [
  [{ _tag: "Starting" }, "starting"],
  [{ _tag: "Restarting" }, "restarting"],
  [{ _tag: "Bootstrapping" }, "bootstrapping"],
  [{ _tag: "Joining", attempt: 3 }, "joining, attempt 3"],
  [{ _tag: "Ready", nodes: 5 }, "ready, 5 nodes"],
  [{ _tag: "Failed", reason: "no seed answered" }, "failed: no seed answered"]
]

it("labels every stage of a node's life, and describes it with its detail", () => {
  assert.deepStrictEqual(
    states.map(([state]) => clusterLifecycleLabel(state)),
    [...clusterLifecycleLabels]
  )
  for (const [state, description] of states) {
    assert.strictEqual(describeClusterLifecycle(state), description)
  }
})
