import { assert, describe, it } from "@effect/vitest"

import { ringAtStart } from "../../src/core/keptRing.ts"

const named = (keys: string) => keys.split("").map((key) => ({ key, name: `#${key}` }))
const names = (keys: string) => named(keys).map(({ name }) => name)

/** Keys are letters: those of the configuration now, those that were kept, those of the configuration then; the first of each seals. */
const cases: Readonly<Record<string, readonly [string, readonly [string, string] | undefined, string]>> = {
  "the first start has the configured keys": ["ab", undefined, "ab"],
  "without changes a restart has what it had": ["a", ["a", "a"], "a"],
  "an installed key is not lost": ["a", ["ab", "a"], "ab"],
  "a key that was put to use still seals": ["a", ["ba", "a"], "ba"],
  "a removed key does not come back": ["a", ["b", "a"], "b"],
  "a key that is new in the configuration opens": ["ab", ["a", "a"], "ab"],
  "and does not seal in place of one that was put to use": ["ac", ["b", "a"], "bc"],
  "a new first key seals": ["ba", ["a", "a"], "ba"],
  "the configuration follows a rotation": ["b", ["b", "a"], "b"],
  "a key that was dropped from the configuration goes": ["b", ["ba", "ab"], "b"],
  "and seals no more": ["b", ["ab", "ab"], "b"],
  "installed keys outlive an edited configuration": ["c", ["abx", "ab"], "cx"],
  "a removed key does not come back as the first one": ["b", ["c", "ab"], "c"],
  "and not for want of the one that sealed": ["b", ["ax", "ab"], "x"],
  "unless it is new in the configuration": ["b", ["c", "a"], "bc"],
  "nothing is left without a key that seals": ["b", ["a", "ab"], "a"]
}

/** Every way to hold some of three keys, in every order. */
const rings = ["a", "b", "c", "ab", "ac", "ba", "bc", "ca", "cb", "abc", "acb", "bac", "bca", "cab", "cba"]

describe("the keys at a start", () => {
  it.for(Object.entries(cases))("%s", ([, [configured, kept, expected]]) => {
    const ring = ringAtStart(
      named(configured),
      kept === undefined ? undefined : { keys: named(kept[0]), configured: names(kept[1]) }
    )
    assert.strictEqual(ring.join(""), expected)
  })

  it("never have one that was removed, unless it is new in the configuration", () => {
    for (const configured of rings)
      for (const keys of rings)
        for (const then of rings) {
          const ring = ringAtStart(named(configured), { keys: named(keys), configured: names(then) })
          const back = ring.filter((key) => !keys.includes(key) && then.includes(key))
          assert.deepStrictEqual(back, [], `${configured} after ${keys} and ${then}`)
          assert.isAbove(ring.length, 0, `${configured} after ${keys} and ${then}`)
        }
  })
})
