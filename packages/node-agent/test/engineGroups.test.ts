import { ConsensusGroups } from "@coterie/election"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"

import { configFrom } from "../src/config/loadConfig.ts"
import { engineGroups } from "../src/engineGroups.ts"

type Input = Parameters<typeof configFrom>[0]

const groupsOf = (input: Omit<Input, "cluster">) =>
  Effect.gen(function* () {
    const layer = engineGroups(yield* configFrom({ cluster: "test", ...input }))
    assert.isDefined(layer)
    return Context.get(yield* Layer.build(layer), ConsensusGroups)
  })

const etcd = { name: "meta", kind: "etcd", url: "http://127.0.0.1:1" } as const
const nats = { name: "jobs", kind: "nats", url: "nats://127.0.0.1:1" } as const

describe("engineGroups", () => {
  it.live("without an engine there are none", () =>
    Effect.map(configFrom({ cluster: "test" }), (config) => assert.isUndefined(engineGroups(config)))
  )

  it.live("one engine keeps the ids of its groups, however it is written", () =>
    Effect.gen(function* () {
      for (const input of [{ backends: [etcd] }, { backend: { kind: etcd.kind, url: etcd.url } }]) {
        const groups = yield* groupsOf(input)
        assert.strictEqual(groups.engine, "etcd")
        assert.deepStrictEqual(yield* groups.list, ["default"])
      }
    })
  )

  it.live("several prefix them, and one that is down is shown as such", () =>
    Effect.gen(function* () {
      const main = {
        name: "main",
        kind: "rqlite",
        groups: [{ name: "orders", url: "http://127.0.0.1:1" }]
      } as const
      const groups = yield* groupsOf({ backends: [main, etcd, nats] })
      assert.strictEqual(groups.engine, "rqlite+etcd+nats")
      assert.deepStrictEqual(yield* groups.list, ["main/orders", "meta/default", "jobs/*"])
      const { reason } = yield* Effect.flip(groups.status("jobs/*"))
      assert.strictEqual(reason._tag, "Unavailable")
    })
  )

  const unusable: Readonly<Record<string, readonly [NonNullable<Input["backends"]>[number], string]>> = {
    "a password file, which only loadConfig reads": [
      { ...etcd, username: "u", password_file: "p" },
      "backends.0.password_file: is read by loadConfig only; give password in code"
    ],
    "a token file of the system account": [
      { ...nats, system: { token_file: "t" } },
      "backends.0.system.token_file: is read by loadConfig only; give token in code"
    ],
    "credentials that are not there": [
      { ...nats, credentials_file: "/nowhere/agent.creds" },
      "backends.0.credentials_file: cannot read /nowhere/agent.creds"
    ],
    "credentials that are none": [
      { ...nats, credentials_file: import.meta.dirname + "/../package.json" },
      "holds no -----BEGIN line"
    ],
    "an authority that is not there": [
      { ...etcd, tls: { ca: "/nowhere/ca.pem" } },
      "backends.0.tls.ca: cannot read /nowhere/ca.pem"
    ]
  }
  for (const [name, [backend, message]] of Object.entries(unusable))
    it.live(`${name}: the failure names the key`, () =>
      Effect.map(Effect.flip(groupsOf({ backends: [backend] })), (error) =>
        assert.include(error.message, message)
      )
    )
})
