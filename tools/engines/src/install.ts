/**
 * `npm run engines:install`: installs the engines that are missing and says, one line each, what it did.
 * Runs on a bare clone: only `node:` modules are imported, here and in what this imports.
 */
import { dirname } from "node:path"

import { type EngineName, engineNames, engines } from "./Engine.ts"
import { installDebianPackages } from "./install/debianPackages.ts"
import { buildGoTools, goToolsAreCurrent } from "./install/goTools.ts"
import { type Findings, type Found, planInstall, type Step } from "./install/planInstall.ts"
import { cacheFolder, locate, locateCommand, version } from "./locate.ts"

const inspectEngine = (engine: EngineName): Found => {
  const path = locate(engine)
  const stated = version(engine)
  return {
    ...(path === undefined ? {} : { path, stale: dirname(path) === cacheFolder && !goToolsAreCurrent() }),
    ...(stated === undefined ? {} : { version: stated })
  }
}

const inspectProgram = (...names: ReadonlyArray<string>): Found => {
  const path = names.map(locateCommand).find((found) => found !== undefined)
  return path === undefined ? {} : { path }
}

const inspect = (): Findings => ({
  engines: Object.fromEntries(
    engineNames.map((engine) => [engine, inspectEngine(engine)])
  ) as Findings["engines"],
  ip: inspectProgram("ip"),
  ethtool: inspectProgram("ethtool"),
  cc: inspectProgram("cc", "gcc"),
  go: inspectProgram("go")
})

const say = (item: string, text: string): void => console.log(`${item.padEnd(14)}${text}`)

/** Does the work of one kind of step; a failure is told at each of the items it concerns. */
const perform = async (
  items: ReadonlyArray<string>,
  what: string,
  work: () => Promise<void>
): Promise<boolean> => {
  if (items.length === 0) return true
  console.log(`${what}: ${items.join(", ")} ...`)
  try {
    await work()
    return true
  } catch (cause) {
    console.error(cause instanceof Error ? cause.message : String(cause))
    return false
  }
}

const report = (step: Step): boolean => {
  if (step.kind === "unavailable") {
    say(step.item, `MISSING: ${step.advice}`)
    return false
  }
  const engine = engineNames.find((name) => engines[name].binary === step.item)
  const path = engine === undefined ? inspectProgram(step.item).path : locate(engine)
  if (path === undefined) {
    say(step.item, "MISSING: the installation above failed")
    return false
  }
  const did = { present: "present", debian: "installed (Debian package)", go: "built (Go module)" }[step.kind]
  say(step.item, `${did}${engine === undefined ? "" : ` ${version(engine) ?? "unknown version"}`} ${path}`)
  return true
}

const machine = { apt: locateCommand("apt-get") !== undefined, root: process.getuid?.() === 0 }
const steps = planInstall(inspect(), machine)
const packages = steps.flatMap((step) => (step.kind === "debian" ? step.packages : []))
const builds = steps.flatMap((step) => (step.kind === "go" ? [step.item] : []))
const installed = await perform(packages, "installing Debian packages", () => installDebianPackages(packages))
const built = await perform(builds, "building Go modules, which takes minutes the first time", () =>
  buildGoTools(locateCommand("go") ?? "go")
)
const complete = steps.map(report).every(Boolean)
const required = process.env["COTERIE_REQUIRE_ENGINES"] === "1"
process.exitCode = installed && built && (complete || !required) ? 0 : 1
