/** Builds the programs of the Go tools module (`go/go.mod`) into `.cache/bin`. */
import { createHash } from "node:crypto"
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"

import { cacheFolder } from "../locate.ts"
import { runProgram } from "./runProgram.ts"

const moduleFolder = join(dirname(dirname(import.meta.dirname)), "go")
const stampPath = join(cacheFolder, "built-from.txt")

/** Whether the programs in `.cache/bin` were built from the module as it is now. */
export const goToolsAreCurrent = (): boolean => {
  try {
    return readFileSync(stampPath, "utf8") === moduleHash()
  } catch {
    return false
  }
}

/** Builds every tool of the module. Takes a minute or two the first time; needs Go and a C compiler. */
export const buildGoTools = async (go: string): Promise<void> => {
  mkdirSync(cacheFolder, { recursive: true })
  await runProgram([go, "install", "-trimpath", "-ldflags", rqliteVersionFlag(), "tool"], {
    directory: moduleFolder,
    environment: { GOBIN: cacheFolder, GOFLAGS: "-mod=readonly -buildvcs=false", CGO_ENABLED: "1" }
  })
  writeFileSync(stampPath, moduleHash())
}

const moduleHash = (): string => {
  const hash = createHash("sha256")
  for (const name of ["go.mod", "go.sum"]) hash.update(readFileSync(join(moduleFolder, name)))
  return hash.digest("hex")
}

/** rqlite learns its version from the linker; otherwise it would say only its major number. */
const rqliteVersionFlag = (): string => {
  const required = /(github\.com\/rqlite\/rqlite\/v\d+) (v\S+)/.exec(
    readFileSync(join(moduleFolder, "go.mod"), "utf8")
  )
  return `-X ${required?.[1]}/cmd.Version=${required?.[2]}`
}
