import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Redacted } from "effect"

import { describeConfig } from "../../src/config/describeConfig.ts"
import { loadConfig } from "../../src/config/loadConfig.ts"
import { load, problemsOf } from "./problems.ts"

const etcd = "name: meta, kind: etcd, url: http://127.0.0.1:2379"
const nats = "name: jobs, kind: nats, url: nats://127.0.0.1:4222"

/** What is written below `cluster: prod`, and every line that the operator gets for it. */
const mistakes: Readonly<Record<string, readonly [string, ReadonlyArray<string>]>> = {
  "an unknown engine": [
    "backends: [{ name: a, kind: redis }]",
    ['$:2:29  backends.0.kind: expected one of rqlite, etcd, nats, got "redis"']
  ],
  "an engine without a name": [
    "backends: [{ kind: etcd, url: http://127.0.0.1:2379 }]",
    ["$:2:12  backends.0.name: is required"]
  ],
  "a name with a slash": [
    "backends: [{ name: a/b, kind: etcd, url: http://127.0.0.1:2379 }]",
    ['$:2:20  backends.0.name: expected 1 to 32 letters, digits and ._-, got "a/b"']
  ],
  "two engines of one name": [
    `backends: [{ ${etcd} }, { ${etcd} }]`,
    ['$:2:76  backends.1.name: "meta" is listed twice']
  ],
  "one engine and several": [
    `backend: { kind: etcd, url: http://127.0.0.1:2379 }\nbackends: [{ ${nats} }]`,
    ["$:3:11  backends: cannot be combined with backend; move that engine into this list"]
  ],
  "keys of another engine": [
    `backends: [{ ${etcd}, dataFolder: /data, servers: [], token_file: t }]`,
    [
      "$:2:78  backends.0.dataFolder: is a key of rqlite, and the kind is etcd",
      "$:2:94  backends.0.servers: is a key of nats, and the kind is etcd",
      "$:2:110  backends.0.token_file: is a key of nats, and the kind is etcd"
    ]
  ],
  "groups of NATS, which it lists itself": [
    `backends: [{ ${nats}, groups: [] }]`,
    ["$:2:74  backends.0.groups: is a key of rqlite and etcd, and the kind is nats"]
  ],
  "an address of another engine": [
    "backends: [{ name: a, kind: etcd, url: nats://h:4222 }, { name: b, kind: nats, url: http://h:1 }]",
    [
      "$:2:40  backends.0.url: is no address of etcd, which would be such as http://127.0.0.1:4001",
      "$:2:85  backends.1.url: is no address of nats, which would be such as nats://127.0.0.1:4222"
    ]
  ],
  "engines without an address": [
    "backends: [{ name: a, kind: etcd }, { name: b, kind: nats }]",
    ["$:2:12  backends.0: needs url or groups", "$:2:37  backends.1: needs url"]
  ],
  "a group that is listed twice": [
    "backends:\n  - name: a\n    kind: etcd\n    groups: [{ name: x, url: http://h:1 }, { name: x, url: http://h:2 }]",
    ['$:5:52  backends.0.groups.1.name: "x" is listed twice']
  ],
  "a NATS address with a password, which is not repeated": [
    `backends: [{ ${nats}, servers: ["nats://u:hunter2@h:4222"] }]`,
    [
      '$:2:76  backends.0.servers.0: expected an address such as nats://127.0.0.1:4222, without path, user name or password, got "nats://***@h:4222"'
    ]
  ],
  "two ways to log in": [
    `backends: [{ ${nats}, username: u, password: p, token: t, credentials_file: c }]`,
    [
      "$:2:99  backends.0.token: cannot be combined with username",
      "$:2:120  backends.0.credentials_file: cannot be combined with username"
    ]
  ],
  "a secret and its file": [
    `backends: [{ ${nats}, token: t, token_file: f }]`,
    ["$:2:73  backends.0.token: cannot be combined with token_file; keep the file"]
  ],
  "a system account without a way to log in": [
    `backends: [{ ${nats}, system: {} }]`,
    ["$:2:74  backends.0.system: needs username and password_file, token_file or credentials_file"]
  ],
  "a system account with half a login": [
    `backends: [{ ${nats}, system: { username: sys } }]`,
    ["$:2:74  backends.0.system.password_file: is required with a user name"]
  ],
  "a client certificate without its key": [
    `backends: [{ ${nats}, tls: { cert: c.pem } }]`,
    ["$:2:71  backends.0.tls: needs cert and key together"]
  ],
  "keys of an engine that is not there": [
    "backend: { tls: { verify: false } }",
    ['$:2:17  backend.tls: is not used while backend.kind is "none"; set kind: rqlite, etcd or nats']
  ],
  "a secret file that is not there": [
    `backends: [{ ${nats}, system: { token_file: gone } }]`,
    ["$:2:88  backends.0.system.token_file: ~/gone cannot be read: there is no such file"]
  ],
  "a policy that nobody knows": [
    "locality: { policy: fastest }",
    ['$:2:21  locality.policy: expected one of quorumLatency, nearestPeer, staticPreference, got "fastest"']
  ],
  "a preference without an order": [
    "locality: { policy: staticPreference }",
    ['$:2:11  locality.preference: is required with policy "staticPreference"']
  ],
  "an order that the policy does not follow": [
    "locality: { preference: [n1, n2, n1] }",
    [
      '$:2:25  locality.preference: is not used by policy "quorumLatency"; set policy: staticPreference',
      '$:2:34  locality.preference.2: "n1" is listed twice'
    ]
  ],
  "a policy over rows that never arrive": [
    `membership: { mode: static, peers: [{ id: b, address: http://10.0.0.2:7481 }] }\nelection: { strategy: none }\nbackends: [{ ${etcd} }]\npeer: { listen: 10.0.0.1:7481 }`,
    [
      '$:1:1  locality.policy: cannot be "quorumLatency" while membership.mode is "static": the agents tell each other what they measured in heartbeats; choose "nearestPeer"'
    ]
  ],
  "connects to servers that do not say where": [
    `locality: { probe: tcp }\nbackends: [{ ${nats} }]`,
    ['$:2:20  locality.probe: cannot be "tcp" with nats, which does not say where its servers replicate']
  ],
  "echoes without a key": [
    "locality: { probe: udp }",
    ['$:2:11  locality.probeKey_file: is required with probe "udp": the agents seal echoes with it']
  ],
  "a short key": [
    "locality: { probe: udp, probeKey: short }",
    ["$:2:35  locality.probeKey: needs 16 characters or more"]
  ],
  "a key and its file, and a port that nobody knows": [
    "locality: { probe: udp, probeKey: a secret of the cluster, probeKey_file: f }\npeer: { listen: 127.0.0.1:0 }",
    [
      "$:2:35  locality.probeKey: cannot be combined with probeKey_file; keep the file",
      '$:3:17  peer.listen: needs a port other than 0 with locality.probe "udp": echoes go there too'
    ]
  ],
  "a key that the probe does not use": [
    "locality: { probeKey_file: f }",
    ['$:2:28  locality.probeKey_file: is not used by probe "engine"; set probe: udp']
  ],
  "a key that is not where it should be": [
    "locality: { probe: udp, probeKey_file: gone }",
    ["$:2:40  locality.probeKey_file: ~/gone cannot be read: there is no such file"]
  ]
}

