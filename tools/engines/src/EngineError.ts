/** What can go wrong when an engine is started. */
import { Schema } from "effect"

/** The engine's program is not on this machine. Run `npm run engines:install`, or set the variable named. */
export class EngineMissing extends Schema.TaggedError<EngineMissing>()("EngineMissing", {
  /** Name of the engine or capability. */
  engine: Schema.String,
  /** File name of the program that was looked for. */
  binary: Schema.String,
  /** Environment variable that may name the program's path. */
  variable: Schema.String
}) {
  override get message(): string {
    return `engine ${this.engine}: program "${this.binary}" not found; run npm run engines:install or set ${this.variable}`
  }
}

/** The engine's processes did not come up, or one ended early. Its logs are kept in `directory`. */
export class EngineStartFailed extends Schema.TaggedError<EngineStartFailed>()("EngineStartFailed", {
  /** Name of the engine. */
  engine: Schema.String,
  /** Id of the node that failed; empty when the cluster as a whole did not get ready. */
  node: Schema.String,
  /** What was waited for, and the last reason why it was not there. */
  problem: Schema.String,
  /** The last lines of the failing node's log. */
  logTail: Schema.String,
  /** Folder that keeps the logs of every node. */
  directory: Schema.String
}) {
  override get message(): string {
    const where = this.node === "" ? this.engine : `${this.engine} node ${this.node}`
    return `${where} did not start: ${this.problem}; logs kept in ${this.directory}\n${this.logTail}`
  }
}

/** Why a cluster could not be started. */
export type EngineStartError = EngineMissing | EngineStartFailed
