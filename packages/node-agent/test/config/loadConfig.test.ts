import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Redacted } from "effect"

import { loadConfig } from "../../src/config/loadConfig.ts"
import { load, problemsOf } from "./problems.ts"

/** What is written, and every line that the operator gets for it. */
const mistakes: Readonly<Record<string, readonly [string, ReadonlyArray<string>]>> = {
  "an empty file": ["", ["$:1:1  cluster: is required"]],
  "a file that is only a list": ["- a\n- b\n", ['$:1:1  expected keys at the top, such as "cluster: prod"']],
  "broken YAML": [
    "cluster: prod\nnode: { id: n1\nmembership:\n",
    ["$:3:1  is not valid YAML: Flow map in block collection must be sufficiently indented and end with a }"]
  ],
  "a key that is there twice": [
    "cluster: a\ncluster: b\n",
    ["$:2:1  is not valid YAML: Map keys must be unique"]
  ],
  "an unknown key near a known one": [
    "cluster: prod\nmembership:\n  intervall: 1s\n",
    ["$:3:3  membership.intervall: unknown key; did you mean interval?"]
  ],
  "an unknown key near no other": [
    "cluster: prod\ndrain:\n  colour: blue\n",
    ["$:3:3  drain.colour: unknown key; known here: readinessDelay, deadline"]
  ],
  "an unknown key in a list": [
    "cluster: prod\nmembership:\n  peers:\n    - { id: n2, adress: http://10.0.0.2:7481 }\n",
    ["$:4:17  membership.peers.0.adress: unknown key; did you mean address?"]
  ],
  "a duration without a unit": [
    "cluster: prod\nmembership:\n  interval: 5\n",
    ["$:3:13  membership.interval: expected a duration such as 500ms, 1s or 2m, got 5"]
  ],
  "a duration out of range": [
    "cluster: prod\nmembership:\n  interval: 2h\n",
    ['$:3:13  membership.interval: expected a duration from 10ms to 1m, got "2h"']
  ],
  "a port that does not exist": [
    "cluster: prod\napi: { ops: 127.0.0.1:99999 }\n",
    ['$:2:13  api.ops: expected a port from 0 to 65535, got "127.0.0.1:99999"']
  ],
  "an address without a port": [
    "cluster: prod\napi: { ops: localhost }\n",
    ['$:2:13  api.ops: expected host:port such as 127.0.0.1:7480 or [::1]:7480, got "localhost"']
  ],
  "a word that is none of the choices": [
    "cluster: prod\nlocality: { mode: active }\n",
    ['$:2:19  locality.mode: expected one of advise, act, got "active"']
  ],
  "yes for true": [
    "cluster: prod\nlocality: { enabled: yes }\n",
    ['$:2:22  locality.enabled: expected true or false, got "yes"']
  ],
  "a number where text belongs": [
    "cluster: 7\n",
    ["$:1:10  cluster: expected 1 to 64 letters, digits and ._-, got 7"]
  ],
  "text where a section belongs": [
    "cluster: prod\nmembership: fast\n",
    ['$:2:13  membership: expected a section: keys indented under it, got "fast"']
  ],
  "credentials in a URL, which are not repeated": [
    "cluster: prod\nbackend: { kind: rqlite, url: 'http://u:hunter2@127.0.0.1:4001' }\n",
    [
      '$:2:31  backend.url: expected an address such as http://127.0.0.1:4001 or nats://127.0.0.1:4222, without path, user name or password, got "http://***@127.0.0.1:4001"'
    ]
  ],
  "a password that is a number, which is not repeated": [
    "cluster: prod\nbackend: { kind: rqlite, url: 'http://127.0.0.1:4001', username: u, password: 1234 }\n",
    ["$:2:79  backend.password: expected text"]
  ],
  "a bad label": [
    "cluster: prod\nnode: { tags: { 9lives: cat, disk: 1 } }\n",
    [
      "$:2:36  node.tags.disk: expected text of at most 256 characters; put numbers and switches in quotes, got 1"
    ]
  ],
  "several mistakes at once, each with its place": [
    "membership:\n  interval: soon\n  peers:\n    - 7\nlocality:\n  mode: act\n  probe: ping\n",
    [
      "$:1:1  cluster: is required",
      '$:2:13  membership.interval: expected a duration such as 500ms, 1s or 2m, got "soon"',
      "$:4:7  membership.peers.0: expected a section: keys indented under it, got 7",
      '$:7:10  locality.probe: expected one of engine, tcp, udp, swim, got "ping"'
    ]
  ],
  "a dead time shorter than two beats": [
    "cluster: prod\nmembership: { interval: 1s, deadAfter: 1500ms }\n",
    [
      "$:2:40  membership.deadAfter: must be at least twice membership.interval (1s), or one late beat is a death"
    ]
  ],
  "a deadline that leaves no time after the delay": [
    "cluster: prod\ndrain: { readinessDelay: 30s }\n",
    ["$:2:8  drain.deadline: must be at least 5s longer than drain.readinessDelay (30s)"]
  ],
  "a peer that is listed twice": [
    "cluster: prod\nmembership:\n  peers:\n    - { id: n2, address: http://127.0.0.2:7481 }\n    - { id: n2, address: http://127.0.0.3:7481 }\n",
    ['$:5:13  membership.peers.1.id: "n2" is listed twice']
  ],
  "an election among peers that are never contacted": [
    "cluster: prod\nmembership: { mode: static, peers: [{ id: b, address: http://10.0.0.2:7481 }] }\n",
    [
      '$:1:1  election.strategy: must be "none" while membership.mode is "static": an election needs heartbeats'
    ]
  ],
  "a lease that one late heartbeat ends": [
    "cluster: prod\nmembership: { interval: 1s }\nelection: { lease: 1500ms }\n",
    [
      "$:3:20  election.lease: must be at least twice membership.interval (1s), or one late heartbeat ends a leadership"
    ]
  ],
  "a lease too short for any machine": [
    "cluster: prod\nelection: { lease: 100ms }\n",
    ['$:2:20  election.lease: expected a duration from 500ms to 10m, got "100ms"']
  ],
  "operators' port open to everybody": [
    "cluster: prod\napi: { ops: 0.0.0.0:7480 }\n",
    [
      "$:2:13  api.ops: 0.0.0.0 is reachable from other machines and has no TLS; use 127.0.0.1, or set api.allowPlaintext: true"
    ]
  ],
  "both listeners on one port": [
    "cluster: prod\napi: { ops: 127.0.0.1:7481 }\n",
    ["$:1:1  peer.listen: is the same address as api.ops (127.0.0.1:7481)"]
  ],
  "an address that no peer can dial": [
    "cluster: prod\npeer: { listen: 0.0.0.0:7481 }\nmembership: { peers: [{ id: n2, address: http://10.0.0.2:7481 }] }\n",
    ["$:1:1  node.advertise: is required: peers cannot dial peer.listen (0.0.0.0:7481)"]
  ],
  "a listener that peers on other machines cannot reach": [
    "cluster: prod\nmembership: { peers: [{ id: n2, address: http://10.0.0.2:7481 }] }\n",
    [
      "$:1:1  peer.listen: 127.0.0.1:7481 cannot be reached by the peers on other machines; use an address of this machine, or set node.advertise"
    ]
  ],
  "an engine without an address": [
    "cluster: prod\nbackend: { kind: rqlite }\n",
    ["$:2:10  backend: needs one of url, groups or dataFolder"]
  ],
  "an address without an engine": [
    "cluster: prod\nbackend: { url: http://127.0.0.1:4001 }\n",
    ['$:2:17  backend.url: is not used while backend.kind is "none"; set kind: rqlite, etcd or nats']
  ],
  "two sources of groups": [
    "cluster: prod\nbackend: { kind: rqlite, url: http://127.0.0.1:4001, dataFolder: /data }\n",
    ["$:2:66  backend.dataFolder: cannot be combined with url"]
  ],
  "a password without a user": [
    "cluster: prod\nbackend: { kind: rqlite, url: http://127.0.0.1:4001, password_file: /run/p }\n",
    ["$:2:10  backend.username: is required with a password"]
  ],
  "a secret file that is not there": [
    "cluster: prod\nbackend: { kind: rqlite, url: http://127.0.0.1:4001, username: u, password_file: gone }\n",
    ["$:2:82  backend.password_file: ~/gone cannot be read: there is no such file"]
  ],
  "a key that would change every object": [
    "cluster: prod\n__proto__: { a: 1 }\n",
    ["$:2:1  __proto__: is not allowed as a key"]
  ],
  "a key that is no text": [
    "cluster: prod\n? [a]\n: b\n",
    ["$:2:3  expected a key that is text; put it in quotes"]
  ],
  "an alias, which could multiply a file": [
    "cluster: &name prod\nnode: { id: *name }\n",
    ["$:2:13  node.id: is an alias; write the value out"]
  ],
  "a file that is nested too deeply": [
    `cluster: prod\nnode: ${"[".repeat(20)}${"]".repeat(20)}\n`,
    ["$:2:23  node.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0: is nested too deeply"]
  ],
  "a file that is nested without end": [`cluster: ${"[".repeat(100_000)}`, ["$:1:1  is nested too deeply"]],
  "a file that holds too much": [
    `cluster: prod\nnode: [${"1,".repeat(10_000)}]`,
    ["$:2:20000  node.9996: more than 10000 values"]
  ],
  "two documents": [
    "cluster: a\n---\ncluster: b\n",
    ["$:2:1  is not valid YAML: Source contains multiple documents; please use YAML.parseAllDocuments()"]
  ]
}

