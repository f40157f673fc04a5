/** Adds the missing platform entries to package-lock.json; with `--check` it only fails when there are some. */
import { readFileSync, writeFileSync } from "node:fs"

import { type LockedPackages, missingPlatformEntries } from "./Lockfile.ts"

const file = new URL("../../../package-lock.json", import.meta.url)
const lockfile = JSON.parse(readFileSync(file, "utf8")) as { packages: LockedPackages }
const missing = missingPlatformEntries(lockfile.packages)
const count = Object.keys(missing).length

if (process.argv.includes("--check")) {
  if (count > 0)
    console.error(
      `package-lock.json lacks ${count} platform entries: run node tools/repository/src/complete-lockfile.ts`
    )
  process.exitCode = count > 0 ? 1 : 0
} else if (count > 0) {
  const packages = Object.fromEntries(
    Object.entries({ ...lockfile.packages, ...missing }).toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  )
  writeFileSync(file, `${JSON.stringify({ ...lockfile, packages }, null, 2)}\n`)
  console.log(`added ${count} platform entries to package-lock.json`)
}
