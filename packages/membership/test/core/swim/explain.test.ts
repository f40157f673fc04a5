import { assert, describe, it } from "@effect/vitest"

import { explainChange, explainDoubt, explainFact } from "../../../src/core/swim/explain.ts"
import type { Evidence } from "../../../src/core/swim/memberRecord.ts"
import { alive, Bench, dead, left, suspect } from "./swimBench.ts"
import { recordOf } from "./swimWorld.ts"

const silence: Evidence = { cause: "silence", helpers: 0, nacks: 0, stream: false, confirmations: 0 }

describe("explanations", () => {
  it.each([
    [silence, "direct probe failed"],
    [
      { ...silence, helpers: 3, nacks: 2 },
      "direct and 3 indirect probes failed, 2 of 3 helpers heard nothing either"
    ],
    [
      { ...silence, helpers: 1, nacks: 1, stream: true },
      "direct, 1 indirect probe and a stream probe failed, 1 of 1 helpers heard nothing either"
    ],
    [{ ...silence, cause: "unreachable" }, "it could not be sent to"],
    [
      { ...silence, cause: "unreachable", helpers: 3, nacks: 3 },
      "it could not be sent to, 3 indirect probes failed, 3 of 3 helpers heard nothing either"
    ],
    [{ ...silence, cause: "not_me" }, "another process answers at its address"]
  ] as const)("of evidence %o", (evidence, text) => {
    const fact = suspect(0, "n3")
    assert(fact.kind === "suspect")
    assert.strictEqual(explainFact({ ...fact, evidence }), `suspected by n3: ${text}`)
    assert.strictEqual(
      explainFact({ ...fact, kind: "dead", evidence: { ...evidence, confirmations: 2 } }),
      `given up by n3, 2 other members agreed: ${text}`
    )
  })

  it("of the other facts", () => {
    assert.strictEqual(explainFact(alive(4)), "announced itself, incarnation 4")
    assert.strictEqual(explainFact(left()), "said goodbye")
    assert.strictEqual(explainFact({ ...left(), by: "n1" } as ReturnType<typeof left>), "declared left by n1")
  })

  it("of each change of a member", () => {
    const bench = new Bench()
    const story = [
      alive(0),
      suspect(0, "n3"),
      alive(1),
      alive(2, 1, { address: "new:1" }),
      dead(2, "n3"),
      alive(3),
      alive(0, 2),
      left(2),
      alive(0, 3)
    ]
    const reasons = story.map((fact) => {
      bench.hear(fact)
      return bench.effects.flatMap((effect) =>
        effect._tag === "Emit" && effect.news._tag === "MemberChanged" ? [explainChange(effect.news)] : []
      )
    })
    const evidence =
      "direct, 3 indirect probes and a stream probe failed, 3 of 3 helpers heard nothing either"
    assert.deepStrictEqual(reasons, [
      ["announced itself"],
      [`suspected by n3: ${evidence}`],
      ["refuted the suspicion"],
      ["changed what it says of itself"],
      [`given up by n3, 0 other members agreed: ${evidence}`],
      ["refuted its death", "changed what it says of itself"],
      ["came back as a new process, generation 2"],
      ["said goodbye"],
      ["came back after it had left"]
    ])
  })

  it("of a doubt as it stands", () => {
    const bench = new Bench()
    for (const id of ["a", "b", "c"]) bench.hear(recordOf(id))
    bench.hear(alive(0))
    assert.isUndefined(explainDoubt(bench.state, "x", bench.nowMillis))
    bench.hear(suspect(0, "a"))
    bench.hear(suspect(0, "b"), "z", 1000)
    const doubt = explainDoubt(bench.state, "x", bench.nowMillis)
    assert.deepInclude(doubt, {
      accuser: "a",
      confirmedBy: ["b"],
      confirmationsMax: 3,
      leftMillis: 14_000 - 1000
    })
  })
})
