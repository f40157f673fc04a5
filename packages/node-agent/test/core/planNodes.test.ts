import { assert, describe, it } from "@effect/vitest"

import { planNodes } from "../../src/core/planNodes.ts"

const member = (id: string, address: string | undefined, zone?: string) => ({ id, address, zone })

describe("planNodes", () => {
  it("finds replicas on the host of a member, whatever they are called", () => {
    const nodes = planNodes(
      [member("n1", "http://10.0.0.1:7481", "a"), member("n2", "http://[fd00::2]:7481")],
      [
        { id: "8e9e05c52164694d", address: "10.0.0.1:2380" },
        { id: "91bc3c398fb3c146", address: "[fd00::2]:2380" },
        { id: "8e9e05c52164694d", address: "10.0.0.1:2380" }
      ]
    )
    assert.deepStrictEqual(nodes, [
      { name: "n1", zone: "a", replicas: ["8e9e05c52164694d"] },
      { name: "n2", zone: undefined, replicas: ["91bc3c398fb3c146"] }
    ])
  })

  it("finds replicas of a member's name, where no address is known", () => {
    assert.deepStrictEqual(planNodes([member("n1", undefined, "a")], [{ id: "n1", address: "" }]), [
      { name: "n1", zone: "a", replicas: ["n1"] }
    ])
  })

  it("trusts no host that members share, and leaves out who has no replica", () => {
    const members = [member("n1", "http://127.0.0.1:1"), member("n2", "http://127.0.0.1:2")]
    assert.deepStrictEqual(planNodes(members, [{ id: "x", address: "127.0.0.1:3" }]), [])
  })
})
