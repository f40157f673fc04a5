import { afterEach, assert, describe, it, vi } from "@effect/vitest"

import { locate, requireEngine } from "../src/index.ts"

describe("requireEngine", () => {
  afterEach(() => {
    vi.unstubAllEnvs()
    vi.restoreAllMocks()
  })

  it("says one line and answers false when the engine is missing", () => {
    vi.stubEnv("RQLITED", "/nonexistent/rqlited")
    vi.stubEnv("COTERIE_REQUIRE_ENGINES", "")
    const said = vi.spyOn(console, "error").mockImplementation(() => {})
    assert.isFalse(requireEngine("rqlite", "driver").available)
    assert.deepStrictEqual(said.mock.calls, [
      [`ENGINE MISSING: rqlited: suite "driver" skipped; run npm run engines:install`]
    ])
  })

  it("throws instead when engines are required", () => {
    vi.stubEnv("RQLITED", "/nonexistent/rqlited")
    vi.stubEnv("COTERIE_REQUIRE_ENGINES", "1")
    assert.throws(() => requireEngine("rqlite", "driver"), /ENGINE MISSING: rqlited: suite "driver" must run/)
  })

  it("says nothing when the engine is there", () => {
    vi.stubEnv("ETCD", process.execPath)
    const said = vi.spyOn(console, "error").mockImplementation(() => {})
    assert.strictEqual(locate("etcd"), process.execPath)
    assert.isTrue(requireEngine("etcd", "driver").available)
    assert.strictEqual(said.mock.calls.length, 0)
  })
})
