/** The repository's own files as the repository tests read them: what git tracks or would track. */
import { execFileSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

/** Absolute path of the repository's root folder, with a slash at the end. */
export const root = fileURLToPath(new URL("../../../", import.meta.url))

const list = (args: ReadonlyArray<string>): ReadonlyArray<string> =>
  execFileSync("git", ["ls-files", "-z", ...args], { cwd: root, encoding: "utf8" })
    .split("\0")
    .filter((path) => path !== "")

/** Paths relative to the root of every file that is tracked, or new and not ignored. */
export const repositoryFiles = (): ReadonlyArray<string> => {
  const deleted = new Set(list(["--deleted"]))
  return list(["--cached", "--others", "--exclude-standard"]).filter((path) => !deleted.has(path))
}

/** Text of a file by its path relative to the root. */
export const read = (path: string): string => readFileSync(`${root}${path}`, "utf8")
