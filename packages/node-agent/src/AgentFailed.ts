import { Schema } from "effect"

/** The agent could not start; `key` is the configuration key to change. */
export class AgentFailed extends Schema.TaggedError<AgentFailed>()("AgentFailed", {
  key: Schema.String,
  detail: Schema.String
}) {
  override get message(): string {
    return `${this.key}: ${this.detail}`
  }
}
