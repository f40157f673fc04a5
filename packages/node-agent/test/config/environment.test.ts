import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"

import { load, problemsOf } from "./problems.ts"

const file = "cluster: prod\nmembership: { interval: 1s }\n"

/** Variables, and every line that the operator gets for them. */
const mistakes: Readonly<Record<string, readonly [Readonly<Record<string, string>>, ReadonlyArray<string>]>> =
  {
    "a wrong value names the variable": [
      { COTERIE_MEMBERSHIP__INTERVAL: "soon" },
      [
        'COTERIE_MEMBERSHIP__INTERVAL  membership.interval: expected a duration such as 500ms, 1s or 2m, got "soon"'
      ]
    ],
    "an unknown key is refused with a suggestion": [
      { COTERIE_MEMBERSHIP__DEAD_AFTR: "9s" },
      ["COTERIE_MEMBERSHIP__DEAD_AFTR  names no key of membership; did you mean membership.deadAfter?"]
    ],
    "an unknown section is refused": [
      { COTERIE_LEADERS__X: "1" },
      ["COTERIE_LEADERS__X  names no key of the configuration"]
    ],
    "a switch is true or false": [
      { COTERIE_LOCALITY__ENABLED: "1" },
      ['COTERIE_LOCALITY__ENABLED  locality.enabled: expected true or false, got "1"']
    ],
    "a list that is no YAML": [
      { COTERIE_MEMBERSHIP__PEERS: "[{" },
      ["COTERIE_MEMBERSHIP__PEERS  membership.peers: is not valid YAML"]
    ],
    "a rule between keys names the variable that broke it": [
      { COTERIE_MEMBERSHIP__DEAD_AFTER: "1s" },
      [
        "COTERIE_MEMBERSHIP__DEAD_AFTER  membership.deadAfter: must be at least twice membership.interval (1s), or one late beat is a death"
      ]
    ]
  }

describe("environment variables", () => {
  it.effect("override the file; case and single underscores do not matter", () =>
    Effect.gen(function* () {
      const { config } = yield* load(file, {
        COTERIE_MEMBERSHIP__INTERVAL: "2s",
        COTERIE_MEMBERSHIP__DEADAFTER: "9s",
        COTERIE_API__ALLOW_PLAINTEXT: "true",
        COTERIE_NODE__ID: "7",
        COTERIE_NODE__TAGS__DISK: "nvme",
        COTERIE_MEMBERSHIP__PEERS: '[{id: n2, address: "http://127.0.0.2:7481"}]',
        COTERIE_CLUSTER: "staging"
      })
      assert.strictEqual(config.cluster, "staging")
      assert.strictEqual(Duration.toMillis(config.membership.interval), 2000)
      assert.strictEqual(Duration.toMillis(config.membership.deadAfter), 9000)
      assert.isTrue(config.api.allowPlaintext)
      assert.strictEqual(config.node.id, "7")
      assert.deepStrictEqual(config.node.tags, { disk: "nvme" })
      assert.deepStrictEqual(config.membership.peers, [{ id: "n2", address: "http://127.0.0.2:7481" }])
    })
  )
  it.effect("that are not ours are left alone, as Kubernetes sets them for a service of our name", () =>
    Effect.gen(function* () {
      const { config } = yield* load(file, {
        COTERIE_PORT: "tcp://127.0.0.1:7480",
        COTERIE_SERVICE_HOST: "127.0.0.1",
        COTERIE_ENDPOINT: "http://127.0.0.1:7480",
        PATH: "/bin"
      })
      assert.strictEqual(config.cluster, "prod")
    })
  )
  it.effect("replace all that a file lists under their key", () =>
    Effect.gen(function* () {
      const listed = "cluster: prod\nmembership:\n  peers:\n    - { id: a, address: http://127.0.0.1:1 }\n"
      const { config, origins } = yield* load(listed, { COTERIE_MEMBERSHIP__PEERS: "[]" })
      assert.deepStrictEqual(config.membership.peers, [])
      assert.isUndefined(origins.get(["membership", "peers", 0, "id"].join("\u0000")))
    })
  )
  for (const [name, [environment, expected]] of Object.entries(mistakes))
    it.effect(name, () =>
      Effect.map(problemsOf(file, environment), (problems) =>
        assert.deepStrictEqual(
          problems.map((problem) => problem.replace(/(is not valid YAML).*/, "$1")),
          expected
        )
      )
    )
})
