import { assert, it } from "@effect/vitest"

import { isDowngrade } from "../../src/core/isDowngrade.ts"

it("credentials for https never go to an address that is advertised as http", () => {
  assert.isTrue(isDowngrade("https://a:1", "http://b:1"))
  assert.isFalse(isDowngrade("https://a:1", "https://b:1"))
  assert.isFalse(isDowngrade("http://a:1", "http://b:1"))
  assert.isFalse(isDowngrade("http://a:1", "https://b:1"))
})
