/**
 * Installs Debian packages without letting them start their services: a `policy-rc.d` that forbids it
 * stands for the time of the installation, and whatever stood there before comes back.
 */
import { existsSync, renameSync, rmSync, writeFileSync } from "node:fs"

import { runProgram } from "./runProgram.ts"

const policy = "/usr/sbin/policy-rc.d"
const aside = `${policy}.before-coterie`

/** Installs the packages; refreshes the package lists once when that fails. Needs root. */
export const installDebianPackages = async (packages: ReadonlyArray<string>): Promise<void> => {
  const install = () =>
    runProgram(["apt-get", "install", "-y", "--no-install-recommends", ...packages], {
      environment: { DEBIAN_FRONTEND: "noninteractive" }
    })
  await withoutServices(async () => {
    try {
      await install()
    } catch {
      await runProgram(["apt-get", "update"])
      await install()
    }
  })
}

const withoutServices = async (work: () => Promise<void>): Promise<void> => {
  if (existsSync(policy) && !existsSync(aside)) renameSync(policy, aside)
  writeFileSync(policy, "#!/bin/sh\nexit 101\n", { mode: 0o755 })
  process.once("SIGINT", onSignal).once("SIGTERM", onSignal)
  try {
    await work()
  } finally {
    process.off("SIGINT", onSignal).off("SIGTERM", onSignal)
    restorePolicy()
  }
}

const onSignal = (): void => {
  restorePolicy()
  process.exit(130)
}

const restorePolicy = (): void => {
  if (existsSync(aside)) renameSync(aside, policy)
  else rmSync(policy, { force: true })
}
