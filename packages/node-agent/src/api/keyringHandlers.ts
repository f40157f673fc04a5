/** The keys of all members. */
import { Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"

import { AgentBlocks } from "../AgentBlocks.ts"
import type { MemberRing } from "../ClusterKeyring.ts"
import type { KeyChange } from "../OwnKeyring.ts"
import { AgentApi, KeyChangeRefused, NotThere } from "./AgentApi.ts"
import { jsonAnswer } from "./jsonAnswer.ts"
import type { KeyringChangeReport, KeyringReport } from "./keyringResponses.ts"
import { refuseForeignCaller } from "./refuseForeignCaller.ts"
import { asOf } from "./reports.ts"

/** Answers the group `keyring` of the API. */
export const keyringHandlers = HttpApiBuilder.group(AgentApi, "keyring", (handlers) =>
  Effect.gen(function* () {
    const { config, keyring } = yield* AgentBlocks
    const mayChange = refuseForeignCaller("never")
    const running =
      keyring === undefined
        ? new NotThere({
            detail: "this agent has no keys; set membership.mode: swim and membership.keys_file"
          })
        : Effect.succeed(keyring)
    const change = Effect.fnUntraced(function* (wanted: KeyChange, force?: boolean) {
      yield* mayChange
      const { keyId, rings } = yield* Effect.mapError(
        (yield* running).change(wanted, force),
        ({ detail }) => new KeyChangeRefused({ detail })
      )
      const report = {
        schema: "keyring-change/v1",
        action: wanted._tag,
        keyId,
        ...(yield* reportOf(rings))
      } as const
      return jsonAnswer(report satisfies KeyringChangeReport)
    })

    const reportOf = (rings: ReadonlyArray<MemberRing>) =>
      Effect.map(asOf, (now) => ({
        node: config.node.id,
        asOf: now,
        complete: rings.every(({ detail, state }) => detail === undefined || state === "dead"),
        rings
      }))

    return handlers.handleAll({
      keyring: Effect.fnUntraced(function* () {
        const rings = yield* (yield* running).list
        const report = { schema: "keyring/v1", ...(yield* reportOf(rings)) } as const
        return jsonAnswer(report satisfies KeyringReport)
      }),
      installKey: ({ payload }) => change({ _tag: "install", ...payload }),
      useKey: ({ payload: { force, keyId } }) => change({ _tag: "use", keyId }, force),
      removeKey: ({ payload: { force, keyId } }) => change({ _tag: "remove", keyId }, force)
    })
  })
)