describe("engines and locality with a mistake", () => {
  for (const [name, [text, expected]] of Object.entries(mistakes))
    it.effect(name, () =>
      Effect.map(problemsOf(`cluster: prod\n${text}\n`), (problems) =>
        assert.deepStrictEqual(problems, [...expected])
      )
    )
})

describe("several engines", () => {
  it.effect("have paths relative to the file, and secrets of files of their own, which nothing prints", () =>
    Effect.gen(function* () {
      const files = yield* FileSystem.FileSystem
      const folder = yield* files.makeTempDirectoryScoped()
      const file = `${folder}/coterie.yaml`
      yield* files.writeFileString(`${folder}/secret`, "hunter2\n")
      yield* files.writeFileString(
        file,
        `cluster: prod\nbackends:\n  - { ${etcd}, username: u, password_file: secret }\n  - { ${nats}, token_file: secret, system: { credentials_file: sys.creds }, tls: { ca: ca.pem } }\n`
      )
      const loaded = yield* loadConfig({ file, environment: {} })
      const [meta, jobs] = loaded.config.backends
      assert.strictEqual(Redacted.value(meta?.password ?? Redacted.make("")), "hunter2")
      assert.strictEqual(Redacted.value(jobs?.token ?? Redacted.make("")), "hunter2")
      assert.strictEqual(jobs?.system?.credentials_file, `${folder}/sys.creds`)
      assert.strictEqual(jobs?.tls?.ca, `${folder}/ca.pem`)
      assert.notInclude(JSON.stringify(describeConfig(loaded)), "hunter2")
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))
  )

  it.effect("come from the environment as a list", () =>
    Effect.gen(function* () {
      const { config } = yield* load("cluster: prod\n", { COTERIE_BACKENDS: `[{ ${etcd} }, { ${nats} }]` })
      assert.deepStrictEqual(
        config.backends.map(({ kind, name }) => [name, kind]),
        [
          ["meta", "etcd"],
          ["jobs", "nats"]
        ]
      )
    })
  )
})
