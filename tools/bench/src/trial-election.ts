/**
 * `npm run trial:election [-- --rounds 100] [--stop 10] [--json]`: three real processes elect a leader that keeps writing a fenced SQLite row;
 * each round stops, kills or cuts off the leader, or restarts another node. Needs root for the network namespaces of the partitions.
 */
import { setTimeout as delay } from "node:timers/promises"
import { parseArgs } from "node:util"

import { startWan } from "@coterie/tools-wan"
import { Effect } from "effect"

import { FencedRow, fencingViolations } from "./failover/fencedRow.ts"
import { LeasedCluster } from "./failover/leasedCluster.ts"

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "20" },
    stop: { type: "string", default: "10" },
    json: { type: "boolean", default: false }
  }
})

const timing = { heartbeatMillis: 100, leaseMillis: 1000 }
const faults = ["stop", "kill", "partition", "restart"] as const
const port = 7481

const trial = Effect.gen(function* () {
  const wan = yield* startWan({ nodes: 3, rttMillis: 2 })
  const ids = wan.nodes.map((_, index) => `n${index + 1}`)
  const cluster = yield* Effect.acquireRelease(
    Effect.promise(() =>
      LeasedCluster.start({
        timing,
        fenced: true,
        places: wan.nodes.map(({ address }, index) => ({ id: ids[index] ?? "", host: address, port })),
        prefix: wan.nodes.map(({ execPrefix }) => execPrefix)
      })
    ),
    (started) => Effect.promise(() => started.close())
  )

  const partition = Effect.fnUntraced(function* (leader: string) {
    const node = ids.indexOf(leader)
    yield* wan.setNode(node, { partitioned: true })
    yield* Effect.promise(() => cluster.otherLeads(leader))
    yield* Effect.promise(() => delay(1000))
    yield* wan.setNode(node, { partitioned: false })
  })
  const stop = async (leader: string) => {
    cluster.hurt(leader, "stop")
    await Promise.all([cluster.otherLeads(leader), delay(Number(values.stop) * 1000)])
    cluster.mend(leader, "stop")
  }
  const restart = async (id: string) => {
    cluster.hurt(id, "kill")
    await delay(200)
    cluster.mend(id, "kill")
  }

  const round = (index: number) =>
    Effect.gen(function* () {
      const leader = yield* Effect.promise(() => cluster.agreed())
      const follower = ids.find((id) => id !== leader) ?? ""
      const fault = faults[index % faults.length] ?? "stop"
      if (!values.json) console.log(`round ${index + 1}: ${leader} leads; ${fault}`)
      if (fault === "partition") yield* partition(leader)
      else if (fault === "stop") yield* Effect.promise(() => stop(leader))
      else if (fault === "kill") yield* Effect.promise(() => cluster.failover("kill"))
      else yield* Effect.promise(() => restart(follower))
      yield* Effect.promise(() => cluster.agreed())
    })
  for (let index = 0; index < Number(values.rounds); index++) yield* round(index)
  const row = new FencedRow(cluster.resourceFile)
  const attempts = row.attempts()
  row.close()
  return attempts
}).pipe(Effect.scoped)

const exit = await Effect.runPromiseExit(trial)
if (exit._tag === "Failure") {
  console.error(String(exit.cause))
  process.exitCode = 1
} else {
  const violations = fencingViolations(exit.value)
  const report = {
    rounds: Number(values.rounds),
    writes: exit.value.length,
    refused: exit.value.filter(({ accepted }) => !accepted).length,
    leaderships: new Set(exit.value.map(({ token }) => token)).size,
    violations
  }
  console.log(values.json ? JSON.stringify(report, null, 2) : report)
  process.exitCode = violations.length === 0 ? 0 : 1
}
