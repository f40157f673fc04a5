/** A package's README shows one example: it is a file of the tests, so it compiles, and it runs here. */
import { spawnSync } from "node:child_process"

import { assert, describe, it } from "vitest"

import { read, repositoryFiles, root } from "../src/Sources.ts"

const readmes = repositoryFiles().filter((path) => /^packages\/[^/]+\/README\.md$/.test(path))

describe("README", () => {
  it("exists for every package", () => {
    assert.strictEqual(readmes.length, 5)
  })

  it.each(readmes)(
    "%s shows an example that runs as printed",
    (path) => {
      const shown = /```ts\n([\s\S]*?)```/.exec(read(path))?.[1]
      const example = path.replace("README.md", "test/readme.example.ts")
      assert.strictEqual(shown, read(example))
      const run = spawnSync(process.execPath, ["--conditions=@coterie/source", example], {
        cwd: root,
        encoding: "utf8",
        timeout: 20_000
      })
      assert.strictEqual(run.status, 0, run.stderr)
      assert.notStrictEqual(run.stdout.trim(), "", "the example prints what it shows")
    },
    30_000
  )

  it("links only to files that exist", () => {
    const files = new Set(repositoryFiles())
    const broken = [...files]
      .filter((path) => path.endsWith(".md"))
      .flatMap((path) =>
        [...read(path).matchAll(/\]\((?!https?:|#)([^)#]+)/g)]
          .map((match) => new URL(match[1] ?? "", `file:///${path}`).pathname.slice(1))
          .filter(
            (target) =>
              !files.has(target) &&
              ![...files].some((file) => file.startsWith(`${target.replace(/\/$/, "")}/`))
          )
          .map((target) => `${path}: ${target}`)
      )
    assert.deepStrictEqual(broken, [])
  })
})
