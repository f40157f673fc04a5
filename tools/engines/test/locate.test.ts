import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { afterAll, assert, describe, it } from "@effect/vitest"

import { locate } from "../src/index.ts"

const root = mkdtempSync(join(tmpdir(), "coterie-locate-"))
afterAll(() => rmSync(root, { recursive: true }))

const program = (...parts: ReadonlyArray<string>): string => {
  const path = join(root, ...parts)
  mkdirSync(join(path, ".."), { recursive: true })
  writeFileSync(path, "")
  chmodSync(path, 0o755)
  return path
}

const world = (environment: Record<string, string>, cacheFolder = join(root, "cache")) => ({
  environment,
  cacheFolder,
  postgresFolder: join(root, "postgresql")
})

describe("locate", () => {
  const override = program("override", "my-rqlited")
  const cached = program("cache", "rqlited")
  const onPath = program("path", "rqlited")

  it("takes the variable first, then PATH, then what was installed here", () => {
    const PATH = `${join(root, "nothing")}:${join(root, "path")}`
    assert.strictEqual(locate("rqlite", world({ RQLITED: override, PATH })), override)
    assert.strictEqual(locate("rqlite", world({ PATH })), onPath)
    assert.strictEqual(locate("rqlite", world({ PATH: "" })), cached)
    assert.isUndefined(locate("rqlite", world({ PATH: "" }, join(root, "empty"))))
  })

  it("does not fall back when the variable names no program", () => {
    assert.isUndefined(locate("rqlite", world({ RQLITED: join(root, "nothing"), PATH: join(root, "path") })))
    assert.isUndefined(locate("rqlite", world({ RQLITED: root })), "a folder is no program")
  })

  it("finds the newest PostgreSQL where Debian hides it", () => {
    program("postgresql", "9", "bin", "postgres")
    const newest = program("postgresql", "15", "bin", "postgres")
    assert.strictEqual(locate("postgres", world({ PATH: "" })), newest)
  })
})
