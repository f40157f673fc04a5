/**
 * Decides what the installer does, from what it found; nothing here touches the machine. Go builds come
 * before Debian packages, whose rqlite does not exist and whose NATS is too old to choose a leader.
 */
import { type EngineName, engineNames, engines } from "../Engine.ts"

/** What is there of one program. */
export interface Found {
  /** Where the program is; absent when it is missing. */
  readonly path?: string
  /** Its version, where it says one. */
  readonly version?: string
  /** Whether it was built here from other sources than the Go tools module now names. */
  readonly stale?: boolean
}

/** What the installer found: each engine, and the programs that the WAN emulator and the builds need. */
export interface Findings {
  readonly engines: Readonly<Record<EngineName, Found>>
  readonly ip: Found
  readonly ethtool: Found
  /** A C compiler, which rqlite's SQLite needs. */
  readonly cc: Found
  readonly go: Found
}

/** What the machine allows. */
export interface Machine {
  /** Whether `apt-get` exists. */
  readonly apt: boolean
  /** Whether this process is root. */
  readonly root: boolean
}

/** One line of the report, and what to do for it. */
export type Step =
  | { readonly kind: "present"; readonly item: string; readonly found: Found }
  | { readonly kind: "debian"; readonly item: string; readonly packages: ReadonlyArray<string> }
  | { readonly kind: "go"; readonly item: string }
  | { readonly kind: "unavailable"; readonly item: string; readonly advice: string }

/** First NATS version whose step-down takes a preferred leader. */
const natsVersionMin = "2.11"

/** The steps, in the order of the report: one per engine, then one per program that is missing. */
export const planInstall = (findings: Findings, machine: Machine): ReadonlyArray<Step> => {
  const steps = engineNames.map((engine) => planEngine(engine, findings, machine))
  const builds = steps.some(({ kind }) => kind === "go")
  return [
    ...steps,
    planProgram({ item: "ip", found: findings.ip, packages: ["iproute2"] }, machine),
    planProgram({ item: "ethtool", found: findings.ethtool, packages: ["ethtool"] }, machine),
    ...(builds
      ? [planProgram({ item: "cc", found: findings.cc, packages: ["gcc", "libc6-dev"] }, machine)]
      : [])
  ]
}

const planEngine = (engine: EngineName, findings: Findings, machine: Machine): Step => {
  const found = findings.engines[engine]
  const { binary, debianPackage, goTool } = engines[engine]
  const canBuild = goTool && findings.go.path !== undefined
  if (found.path !== undefined && !(canBuild && isOutdated(engine, found))) {
    return { kind: "present", item: binary, found }
  }
  if (canBuild) return { kind: "go", item: binary }
  if (debianPackage === undefined) {
    return { kind: "unavailable", item: binary, advice: "install Go (and a C compiler), then run this again" }
  }
  return planProgram({ item: binary, found: {}, packages: [debianPackage] }, machine)
}

const isOutdated = (engine: EngineName, found: Found): boolean =>
  found.stale === true || (engine === "nats" && isOlder(found.version ?? "0", natsVersionMin))

interface Program {
  readonly item: string
  readonly found: Found
  readonly packages: ReadonlyArray<string>
}

const planProgram = ({ item, found, packages }: Program, machine: Machine): Step => {
  if (found.path !== undefined) return { kind: "present", item, found }
  if (!machine.apt)
    return { kind: "unavailable", item, advice: `install it with this system's package manager` }
  return machine.root
    ? { kind: "debian", item, packages }
    : {
        kind: "unavailable",
        item,
        advice: `run as root: apt-get install --no-install-recommends ${packages.join(" ")}`
      }
}

/** Whether a dotted version is older than another. */
export const isOlder = (version: string, than: string): boolean => {
  const [left, right] = [version, than].map((text) => text.split(".").map(Number))
  const length = Math.max(left?.length ?? 0, right?.length ?? 0)
  for (let index = 0; index < length; index++) {
    const difference = (left?.[index] ?? 0) - (right?.[index] ?? 0)
    if (difference !== 0) return difference < 0
  }
  return false
}
