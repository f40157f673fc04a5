/**
 * Script tests: a file of commands, each followed by what it printed. `vitest run -u` rewrites the outputs; commit a rewrite only when you
 * can explain every changed line.
 *
 * A block is any lines starting with `#`, one or more command lines, a line `----`, and the output; blocks are separated by blank lines.
 */
import { readFile } from "node:fs/promises"

/** Runs a script's commands one by one and returns the script with fresh outputs. */
export const runScript = async (
  path: string,
  run: (command: string) => ReadonlyArray<string>
): Promise<string> => {
  const blocks = (await readFile(path, "utf8")).trim().split(/\n{2,}/)
  return `${blocks.map((block) => rerun(block, run)).join("\n\n")}\n`
}

const rerun = (block: string, run: (command: string) => ReadonlyArray<string>): string => {
  const [input = ""] = block.split(/^----$/m)
  const lines = input.trim().split("\n")
  const commands = lines.filter((line) => !line.startsWith("#"))
  if (commands.length === 0) return lines.join("\n")
  const output = commands.flatMap(run)
  return [...lines, "----", ...(output.length > 0 ? output : ["ok"])].join("\n")
}
