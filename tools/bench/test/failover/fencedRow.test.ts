import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"

import { afterAll, assert, describe, it } from "vitest"

import { FencedRow, fencingViolations } from "../../src/failover/fencedRow.ts"

const folder = mkdtempSync(join(tmpdir(), "coterie-row-"))

afterAll(() => rmSync(folder, { recursive: true }))

describe("FencedRow", () => {
  it("refuses an older token after a newer one, whoever writes, and keeps every attempt", () => {
    const file = join(folder, "refuses.sqlite")
    const a = new FencedRow(file)
    const b = new FencedRow(file)
    assert.deepStrictEqual(
      [a.write("a", 1), b.write("b", 2), a.write("a", 1), b.write("b", 2)],
      [true, true, false, true]
    )
    assert.deepStrictEqual(
      b.attempts().map(({ holder, token, accepted }) => `${holder} ${token} ${accepted}`),
      ["a 1 true", "b 2 true", "a 1 false", "b 2 true"]
    )
    a.close()
    b.close()
  })

  it("does not wait for a writer that stands still in the middle of a write", () => {
    const file = join(folder, "locked.sqlite")
    const row = new FencedRow(file)
    const stopped = new DatabaseSync(file)
    stopped.exec("BEGIN IMMEDIATE")
    const start = performance.now()
    assert.isFalse(row.write("a", 1))
    assert.isBelow(performance.now() - start, 1000)
    stopped.exec("COMMIT")
    assert.isTrue(row.write("a", 1))
    assert.lengthOf(row.attempts(), 1)
    stopped.close()
    row.close()
  })
})

const write = (holder: string, token: number, accepted = true) => ({ holder, token, accepted })

describe("fencingViolations", () => {
  it("finds an older token accepted after a newer one, and a token of two nodes", () => {
    assert.deepStrictEqual(fencingViolations([write("a", 1), write("b", 2), write("a", 1, false)]), [])
    assert.deepStrictEqual(fencingViolations([write("a", 1), write("b", 2), write("a", 1)]), [
      "token 1 of a was accepted after 2"
    ])
    assert.deepStrictEqual(fencingViolations([write("a", 1), write("b", 1, false)]), [
      "token 1 was used by a and b"
    ])
  })
})
