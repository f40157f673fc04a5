/** Runs one of the system's network programs to its end. */
import { spawnSync } from "node:child_process"

/** The program's output. Throws with what it said when it fails. */
export const run = (command: string): string => {
  const [program = "", ...args] = command.split(" ")
  const path = `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`
  const { error, status, stderr, stdout } = spawnSync(program, args, {
    encoding: "utf8",
    env: { ...process.env, PATH: path }
  })
  if (error !== undefined) throw error
  if (status !== 0) throw new Error(`${command}: ${stderr.trim()}`)
  return stdout
}
