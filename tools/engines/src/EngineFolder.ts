/**
 * The folder of one run of a cluster: data and logs, named after the process that owns it. Removed after
 * a success; after a failure the data goes and the logs stay. Folders whose owner died without cleaning
 * up are removed the next time any cluster starts.
 */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

const prefix = "coterie-engine-"

/** Marks a folder whose logs are to stay. */
const keepMark = "KEPT-AFTER-FAILURE"

/** Makes a folder for one cluster of the engine; readable by other users, as PostgreSQL runs as one. */
export const makeFolder = (engine: string): string => {
  removeOrphans()
  const folder = mkdtempSync(join(tmpdir(), `${prefix}${process.pid}-${engine}-`))
  chmodSync(folder, 0o755)
  mkdirSync(join(folder, "data"))
  return folder
}

/** Removes the folder and all in it. */
export const removeFolder = (folder: string): void => rmSync(folder, { recursive: true, force: true })

/** Removes the data and keeps the rest, and says on standard error where. */
export const keepLogs = (folder: string): void => {
  rmSync(join(folder, "data"), { recursive: true, force: true })
  if (existsSync(join(folder, keepMark))) return
  writeFileSync(join(folder, keepMark), "")
  console.error(`engine logs kept: ${folder}`)
}

const removeOrphans = (): void => {
  for (const name of readdirSync(tmpdir())) {
    const owner = new RegExp(`^${prefix}(\\d+)-`).exec(name)?.[1]
    if (owner === undefined || isAlive(Number(owner))) continue
    const folder = join(tmpdir(), name)
    if (!existsSync(join(folder, keepMark))) removeFolder(folder)
  }
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (cause) {
    return cause instanceof Error && "code" in cause && cause.code === "EPERM"
  }
}
