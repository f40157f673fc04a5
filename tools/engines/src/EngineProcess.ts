/**
 * One operating-system process of an engine: started with its output in a log file, ended by its own
 * pid, and never left behind. Where `setpriv` exists the kernel kills it when this process dies, however
 * that happens; elsewhere the exit hook does, which a SIGKILL of this process escapes.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { closeSync, openSync, readFileSync } from "node:fs"

import { locateCommand } from "./locate.ts"

/** How to run a process. */
export interface ProcessSpec {
  /** Name in messages. */
  readonly id: string
  /** Program path and arguments. */
  readonly command: readonly [string, ...ReadonlyArray<string>]
  /** File that output is appended to. */
  readonly logPath: string
  /** Network namespace to run in; needs root and iproute2. Default: this process's own. */
  readonly namespace?: string
  /** Numeric user and group to run as; needs root and setpriv. Default: this process's own. */
  readonly user?: { readonly uid: number; readonly gid: number }
  /** Working directory. Default: this process's own. */
  readonly directory?: string
  /** Signal that asks for an orderly end. Default SIGTERM. */
  readonly stopSignal?: NodeJS.Signals
}

/** A process of an engine, which can be started again after it ended. */
export class EngineProcess {
  readonly spec: ProcessSpec
  #child: ChildProcess | undefined
  #exited: Promise<void> = Promise.resolve()
  #exit: string | undefined

  constructor(spec: ProcessSpec) {
    this.spec = spec
  }

  /** The running process's id; `undefined` while it is not running. */
  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** How the last run ended ("exit code 1", "signal SIGKILL"); `undefined` while running or never started. */
  get exit(): string | undefined {
    return this.#exit
  }

  /** Starts the process; does nothing while it runs. */
  start(): void {
    if (this.#child !== undefined) return
    const log = openSync(this.spec.logPath, "a")
    const [program, ...args] = commandLine(this.spec)
    const child = spawn(program, args, {
      stdio: ["ignore", log, log],
      detached: true,
      ...(this.spec.directory === undefined ? {} : { cwd: this.spec.directory })
    })
    closeSync(log)
    this.#child = child
    this.#exit = undefined
    running.add(child)
    watchOwnExit()
    this.#exited = new Promise((resolve) => {
      const ended = (how: string) => {
        running.delete(child)
        this.#child = undefined
        this.#exit = how
        resolve()
      }
      child.once("error", (cause) => ended(cause.message))
      child.once("exit", (code, signal) => ended(signal === null ? `exit code ${code}` : `signal ${signal}`))
    })
  }

  /** Sends a signal; false when the process is not running. */
  signal(signal: NodeJS.Signals): boolean {
    return this.#child?.kill(signal) ?? false
  }

  /** Kills the process at once and waits until it is gone. */
  async kill(): Promise<void> {
    this.signal("SIGKILL")
    await this.#exited
  }

  /** Asks the process to end, kills it after `deadlineMillis`, and waits until it is gone. */
  async stop(deadlineMillis: number): Promise<void> {
    if (!this.signal(this.spec.stopSignal ?? "SIGTERM")) return
    this.signal("SIGCONT")
    const timer = setTimeout(() => this.signal("SIGKILL"), deadlineMillis)
    await this.#exited
    clearTimeout(timer)
  }

  /** The last lines of the log, at most `lines` of them. */
  logTail(lines: number): string {
    try {
      return readFileSync(this.spec.logPath, "utf8").trimEnd().split("\n").slice(-lines).join("\n")
    } catch {
      return ""
    }
  }
}

const running = new Set<ChildProcess>()

let watching = false

const watchOwnExit = (): void => {
  if (watching) return
  watching = true
  process.on("exit", () => {
    for (const child of running) child.kill("SIGKILL")
  })
}

/**
 * The program behind the wrappers it needs. Each wrapper replaces itself by the next, so the pid is the
 * program's own. `setpriv` comes last: the kernel drops the death signal when the user changes.
 */
const commandLine = (spec: ProcessSpec): [string, ...Array<string>] => {
  const setpriv = locateCommand("setpriv")
  const { namespace, user } = spec
  const enter = namespace === undefined ? [] : [locateCommand("ip") ?? "ip", "netns", "exec", namespace]
  const become = user === undefined ? [] : [`--reuid=${user.uid}`, `--regid=${user.gid}`, "--clear-groups"]
  const bind = setpriv === undefined ? [] : [setpriv, ...become, "--pdeathsig", "KILL", "--"]
  const [program, ...args] = [...enter, ...bind, ...spec.command]
  return [program ?? spec.command[0], ...args]
}
