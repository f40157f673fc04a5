import { assert, describe, it } from "@effect/vitest"

import { type Findings, isOlder, planInstall } from "../../src/install/planInstall.ts"

const nothing: Findings = {
  engines: { rqlite: {}, etcd: {}, nats: {}, redis: {}, postgres: {} },
  ip: {},
  ethtool: {},
  cc: {},
  go: {}
}
const everything: Findings = {
  engines: {
    rqlite: { path: "/x/rqlited", version: "8.43.4", stale: false },
    etcd: { path: "/x/etcd", version: "3.4.23" },
    nats: { path: "/x/nats-server", version: "2.15.1" },
    redis: { path: "/x/redis-server" },
    postgres: { path: "/x/postgres" }
  },
  ip: { path: "/x/ip" },
  ethtool: { path: "/x/ethtool" },
  cc: { path: "/x/cc" },
  go: { path: "/x/go" }
}
const debianRoot = { apt: true, root: true }

const kinds = (...input: Parameters<typeof planInstall>) =>
  Object.fromEntries(planInstall(...input).map(({ item, kind }) => [item, kind]))

describe("planInstall", () => {
  it("does nothing where everything is there", () => {
    const steps = planInstall(everything, debianRoot)
    assert.isTrue(steps.every(({ kind }) => kind === "present"))
  })

  it("builds rqlite and NATS with Go, with a C compiler, and takes the rest from Debian", () => {
    assert.deepStrictEqual(kinds({ ...nothing, go: { path: "/x/go" } }, debianRoot), {
      rqlited: "go",
      etcd: "debian",
      "nats-server": "go",
      "redis-server": "debian",
      postgres: "debian",
      ip: "debian",
      ethtool: "debian",
      cc: "debian"
    })
  })

  it("says that rqlite is missing without Go, and falls back to Debian's NATS", () => {
    const plan = kinds(nothing, debianRoot)
    assert.strictEqual(plan["rqlited"], "unavailable")
    assert.strictEqual(plan["nats-server"], "debian")
  })

  it("replaces a NATS that cannot choose a leader, only when it can build a newer one", () => {
    const old = {
      ...everything,
      engines: { ...everything.engines, nats: { path: "/x/nats", version: "2.9.10" } }
    }
    assert.strictEqual(kinds(old, debianRoot)["nats-server"], "go")
    assert.strictEqual(kinds({ ...old, go: {} }, debianRoot)["nats-server"], "present")
  })

  it("rebuilds programs that were built from another module", () => {
    const rqlite = { path: "/x/rqlited", version: "8.0.0", stale: true }
    const stale = { ...everything, engines: { ...everything.engines, rqlite } }
    assert.strictEqual(kinds(stale, debianRoot)["rqlited"], "go")
  })

  it("tells what to run without root", () => {
    const step = planInstall(nothing, { apt: true, root: false }).find(({ item }) => item === "etcd")
    assert.deepStrictEqual(step, {
      kind: "unavailable",
      item: "etcd",
      advice: "run as root: apt-get install --no-install-recommends etcd-server"
    })
  })
})

describe("isOlder", () => {
  it.each([
    ["2.9.10", "2.11", true],
    ["2.11.0", "2.11", false],
    ["2.15.1", "2.11", false],
    ["2.11", "2.11.1", true]
  ])("%s is older than %s: %s", (left, right, expected) => {
    assert.strictEqual(isOlder(left, right), expected)
  })
})
