import { assert, it } from "@effect/vitest"
import * as fc from "fast-check"

import { encodeRequest, groupName, isAssetName, parseGroup } from "../../src/core/natsGroups.ts"

const assetName = fc.string({ minLength: 1, maxLength: 30 }).filter(isAssetName)

it("a group's name leads back to the group", () => {
  fc.assert(
    fc.property(assetName, assetName, (stream, consumer) => {
      for (const group of [
        { _tag: "Meta" },
        { _tag: "Stream", stream },
        { _tag: "Consumer", stream, consumer }
      ] as const) {
        assert.deepStrictEqual(parseGroup(groupName(group)), group)
      }
    })
  )
})

it("whatever the name, requests go to the subjects of their kind, with one token for each part", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.string().map((text) => `stream/${text}`)
      ),
      (name) => {
        const group = parseGroup(name)
        if (group === undefined || group._tag === "Meta") return
        const { account, subject } = encodeRequest({ _tag: "StepDown", group, preferred: "n2" })
        assert.strictEqual(account, "own")
        assert.strictEqual(subject.split(".").length, group._tag === "Stream" ? 6 : 7)
        assert.notMatch(subject, /[*>\s]/)
      }
    )
  )
})

it("only the meta group and Raft states need the system account", () => {
  const group = { _tag: "Meta" } as const
  assert.deepStrictEqual(encodeRequest({ _tag: "StepDown", group, preferred: "n2" }), {
    account: "system",
    subject: "$JS.API.META.LEADER.STEPDOWN",
    payload: '{"placement":{"preferred":"n2"}}'
  })
  assert.deepStrictEqual(
    encodeRequest({ _tag: "RaftState", serverId: "ID", account: undefined, raftGroup: "_meta_" }),
    { account: "system", subject: "$SYS.REQ.SERVER.ID.RAFTZ", payload: '{"group":"_meta_"}' }
  )
})
