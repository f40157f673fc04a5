import { readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

import { assert, it } from "@effect/vitest"

/** The driver's sources: the folder and the file beside it. */
const sources = () => {
  const folder = fileURLToPath(new URL("../../../src/engine/", import.meta.url))
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => /^etcd.*\.ts$/.test(name))
    .map((name) => readFileSync(`${folder}${name}`, "utf8"))
}

/** Text literals, which is all that can reach the wire. */
const literals = (source: string): ReadonlyArray<string> =>
  [...source.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "").matchAll(/"([^"\n]*)"|`([^`]*)`/g)].map(
    ([, quoted, template]) => quoted ?? template ?? ""
  )

it("the driver knows five paths of etcd and two methods: none changes a cluster's members", () => {
  const all = sources().flatMap(literals)
  const paths = new Set(all.filter((text) => /^\/(v\d|[a-z]+$)/.test(text)))
  assert.deepStrictEqual([...paths].toSorted(), [
    "/metrics",
    "/v3/auth/authenticate",
    "/v3/cluster/member/list",
    "/v3/maintenance/status",
    "/v3/maintenance/transfer-leadership"
  ])
  const methods = new Set(all.filter((text) => /^(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)$/.test(text)))
  assert.deepStrictEqual([...methods].toSorted(), ["GET", "POST"])
  assert.isFalse(all.some((text) => /member\/(add|remove|update|promote)|\/kv\/|\/lease\//.test(text)))
})

it("requests leave through the shared client only", () => {
  assert.isFalse(sources().some((source) => /\.request\(|fetch\(|node:https?|undici/.test(source)))
})
