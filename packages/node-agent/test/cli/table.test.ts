import { assert, describe, it } from "@effect/vitest"

import { fieldLines, shortDuration, tableLines } from "../../src/cli/table.ts"

describe("a table", () => {
  it("has columns as wide as their widest cell, and no trailing spaces", () => {
    assert.deepStrictEqual(
      tableLines(
        ["A", "LONG"],
        [
          ["wide cell", "x"],
          ["", ""]
        ]
      ),
      ["A          LONG", "wide cell  x", ""]
    )
  })
  it("is not widened by colours", () => {
    assert.deepStrictEqual(tableLines(["A", "B"], [["\u001b[32mok\u001b[0m", "x"]]), [
      "A   B",
      "\u001b[32mok\u001b[0m  x"
    ])
  })
})

it("what another machine sends cannot drive the terminal", () => {
  assert.deepStrictEqual(tableLines(["ZONE"], [["\u001b]0;title\u0007\u001b[2Jz\r\n"]]), [
    "ZONE",
    "·]0;title··[2Jz··"
  ])
  assert.deepStrictEqual(fieldLines({ zone: "a\tb" }), ["zone  a·b"])
})

it("fields without a value are left out", () => {
  assert.deepStrictEqual(fieldLines({ one: "1", absent: undefined, three: "3" }), ["one    1", "three  3"])
})

it("a length of time is written in its two largest units", () => {
  assert.deepStrictEqual(
    [0, 999, 1000, 1234, 59_000, 60_000, 125_000, 3_600_000, 93_784_000].map(shortDuration),
    ["0ms", "999ms", "1s", "1.2s", "59s", "1m", "2m5s", "1h", "1d2h"]
  )
})
