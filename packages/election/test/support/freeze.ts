import { readdirSync, readFileSync } from "node:fs"
import { platform } from "node:process"

/** Stops a process, and returns when every thread of it stands still: the signal alone returns some milliseconds earlier. */
export const freeze = (pid: number): void => {
  process.kill(pid, "SIGSTOP")
  if (platform !== "linux") return
  for (let look = 0; look < 100_000; look++) if (standsStill(pid)) return
  throw new Error(`process ${pid} goes on after SIGSTOP`)
}

const standsStill = (pid: number): boolean =>
  readdirSync(`/proc/${pid}/task`).every((thread) => {
    const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, "utf8")
    return stat.slice(stat.lastIndexOf(")")).startsWith(") T")
  })
