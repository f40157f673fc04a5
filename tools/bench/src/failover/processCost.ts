/** What processes cost, as the kernel counts it: CPU time from `/proc`, TCP traffic from `ss`. Linux only. */
import { execFileSync } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"
import { setTimeout as delay } from "node:timers/promises"

import { locateCommand } from "@coterie/tools-engines"

/** What some processes cost together over a while. */
export interface ProcessCost {
  readonly seconds: number
  readonly cpuMillis: number
  /** TCP segments with data that they sent. */
  readonly messages: number
  /** Bytes in these, without headers. */
  readonly bytes: number
}

/** Watches processes for a while; what a thread, or a connection of under half a second, cost before it ended may be missed. */
export const processCost = async (pids: ReadonlyArray<number>, seconds: number): Promise<ProcessCost> => {
  const start = performance.now()
  const firstCpu = cpuNanos(pids)
  const first = tcpCounters(pids)
  const last = new Map(first)
  while (performance.now() - start < seconds * 1000) {
    await delay(500)
    for (const [socket, counters] of tcpCounters(pids)) last.set(socket, counters)
  }
  const took = performance.now() - start
  let messages = 0
  let bytes = 0
  for (const [socket, counters] of last) {
    messages += counters.messages - (first.get(socket)?.messages ?? 0)
    bytes += counters.bytes - (first.get(socket)?.bytes ?? 0)
  }
  let cpu = 0
  for (const [thread, nanos] of cpuNanos(pids)) cpu += nanos - (firstCpu.get(thread) ?? 0)
  return { seconds: took / 1000, cpuMillis: cpu / 1e6, messages, bytes }
}

/** The process and all that come from it. */
export const processTree = (pid: number): ReadonlyArray<number> => [
  pid,
  ...threadsOf(pid)
    .flatMap((thread) => wordsOf(`${thread}/children`))
    .flatMap((child) => processTree(Number(child)))
]

/** CPU time of each thread so far: the first number of its `schedstat`. */
const cpuNanos = (pids: ReadonlyArray<number>): ReadonlyMap<string, number> =>
  new Map(
    pids.flatMap(threadsOf).flatMap((thread) => {
      const [nanos] = wordsOf(`${thread}/schedstat`)
      return nanos === undefined ? [] : [[thread, Number(nanos)] as const]
    })
  )

/** Folders of the threads of a process; none when it has ended. */
const threadsOf = (pid: number): ReadonlyArray<string> => {
  const folder = `/proc/${pid}/task`
  return orNone(() => readdirSync(folder).map((thread) => `${folder}/${thread}`))
}

const wordsOf = (file: string): ReadonlyArray<string> =>
  orNone(() => readFileSync(file, "utf8").split(/\s+/).filter(Boolean))

/** What is read of `/proc`, and nothing when its process or thread has ended meanwhile. */
const orNone = (read: () => ReadonlyArray<string>): ReadonlyArray<string> => {
  try {
    return read()
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : undefined
    if (code === "ENOENT" || code === "ESRCH") return []
    throw cause
  }
}

interface TcpCounters {
  readonly messages: number
  readonly bytes: number
}

/** What each established connection of the processes has sent so far, by its addresses. */
const tcpCounters = (pids: ReadonlyArray<number>): ReadonlyMap<string, TcpCounters> => {
  const output = execFileSync(locateCommand("ss") ?? "ss", ["--tcp", "-n", "-i", "-p", "-H", "-O"], {
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024
  })
  const counters = new Map<string, TcpCounters>()
  for (const line of output.split("\n")) {
    const pid = Number(/,pid=(\d+),/.exec(line)?.[1])
    if (!pids.includes(pid)) continue
    const [, , , local = "", remote = ""] = line.split(/\s+/)
    const count = (name: string): number => Number(new RegExp(`\\b${name}:(\\d+)`).exec(line)?.[1] ?? 0)
    counters.set(`${local} ${remote}`, { messages: count("data_segs_out"), bytes: count("bytes_sent") })
  }
  return counters
}