describe("a configuration file with a mistake", () => {
  for (const [name, [text, expected]] of Object.entries(mistakes))
    it.effect(name, () =>
      Effect.map(problemsOf(text), (problems) => assert.deepStrictEqual(problems, [...expected]))
    )

  it.effect("larger than 256 KiB is not read", () =>
    Effect.map(problemsOf(`#${"x".repeat(300_000)}`), (problems) =>
      assert.deepStrictEqual(problems, ["$: is larger than 256 KiB"])
    )
  )
  it.effect("that is a device, which may have no end, is not read", () =>
    Effect.gen(function* () {
      const failure = yield* Effect.flip(loadConfig({ file: "/dev/zero", environment: {} }))
      assert.deepStrictEqual(failure.problems, ["/dev/zero: is a CharacterDevice, not a regular file"])
    }).pipe(Effect.provide(NodeServices.layer))
  )
  it.effect("that is no text is not read", () =>
    Effect.map(problemsOf(new Uint8Array([0xff, 0xfe, 0x00])), (problems) =>
      assert.deepStrictEqual(problems, ["$: is not UTF-8 text"])
    )
  )
  it.effect("with a password that other users may read is refused", () =>
    Effect.map(
      problemsOf(
        "cluster: a\nbackend: { kind: rqlite, url: http://127.0.0.1:4001, username: u, password: hunter2 }\n",
        {},
        0o644
      ),
      (problems) =>
        assert.deepStrictEqual(problems, [
          "$:2:77  backend.password: is in a file that other users may read; use password_file, or chmod 600 this one"
        ])
    )
  )
})

