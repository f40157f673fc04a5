import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Redacted } from "effect"

import { describeConfig } from "../../src/config/describeConfig.ts"
import { loadConfig } from "../../src/config/loadConfig.ts"
import { newSwimKey } from "../../src/config/swimKey.ts"
import { load, problemsOf } from "./problems.ts"

const urls = (count: number): string =>
  Array.from(
    { length: count },
    (_, index) => `{ id: p${index}, address: "http://127.0.0.1:${8000 + index}" }`
  ).join(", ")
const voters = (count: number): string =>
  Array.from({ length: count }, (_, index) => `{ id: p${index} }`).join(", ")

/** The only voter of most examples. */
const nodeA = { COTERIE_NODE__ID: "a" }

/** `membership` and what else a file holds, and every line that the operator gets for it. */
const mistakes: Readonly<Record<string, readonly [string, ReadonlyArray<string>]>> = {
  "SWIM without a word about trust": [
    "membership: { mode: swim, peers: [{ id: a }] }",
    [
      "$:2:13  membership.keys_file: is required with SWIM: name a file with what `coterie keyring generate` prints, the same on every node; or set membership.plaintext: true to trust whoever reaches the port"
    ]
  ],
  "keys that are no keys": [
    "membership: { keys: [abc], peers: [{ id: a }] }",
    ["$:2:22  membership.keys.0: is no key; `coterie keyring generate` prints one"]
  ],
  "keys and plaintext": [
    `membership: { keys: ["${newSwimKey()}"], plaintext: true, peers: [{ id: a }] }`,
    ["$:2:82  membership.plaintext: cannot be combined with keys; drop one of them"]
  ],
  "SWIM without voters": [
    "membership: { mode: swim, plaintext: true }",
    [
      "$:2:13  membership.peers: is required with SWIM: the voters of the election, the same list on every node, this one in it if it votes; or set election.strategy: none"
    ]
  ],
  "more nodes than know each other by heartbeats, which makes it SWIM": [
    `membership: { seeds: ['127.0.0.1:7'], plaintext: true, peers: [${voters(10)}] }`,
    [
      "$:2:63  membership.peers: lists the voters of the election with SWIM, at most 9: keep 9, the others need membership.seeds only; mode: heartbeat goes on with all of them"
    ]
  ],
  "a URL where SWIM needs an address": [
    "membership: { plaintext: true, peers: [{ id: a, address: 'http://127.0.0.1:7481' }] }",
    ["$:2:58  membership.peers.0.address: is a URL; SWIM needs host:port, such as 127.0.0.1:7481"]
  ],
  "an address where heartbeats need a URL": [
    "membership: { peers: [{ id: a, address: '127.0.0.1:7481' }] }",
    [
      '$:2:41  membership.peers.0.address: is no URL; with mode "heartbeat" it is such as http://127.0.0.1:7481'
    ]
  ],
  "a peer without an address, for heartbeats": [
    "membership: { mode: heartbeat, peers: [{ id: a }] }",
    ["$:2:40  membership.peers.0.address: is required"]
  ],
  "seeds for heartbeats": [
    "membership: { mode: heartbeat, seeds: ['127.0.0.1:7481'] }",
    ['$:2:39  membership.seeds: is not used by mode "heartbeat"; set mode: swim']
  ],
  "voters that cannot be found": [
    "membership: { plaintext: true, peers: [{ id: a }, { id: b }] }",
    [
      "$:2:13  membership.seeds: is required with SWIM, unless a peer has an address: the others are not found by their names"
    ]
  ],
  "a seed that is none": [
    "membership: { seeds: [somewhere] }",
    [
      '$:2:23  membership.seeds.0: expected host:port such as 10.0.0.5:7481, or a service record such as srv:_coterie._udp.example, got "somewhere"'
    ]
  ],
  "a name where SWIM needs an IP address": [
    "peer: { listen: 'localhost:7481' }\nmembership: { plaintext: true, peers: [{ id: a }] }",
    ["$:2:17  peer.listen: needs an IP address with SWIM, not the name in localhost:7481"]
  ],
  "a wildcard that peers cannot reach": [
    "peer: { listen: '0.0.0.0:7481' }\nmembership: { plaintext: true, peers: [{ id: a }] }",
    ["$:1:1  node.advertise: is required: peers cannot reach peer.listen (0.0.0.0:7481)"]
  ],
  "a listener that seeds on other machines cannot reach": [
    "membership: { plaintext: true, peers: [{ id: a }], seeds: ['10.0.0.2:7481'] }",
    [
      "$:1:1  peer.listen: 127.0.0.1:7481 cannot be reached by the peers on other machines; use an address of this machine, or set node.advertise"
    ]
  ],
  "a name to advertise": [
    "node: { advertise: 'n1.example:7481' }\nmembership: { plaintext: true, peers: [{ id: a }] }",
    ["$:2:20  node.advertise: needs an IP address and a port with SWIM, such as 10.0.0.5:7481"]
  ],
  "echoes on the port of SWIM": [
    "locality: { probe: udp }\nmembership: { plaintext: true, peers: [{ id: a }] }",
    [
      '$:2:20  locality.probe: cannot be "udp" with SWIM, which has that port; "swim" measures over it, and needs no key'
    ]
  ],
  "round trips of SWIM without it": [
    "locality: { probe: swim }",
    ['$:2:20  locality.probe: cannot be "swim" without SWIM; set membership.mode: swim']
  ]
}

