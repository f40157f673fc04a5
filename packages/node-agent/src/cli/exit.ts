/**
 * How a command ends. The codes are stable; scripts rely on them.
 */
import { Runtime, Schema } from "effect"

/** Exit codes of `coterie`. */
export const exitCode = {
  ok: 0,
  /** The command failed in a way that no other code describes. */
  internal: 1,
  /** Unknown command or flag, or a value that cannot be read; the explanation is on the standard error output. */
  usage: 2,
  /** No agent answered at the endpoint, or what it had to ask did not: its engine, or a leader. */
  unreachable: 3,
  /** Only with `--fail-on`: the agent answered, and is not well. */
  degraded: 4,
  /** Nothing was changed: it would not be safe, or not from here. */
  refused: 5,
  /** Time ran out, and what was asked for may still happen. */
  underWay: 6,
  /** Leadership moved, or tried to, and somebody else has it. */
  elsewhere: 7,
  /** The configuration is wrong. */
  config: 9,
  interrupted: 130
} as const

/** A command failed; the message is for the standard error output. */
export class CliFailure extends Schema.TaggedError<CliFailure>()("CliFailure", {
  code: Schema.Int,
  detail: Schema.String
}) {
  override readonly [Runtime.errorExitCode] = this.code

  override get message(): string {
    return this.detail
  }
}
