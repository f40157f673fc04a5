import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

import { QuorumElection } from "../src/index.ts"
import { electionContract } from "../src/testing/index.ts"
import { heartbeatElectionWorld } from "./support/heartbeatElectionWorld.ts"
import { swimElectionWorld } from "./support/swimElectionWorld.ts"

/**
 * What `QuorumElection` does not promise, and why: two nodes whose views differ both lead. `found` is how the case must fail, so that this
 * list is a description and not a way out.
 */
const exceptions: Readonly<Record<string, { readonly found: string; readonly because: string }>> = {
  transfers: { found: "unsupported", because: "each node elects by itself" },
  "safe-link-cut": { found: "a and b", because: "b gives a up, while c still hears both" },
  "safe-one-way-cut": { found: "a and b", because: "b gives a up, while a still hears b" },
  "safe-partition": { found: "a and b", because: "b may give a up before a notices" },
  "safe-heal": {
    found: "a and b",
    because: "a finds a quorum and no incumbent, b protects itself by the cooldown"
  },
  "safe-return": {
    found: "a and b",
    because: "a starts without an incumbent, b protects itself by the cooldown"
  }
}

it("every exception names a case", () => {
  assert.includeMembers(
    electionContract.map(({ id }) => id),
    Object.keys(exceptions)
  )
})

const worlds = { "over heartbeats": heartbeatElectionWorld, "over SWIM": swimElectionWorld }

for (const [where, world] of Object.entries(worlds)) {
  for (const mode of ["strict", "exact"] as const) {
    describe(`QuorumElection in ${mode} mode ${where}`, () => {
      for (const { id, name, run } of electionContract) {
        const exception = exceptions[id]
        const given = run.pipe(Effect.provide(world(() => QuorumElection.layer({ mode }))))
        if (exception === undefined) it.effect(name, () => given)
        else {
          it.effect(`NOT: ${name} (${exception.because})`, () =>
            Effect.map(Effect.flip(given), ({ found }) => assert.strictEqual(found, exception.found))
          )
        }
      }
    })
  }
}
