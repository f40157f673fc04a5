/**
 * Completes package-lock.json for every platform.
 *
 * `npm install` leaves out optional platform packages that the registry in use does not hold, and then `npm ci` refuses the lockfile
 * ("Missing: @nx/nx-darwin-arm64@... from lock file"). The entries it wants carry nothing but what their name says.
 */

/** One package of a lockfile, as far as this module reads or writes it. */
export interface LockedPackage {
  readonly version?: string
  readonly optional?: boolean
  readonly dev?: boolean
  readonly os?: ReadonlyArray<string> | string
  readonly cpu?: ReadonlyArray<string> | string
  readonly libc?: ReadonlyArray<string> | string
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

/** The `packages` record of a lockfile, keyed by path. */
export type LockedPackages = Readonly<Record<string, LockedPackage>>

const operatingSystems: Readonly<Record<string, string>> = {
  aix: "aix",
  android: "android",
  darwin: "darwin",
  freebsd: "freebsd",
  linux: "linux",
  netbsd: "netbsd",
  openbsd: "openbsd",
  openharmony: "openharmony",
  sunos: "sunos",
  wasm32: "wasm32",
  win: "win32",
  win32: "win32"
}
const architectures = new Set([
  "arm",
  "arm64",
  "ia32",
  "loong64",
  "mips64el",
  "ppc64",
  "riscv64",
  "s390x",
  "wasm32",
  "x64"
])

/** Whether npm would find `name` from the package at `path`: in its own node_modules or in one further up. */
const resolves = (packages: LockedPackages, path: string, name: string): boolean => {
  for (let from = path; ;) {
    if (`${from === "" ? "" : `${from}/`}node_modules/${name}` in packages) return true
    if (from === "") return false
    const up = from.lastIndexOf("/node_modules/")
    from = up < 0 ? "" : from.slice(0, up)
  }
}

/** The platform that a package's name spells, such as `linux-x64-musl` at its end. */
const platformOf = (name: string): Pick<LockedPackage, "os" | "cpu" | "libc"> => {
  const words = name.split(/[/-]/)
  const os = words.map((word) => operatingSystems[word]).findLast((value) => value !== undefined)
  const cpu = words.findLast((word) => architectures.has(word))
  const libc = words.includes("musl") ? "musl" : words.includes("gnu") && os === "linux" ? "glibc" : undefined
  return {
    ...(os === undefined ? {} : { os: [os] }),
    ...(cpu === undefined ? {} : { cpu: [cpu] }),
    ...(libc === undefined ? {} : { libc: [libc] })
  }
}

/** Entries for optional dependencies of an exact version that the lockfile does not hold; empty when it is complete. */
export const missingPlatformEntries = (packages: LockedPackages): LockedPackages => {
  const missing: Record<string, LockedPackage> = {}
  for (const [path, locked] of Object.entries(packages)) {
    for (const [name, version] of Object.entries(locked.optionalDependencies ?? {})) {
      if (!/^\d+\.\d+\.\d+/.test(version) || resolves(packages, path, name)) continue
      missing[`node_modules/${name}`] = {
        version,
        ...platformOf(name),
        ...(locked.dev === true ? { dev: true } : {}),
        optional: true
      }
    }
  }
  return missing
}
