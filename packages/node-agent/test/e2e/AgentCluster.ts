/** Real agents that know each other. */
import { LeaderReport } from "../../src/api/responses.ts"
import { agentConfig, eventually, freePorts, type RunningAgent, startAgent } from "./AgentProcess.ts"

/** Starts agents of one cluster one after the other, so that the first one leads; `settings` are the other sections of their configuration, without `peers` of `membership`. */
export const startCluster = async (
  ids: ReadonlyArray<string>,
  { membership, settings }: { readonly membership: string; readonly settings: string }
): Promise<Map<string, RunningAgent>> => {
  const ports = await freePorts(ids.length)
  const peers = ids.map((id, index) => `{ id: ${id}, address: "http://127.0.0.1:${ports[index]}" }`)
  const more = `membership: { ${membership}, peers: [${peers.join(", ")}] }\n${settings}`
  const agents = new Map<string, RunningAgent>()
  for (const [index, id] of ids.entries())
    agents.set(id, await startAgent(agentConfig(id, more, ports[index])))
  return agents
}

/** Waits until all agents name the same leader, and returns it. */
export const agreedLeader = async (agents: ReadonlyMap<string, RunningAgent>): Promise<string> => {
  const leaders = await eventually(
    () => Promise.all([...agents.values()].map(leaderSeenBy)),
    (seen) => seen[0] !== undefined && new Set(seen).size === 1
  )
  return leaders[0] ?? ""
}

const leaderSeenBy = async (agent: RunningAgent): Promise<string | undefined> =>
  (await agent.read(LeaderReport, "/leader")).leader