describe("membership by SWIM, with a mistake:", () => {
  for (const [name, [text, expected]] of Object.entries(mistakes))
    it.effect(name, () =>
      Effect.map(problemsOf(`cluster: prod\n${text}\n`, nodeA), (problems) =>
        assert.deepStrictEqual(problems, [...expected])
      )
    )
})

describe("the mode of membership", () => {
  const modes: Readonly<Record<string, readonly [string, string]>> = {
    "is heartbeat for a few nodes": [`node: { id: p0 }\nmembership: { peers: [${urls(9)}] }`, "heartbeat"],
    "is heartbeat for many when that is asked for": [
      `membership: { mode: heartbeat, peers: [${urls(20)}] }`,
      "heartbeat"
    ],
    "is SWIM where a seed is named": [
      "membership: { seeds: ['127.0.0.1:7481'], plaintext: true, peers: [{ id: a }] }",
      "swim"
    ]
  }
  for (const [name, [text, mode]] of Object.entries(modes))
    it.effect(name, () =>
      Effect.gen(function* () {
        const described = describeConfig(yield* load(`cluster: prod\n${text}\n`))
        assert.strictEqual(described.find(({ path }) => path === "membership.mode")?.value, mode)
      })
    )
})

/** Loads a configuration whose keys are in a file with this text; problems have `~` for the folder. */
const withKeysFile = (text: string) =>
  Effect.gen(function* () {
    const files = yield* FileSystem.FileSystem
    const folder = yield* files.makeTempDirectoryScoped()
    yield* files.writeFileString(`${folder}/swim.keys`, text)
    const file = `${folder}/coterie.yaml`
    yield* files.writeFileString(
      file,
      "cluster: prod\nnode: { id: a }\nmembership: { keys_file: swim.keys, peers: [{ id: a }] }\n"
    )
    return yield* loadConfig({ file, environment: {} }).pipe(
      Effect.mapError(({ problems }) => problems.map((problem) => problem.replaceAll(folder, "~")))
    )
  }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))

describe("the file of keys", () => {
  it.effect("holds a key a line, and none is shown", () =>
    Effect.gen(function* () {
      const [first, second] = [newSwimKey(), newSwimKey()]
      const loaded = yield* withKeysFile(`${first}\n${second}\n`)
      assert.deepStrictEqual((loaded.config.membership.keys ?? []).map(Redacted.value), [first, second])
      const shown = describeConfig(loaded).filter(({ path }) => path.startsWith("membership.keys."))
      assert.deepStrictEqual(
        shown.map(({ value }) => value),
        ["***", "***"]
      )
    })
  )

  const wrong: Readonly<Record<string, readonly [string, string]>> = {
    "names the line that is no key": [
      `${newSwimKey()}\nsecret\n`,
      "line 2 is no key; `coterie keyring generate` prints one"
    ],
    "must not be empty": ["\n", "holds 0 keys; it needs 1 to 16, a line each"]
  }
  for (const [name, [text, detail]] of Object.entries(wrong))
    it.effect(name, () =>
      Effect.map(Effect.flip(withKeysFile(text)), (problems) =>
        assert.deepStrictEqual(problems, [`~/coterie.yaml:3:26  membership.keys_file: ~/swim.keys ${detail}`])
      )
    )
})
