/** The two systems side by side: each a program that speaks `protocol.ts`. */
import { execFile } from "node:child_process"
import { existsSync, mkdirSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"

import { locateCommand } from "@coterie/tools-engines"

/** A system under measurement. */
export interface System {
  readonly name: "ours" | "memberlist"
  /** Starts its harness. */
  readonly command: ReadonlyArray<string>
}

/** `SwimMembership`. */
export const ours: System = {
  name: "ours",
  command: [
    process.execPath,
    "--conditions=@coterie/source",
    fileURLToPath(new URL("harness.ts", import.meta.url))
  ]
}

const sources = fileURLToPath(new URL("../../peers/memberlist", import.meta.url))
const built = fileURLToPath(new URL("../../.cache/memberlist-harness", import.meta.url))
const usualGo = "/usr/local/go/bin/go"

/** hashicorp/memberlist in the version of `peers/memberlist/go.mod`, built anew; or why it cannot be had. */
export const memberlist = async (): Promise<System | string> => {
  const go = locateCommand("go") ?? (existsSync(usualGo) ? usualGo : undefined)
  if (go === undefined) return "no Go on PATH; install Go to compare with memberlist"
  mkdirSync(fileURLToPath(new URL("../../.cache", import.meta.url)), { recursive: true })
  try {
    await promisify(execFile)(go, ["build", "-o", built, "."], { cwd: sources, timeout: 300_000 })
    return { name: "memberlist", command: [built] }
  } catch (cause) {
    return `its harness did not build: ${cause instanceof Error ? cause.message : String(cause)}`
  }
}
