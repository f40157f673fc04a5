/**
 * Tries every package as a new user gets it: packed, installed alone into an empty folder, its types checked, its README's example run, and
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

const run = (command: string, args: ReadonlyArray<string>, cwd: string): string =>
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

/** Packs all packages; the tarballs by package name. */
const pack = (): ReadonlyMap<string, string> => {
  const workspaces = names.flatMap((name) => ["-w", `packages/${name}`])
  const packed = JSON.parse(
    run("npm", ["pack", "--json", "--pack-destination", folder, ...workspaces], root)
  ) as
    | ReadonlyArray<{ name: string; filename: string }>
    | Readonly<Record<string, { name: string; filename: string }>>
  return new Map(Object.values(packed).map(({ filename, name }) => [name, join(folder, filename)]))
}

/** The package and those of ours that it depends on, as no registry has them yet. */
const floorsOf = (name: string): ReadonlyArray<string> => [
  ...new Set([
    `@coterie/${name}`,
    ...Object.keys(manifest(name).dependencies ?? {})
      .filter((dependency) => dependency.startsWith("@coterie/"))
      .flatMap((dependency) => floorsOf(dependency.slice("@coterie/".length)))
  ])
]

/** Installs one package, with nothing but what it says it needs. */
const install = (name: string, tarballs: ReadonlyMap<string, string>): string => {
  const home = join(folder, name)
  mkdirSync(join(home, "src"), { recursive: true })
  const dependencies = {
    ...Object.fromEntries(floorsOf(name).map((floor) => [floor, `file:${tarballs.get(floor) ?? ""}`])),
    effect: manifest("membership").devDependencies?.["effect"] ?? "*",
    typescript: rootManifest.devDependencies["typescript"],
    "@types/node": rootManifest.devDependencies["@types/node"]
  }
  writeFileSync(join(home, "package.json"), JSON.stringify({ private: true, type: "module", dependencies }))
  run("npm", ["install", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"], home)
  return home
}

/** Compiles the example against the package's types, and runs it. */
const runExample = (name: string, home: string): string => {
  writeFileSync(
    join(home, "src/example.ts"),
    readFileSync(join(root, "packages", name, "test/readme.example.ts"))
  )
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
  writeFileSync(join(home, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["src"] }))
  run(process.execPath, [join(home, "node_modules/typescript/bin/tsc"), "-p", home], home)
  return run(process.execPath, [join(home, "out/example.js")], home)
}

const timeHelp = (home: string): number => {
  const bin = join(home, "node_modules/@coterie/node-agent/dist/bin.js")
  const times = Array.from({ length: 11 }, () => {
    const start = performance.now()
    run(process.execPath, [bin, "--help"], home)
    return performance.now() - start
  })
  return times.toSorted((a, b) => a - b)[5] ?? Number.NaN
}

try {
  const tarballs = pack()
  for (const name of names) {
    const output = runExample(name, install(name, tarballs))
    const lines = output.trim().split("\n").length
    console.log(`@coterie/${name}: installs alone, types resolve, the example runs (${lines} lines)`)
  }
  const helpMillis = timeHelp(join(folder, "node-agent"))
  console.log(`coterie --help: median ${helpMillis.toFixed(0)} ms of 11 (the bar is ${helpBudgetMillis} ms)`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
