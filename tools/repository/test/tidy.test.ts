/** House rules that the linter cannot say. */
import { assert, describe, it } from "vitest"

import { services, undocumentedExports } from "../src/Exports.ts"
import { read, repositoryFiles } from "../src/Sources.ts"

const files = repositoryFiles()
const sources = files.filter((path) => /^packages\/[^/]+\/src\/.*\.ts$/.test(path))
const texts = files.filter(
  (path) => /\.(ts|md|json|ya?ml|txt|mod)$|(^|\/)\.?[\w-]+$/.test(path) && path !== "package-lock.json"
)

/** `packages/election/src/engine/rqlite.ts` is `@coterie/election/engine/rqlite`. */
const keyOf = (path: string): string =>
  path.replace(/^packages\/([^/]+)\/src\//, "@coterie/$1/").replace(/\.ts$/, "")

describe("repository", () => {
  it("names no file after what it is not", () => {
    const vague = /(^|\/)(utils?|helpers?|common|misc|types|constants|interfaces?)\.ts$/
    assert.deepStrictEqual(
      files.filter((path) => vague.test(path)),
      []
    )
  })

  it("documents every export of every package", () => {
    const missing = sources
      .filter((path) => !path.endsWith("/index.ts"))
      .flatMap((path) => undocumentedExports(read(path)).map(({ line, name }) => `${path}:${line} ${name}`))
    assert.deepStrictEqual(missing, [])
  })

  it("keys every service by its package and path", () => {
    const wrong = sources.flatMap((path) =>
      services(read(path))
        .filter(({ key, name }) => key !== keyOf(path) && key !== `${keyOf(path)}/${name}`)
        .map(({ key, name }) => `${path}: ${name} has the key ${key}`)
    )
    assert.deepStrictEqual(wrong, [])
  })

  it("exports by name only, from one index.ts per package and testing folder", () => {
    const stars = sources.filter((path) => /^export \*/m.test(read(path)))
    const barrels = sources.filter(
      (path) => path.endsWith("/index.ts") && !/\/src\/(testing\/)?index\.ts$/.test(path)
    )
    assert.deepStrictEqual([...stars, ...barrels], [])
  })

  it("has one contract suite for every port with several layers", () => {
    const missing = sources.flatMap((path) =>
      services(read(path)).flatMap(({ name }) => {
        const packageFolder = path.split("/").slice(0, 2).join("/")
        const layered = sources.filter((source) =>
          new RegExp(`Layer\\.(effect|succeed|sync|scoped)\\(\\s*${name}\\b|\\b${name}\\.of\\(`).test(
            read(source)
          )
        )
        const contract = `${packageFolder}/src/testing/${name.charAt(0).toLowerCase()}${name.slice(1)}Contract.ts`
        return layered.length < 2 || files.includes(contract)
          ? []
          : [`${name} has layers in ${layered.join(", ")} and no ${contract}`]
      })
    )
    assert.deepStrictEqual(missing, [])
  })

  it("leaves no placeholder in a document", () => {
    const found = files
      .filter((path) => path.endsWith(".md"))
      .flatMap((path) =>
        read(path)
          .split("\n")
          .filter((line) => /^[A-Z]+(_[A-Z]+)+$/.test(line))
          .map((line) => `${path}: ${line}`)
      )
    assert.deepStrictEqual(found, [])
  })

  it("names no machine's paths and no package registry", () => {
    const forbidden =
      /\/(root|work|home\/\w+)\/|registry\.(npmjs|yarnpkg)|proxy\.golang|deb\.debian|crates\.io/
    const found = texts.flatMap((path) =>
      read(path)
        .split("\n")
        .flatMap((line, index) =>
          forbidden.test(line) && !path.endsWith("tidy.test.ts")
            ? [`${path}:${index + 1} ${line.trim()}`]
            : []
        )
    )
    assert.deepStrictEqual(found, [])
  })
})