describe("a right configuration file", () => {
  it.effect("needs the cluster only", () =>
    Effect.gen(function* () {
      const { config } = yield* load("cluster: prod\n")
      assert.strictEqual(config.cluster, "prod")
      assert.deepStrictEqual(config.api.ops, { host: "127.0.0.1", port: 7480 })
      assert.strictEqual(config.locality.mode, "advise")
      assert.strictEqual(Duration.toMillis(config.membership.deadAfter), 4000)
      assert.notStrictEqual(config.node.id, "")
    })
  )
  it.effect(
    "may elect alone without peers to exchange heartbeats with, and with a short lease that is not used",
    () =>
      Effect.gen(function* () {
        const alone = yield* load(
          "cluster: prod\nnode: { id: a }\nmembership: { mode: static, peers: [{ id: a, address: http://10.0.0.1:7481 }] }\n"
        )
        assert.strictEqual(alone.config.election.strategy, "leased")
        const quorum = yield* load(
          "cluster: prod\nmembership: { interval: 30s, deadAfter: 2m }\nelection: { strategy: quorum }\n"
        )
        assert.strictEqual(quorum.config.election.strategy, "quorum")
      })
  )
  it.effect("names folders relative to its own", () =>
    Effect.gen(function* () {
      const { config } = yield* load("cluster: prod\nnode: { stateFolder: ./state }\n")
      assert.match(config.node.stateFolder ?? "", /^\/.*[^.]\/state$/)
    })
  )
  it.effect("may leave sections empty, and be JSON", () =>
    Effect.gen(function* () {
      const { config } = yield* load("cluster: prod\nlocality:\n  # mode: act\n")
      assert.strictEqual(config.locality.mode, "advise")
      const json = yield* load('{ "cluster": "prod", "api": { "ops": "[::1]:0" } }')
      assert.deepStrictEqual(json.config.api.ops, { host: "::1", port: 0 })
    })
  )
  it.effect("takes the password from the named file, without the line break", () =>
    Effect.gen(function* () {
      // The file names itself as the secret: it is relative to its folder, and any text is a password.
      const text =
        "cluster: prod\nbackend: { kind: rqlite, url: http://127.0.0.1:4001, username: u, password_file: coterie.yaml }\n"
      const { config } = yield* load(text)
      assert.isDefined(config.backend.password)
      assert.strictEqual(Redacted.value(config.backend.password ?? Redacted.make("")), text.trimEnd())
      assert.notInclude(JSON.stringify(config), "kind: rqlite")
    })
  )
})
