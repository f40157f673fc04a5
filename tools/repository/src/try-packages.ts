/**
 * Tries every package as a new user gets it: packed, installed into an empty folder, its types checked, its README's example run, and
 * `coterie --help` timed. Run after a build.
 */
import { execFileSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { root } from "./Sources.ts"

const names = ["membership", "election", "locality", "rebalancer", "node-agent"] as const
const folder = mkdtempSync(join(tmpdir(), "coterie-packages-"))
const helpBudgetMillis = 150

const run = (command: string, args: ReadonlyArray<string>, cwd = folder): string =>
  execFileSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] })

const manifest = (
  name: string
): { dependencies?: Record<string, string>; devDependencies?: Record<string, string> } =>
  JSON.parse(readFileSync(join(root, "packages", name, "package.json"), "utf8")) as ReturnType<
    typeof manifest
  >
const rootManifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  devDependencies: Record<string, string>
}

/** Packs all packages and installs the tarballs side by side, as a project that uses all of them would. */
const install = (): void => {
  const packed = JSON.parse(
    run(
      "npm",
      [
        "pack",
        "--json",
        "--pack-destination",
        folder,
        ...names.flatMap((name) => ["-w", `packages/${name}`])
      ],
      root
    )
  ) as
    | ReadonlyArray<{ name: string; filename: string }>
    | Readonly<Record<string, { name: string; filename: string }>>
  const dependencies = Object.fromEntries(
    Object.values(packed).map(({ filename, name }) => [name, `file:./${filename}`])
  )
  const peers = { effect: manifest("membership").devDependencies?.["effect"] ?? "*" }
  const tools = {
    typescript: rootManifest.devDependencies["typescript"],
    "@types/node": rootManifest.devDependencies["@types/node"]
  }
  writeFileSync(
    join(folder, "package.json"),
    JSON.stringify({ private: true, type: "module", dependencies: { ...dependencies, ...peers, ...tools } })
  )
  run("npm", ["install", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"])
}

const checkTypes = (): void => {
  for (const name of names) {
    mkdirSync(join(folder, "src"), { recursive: true })
    writeFileSync(
      join(folder, "src", `${name}.ts`),
      readFileSync(join(root, "packages", name, "test/readme.example.ts"))
    )
  }
  const compilerOptions = {
    target: "ES2024",
    lib: ["ES2024", "ESNext.Disposable"],
    module: "NodeNext",
    types: ["node"],
    strict: true,
    exactOptionalPropertyTypes: true,
    outDir: "out",
    rootDir: "src",
    skipLibCheck: true
  }
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["src"] }))
  run(process.execPath, [join(folder, "node_modules/typescript/bin/tsc"), "-p", folder])
}

const timeHelp = (): number => {
  const bin = join(folder, "node_modules/@coterie/node-agent/dist/bin.js")
  const times = Array.from({ length: 11 }, () => {
    const start = performance.now()
    run(process.execPath, [bin, "--help"])
    return performance.now() - start
  })
  return times.toSorted((a, b) => a - b)[5] ?? Number.NaN
}

try {
  install()
  checkTypes()
  for (const name of names) {
    const output = run(process.execPath, [join(folder, "out", `${name}.js`)])
    console.log(
      `@coterie/${name}: installs, types resolve, the example runs (${output.trim().split("\n").length} lines)`
    )
  }
  const helpMillis = timeHelp()
  console.log(`coterie --help: median ${helpMillis.toFixed(0)} ms of 11 (the bar is ${helpBudgetMillis} ms)`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
