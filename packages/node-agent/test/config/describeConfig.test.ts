import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

import { describeConfig } from "../../src/config/describeConfig.ts"
import { load } from "./problems.ts"

const text = `cluster: prod
node: { id: n1 }
membership:
  interval: 2s
  peers:
    - { id: n2, address: http://127.0.0.2:7481 }
backend: { kind: rqlite, url: http://127.0.0.1:4001, username: u, password: hunter2 }
`

describe("describeConfig", () => {
  it.effect("says of each value where it was written, and of a secret nothing", () =>
    Effect.gen(function* () {
      const loaded = yield* load(text, {
        COTERIE_NODE__TAGS__DISK: "nvme",
        COTERIE_BACKEND__USERNAME: "agent"
      })
      const lines = describeConfig(loaded).map(
        ({ origin, path, value }) =>
          `${path} = ${JSON.stringify(value)} (${origin.replace(/^.*coterie.yaml/, "$")})`
      )
      assert.includeMembers(lines, [
        'cluster = "prod" ($:1:10)',
        'node.id = "n1" ($:2:13)',
        'node.tags.disk = "nvme" (COTERIE_NODE__TAGS__DISK)',
        'membership.interval = "2s" ($:4:13)',
        'membership.deadAfter = "4s" (default)',
        'membership.peers.0.id = "n2" ($:6:13)',
        'backend.username = "agent" (COTERIE_BACKEND__USERNAME)',
        'backend.password = "***" ($:7:77)',
        'telemetry.log.level = "info" (default)'
      ])
      assert.notInclude(lines.join("\n"), "hunter2")
    })
  )
})
