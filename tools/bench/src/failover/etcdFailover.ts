/** Fail-over of etcd's own Raft, measured as for our contenders: from the fault until another member says that it leads. */
import { type EngineNode, httpAnswer, pollUntil, startEtcdCluster } from "@coterie/tools-engines"
import { Duration, Effect } from "effect"

import type { Exit } from "./contenderCluster.ts"
import type { FailoverTiming } from "./settings.ts"

const status = async (node: EngineNode): Promise<{ readonly member: string; readonly leader: string }> => {
  const { body } = await httpAnswer(`${node.url}/v3/maintenance/status`, {
    method: "POST",
    body: "{}",
    timeoutMillis: 300
  })
  const parsed = JSON.parse(body) as { header?: { member_id?: string }; leader?: string }
  return { member: parsed.header?.member_id ?? "", leader: parsed.leader ?? "0" }
}

/** The members that say of themselves that they lead. */
const leaders = async (nodes: ReadonlyArray<EngineNode>): Promise<ReadonlyArray<EngineNode>> => {
  const claims = await Promise.all(
    nodes.map(async (node) => {
      const { leader, member } = await status(node).catch(() => ({ member: "", leader: "0" }))
      return leader !== "0" && leader === member ? [node] : []
    })
  )
  return claims.flat()
}

const oneLeader = async (nodes: ReadonlyArray<EngineNode>): Promise<EngineNode> => {
  let found: ReadonlyArray<EngineNode> = []
  await pollUntil(
    async () => {
      found = await leaders(nodes)
      return found.length === 1 ? undefined : `${found.length} leaders`
    },
    { timeoutMillis: 30_000, intervalMillis: 2 }
  )
  const [leader] = found
  if (leader === undefined) throw new Error("etcd has no leader")
  return leader
}

const hurt = (node: EngineNode, exit: Exit): Effect.Effect<void> =>
  // etcd hands leadership over when it is asked to end.
  exit === "kill" ? node.kill() : exit === "stop" ? node.pause() : node.stop()

const once = (nodes: ReadonlyArray<EngineNode>, exit: Exit) =>
  Effect.gen(function* () {
    const old = yield* Effect.promise(() => oneLeader(nodes))
    const rest = nodes.filter((node) => node !== old)
    const start = performance.now()
    // Watching begins with the fault: ending gracefully takes longer than the hand-over.
    const [took] = yield* Effect.all(
      [
        Effect.map(
          Effect.promise(() => oneLeader(rest)),
          () => performance.now() - start
        ),
        hurt(old, exit)
      ],
      { concurrency: "unbounded" }
    )
    yield* exit === "stop" ? old.resume() : Effect.orDie(old.restart())
    yield* Effect.promise(() => oneLeader(nodes))
    return took
  })

/** Times in ms of so many fail-overs of a fresh cluster of three. */
export const etcdFailovers = (timing: FailoverTiming, exits: ReadonlyArray<Exit>) =>
  Effect.gen(function* () {
    const { nodes } = yield* startEtcdCluster({
      nodes: 3,
      heartbeatInterval: Duration.millis(timing.heartbeatMillis),
      electionTimeout: Duration.millis(timing.leaseMillis)
    })
    return yield* Effect.forEach(exits, (exit) => once(nodes, exit))
  }).pipe(Effect.scoped)
