import { afterAll, assert, describe, it } from "vitest"

import { Cluster } from "../../src/membership/Cluster.ts"
import { monotonicMillis } from "../../src/membership/protocol.ts"
import { accusations, between, convergedAfter, detection } from "../../src/membership/sightings.ts"
import { memberlist, ours, type System } from "../../src/membership/systems.ts"

const clusters: Array<Cluster> = []
afterAll(() => Promise.all(clusters.map((cluster) => cluster.close())))

const start = async (system: System, apart: boolean, sealed: boolean): Promise<Cluster> => {
  const cluster = await Cluster.start({ system, nodes: 4, profile: "local", apart, sealed, paceMillis: 10 })
  clusters.push(cluster)
  assert.isTrue(await cluster.converged(60))
  return cluster
}

const peer = await memberlist()
if (typeof peer === "string") console.error(`MEMBERLIST MISSING: half of "harness" skipped; ${peer}`)
const systems = typeof peer === "string" ? [ours] : [ours, peer]

describe.skipIf(process.platform !== "linux").each(systems)("the harness around $name", (system) => {
  it("cuts and mends links, and tells what nodes see on one clock", { timeout: 120_000 }, async () => {
    const cluster = await start(system, true, true)
    const convergedMillis = convergedAfter(await cluster.log(), 4, cluster.startedAt)
    assert.isAbove(convergedMillis, 0)
    assert.isBelow(convergedMillis, 60_000)
    const rest = ["n2", "n3", "n4"]
    const cutAt = await cluster.part(["n1"], rest, true)
    assert.isTrue(await cluster.until(60, ({ alive }) => alive["n1"] === 1 && alive["n2"] === 3))
    const mendedAt = await cluster.part(["n1"], rest, false)
    // memberlist may never find its other half again.
    if (system === ours) assert.isTrue(await cluster.converged(90))
    const log = await cluster.log()
    const { firstMillis } = detection(log, "n2", cutAt)
    assert.isAbove(firstMillis, 1000)
    assert.isBelow(firstMillis, mendedAt - cutAt)
    const { bytesOut, cpuMillis, datagramsOut, residentBytes } = await cluster.stats()
    for (const total of [bytesOut, cpuMillis, datagramsOut, residentBytes]) assert.isAbove(total, 0)
  })

  it("ends a node, says what is wrong with a request, and goes on", { timeout: 60_000 }, async () => {
    const cluster = await start(system, false, false)
    await cluster.kill("n4")
    const error = await cluster.kill("n4").catch((cause: unknown) => cause)
    assert.match(String(error), /no node "n4" in this process/)
    assert.sameMembers(Object.keys((await cluster.stats()).alive), ["n1", "n2", "n3"])
  })
})

it.skipIf(process.platform !== "linux")(
  "our harness is busy when it is told to, and then goes on",
  { timeout: 60_000 },
  async () => {
    const cluster = await start(ours, true, false)
    const before = monotonicMillis()
    await cluster.stall("n4", 5000, 600)
    assert.isAtLeast(monotonicMillis() - before, 5000)
    assert.isTrue(await cluster.until(30, ({ alive }) => Object.values(alive).every((seen) => seen === 4)))
    const log = between(await cluster.log(), before)
    // The others see no answer; the one that was busy knows that it is its own fault.
    assert.isAbove(accusations(log, { by: "n1" }), 0)
    assert.strictEqual(accusations(log, { by: "n4" }), 0)
  }
)
