/** What tests look at outside the API: which processes still run. */
import { readFileSync } from "node:fs"

import { type EngineNode, pollUntil } from "../src/index.ts"

/** Whether the process runs; a zombie that nobody has reaped yet does not. */
export const isRunning = (pid: number): boolean => {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"))
  } catch {
    return false
  }
}

/** The nodes' process ids; throws when one is down. */
export const pidsOf = (nodes: ReadonlyArray<EngineNode>): ReadonlyArray<number> =>
  nodes.map(({ id, pid }) => {
    if (pid === undefined) throw new Error(`node ${id} is down`)
    return pid
  })

/** Resolves when none of the processes runs any more. */
export const allGone = (pids: ReadonlyArray<number>): Promise<void> =>
  pollUntil(() => pids.find(isRunning)?.toString(), { timeoutMillis: 10_000 })
