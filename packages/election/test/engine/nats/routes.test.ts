import { readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

import { assert, it } from "@effect/vitest"

/** The driver's sources: the folder, the file beside it, and the core that makes the subjects. */
const sources = () => {
  const folder = fileURLToPath(new URL("../../../src/", import.meta.url))
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => /^(engine|core)\/nats.*\.ts$/.test(name))
    .map((name) => readFileSync(`${folder}${name}`, "utf8"))
}

/** Text literals, which is all that can reach the wire. */
const literals = (source: string): ReadonlyArray<string> =>
  [...source.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "").matchAll(/"([^"\n]*)"|`([^`]*)`/g)].map(
    ([, quoted, template]) => (quoted ?? template ?? "").replaceAll(/\$\{[^}]*\}/g, "*")
  )

it("the driver knows nine subjects of NATS: none changes a group's members", () => {
  const subjects = new Set(
    sources()
      .flatMap(literals)
      .filter((text) => /\$?(JS|SYS|KV|O)\./.test(text))
  )
  assert.deepStrictEqual([...subjects].toSorted(), [
    "$JS.API.CONSUMER.INFO.*.*",
    "$JS.API.CONSUMER.LEADER.STEPDOWN.*.*",
    "$JS.API.CONSUMER.LIST.*",
    "$JS.API.META.LEADER.STEPDOWN",
    "$JS.API.STREAM.INFO.*",
    "$JS.API.STREAM.LEADER.STEPDOWN.*",
    "$JS.API.STREAM.LIST",
    "$SYS.REQ.SERVER.*.RAFTZ",
    "$SYS.REQ.SERVER.*.ROUTEZ"
  ])
})

it("messages leave in one place only", () => {
  const calls = sources()
    .join("\n")
    .match(/\.(request|requestMany|publish|respond)\(/g)
  assert.deepStrictEqual(calls, [".request("])
})
