/** Who answers which calls on one node. */
import { Effect, type Schema } from "effect"

import type { NodeId } from "./Membership.ts"
import type { PeerCalls } from "./PeerCalls.ts"

/** Answers one call. */
export type CallHandler = (from: NodeId, payload: Schema.Json) => Effect.Effect<Schema.Json>

/** The answers of one node. */
export interface CallAnswers {
  readonly find: (name: string) => CallHandler | undefined
  readonly answer: PeerCalls["Service"]["answer"]
}

/** No answers yet. */
export const makeCallAnswers = (): CallAnswers => {
  const answers = new Map<string, CallHandler>()
  return {
    find: (name) => answers.get(name),
    answer: (name, handler) =>
      Effect.acquireRelease(
        Effect.suspend(() => {
          if (answers.has(name)) return Effect.die(`call ${name} is already answered on this node`)
          answers.set(name, handler)
          return Effect.void
        }),
        () => Effect.sync(() => answers.delete(name))
      )
  }
}
