/** Runs a program of the installer to its end. */
import { spawn } from "node:child_process"

/** How to run it. */
export interface RunOptions {
  readonly directory?: string
  readonly environment?: Readonly<Record<string, string>>
}

/** Resolves when the program ends with 0; otherwise rejects with the last 20 lines that it printed. */
export const runProgram = (command: ReadonlyArray<string>, options: RunOptions = {}): Promise<void> =>
  new Promise((resolve, reject) => {
    const [program = "", ...args] = command
    const child = spawn(program, args, {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...options.environment },
      ...(options.directory === undefined ? {} : { cwd: options.directory })
    })
    let output = ""
    const keep = (chunk: Buffer) => {
      output = (output + chunk.toString("utf8")).slice(-10_000)
    }
    child.stdout.on("data", keep)
    child.stderr.on("data", keep)
    child.once("error", reject)
    child.once("close", (code) => {
      if (code === 0) return resolve()
      const tail = output.trimEnd().split("\n").slice(-20).join("\n")
      reject(new Error(`${command.join(" ")} ended with ${code}:\n${tail}`))
    })
  })
