/** What the demo knows from the reports of its nodes, and whether its leader is well placed by now. */

/** A member as one node sees it. */
export interface SeenMember {
  readonly id: string
  readonly state: string
}

/** What one node sees; see `NodeStatus`. */
export interface SeenStatus {
  readonly members: ReadonlyArray<SeenMember>
  readonly master?: string | undefined
  readonly leader?: string | undefined
  readonly term: number
}

/** A decision of one node's agent about the group, in the terms of the view. */
export interface SeenDecision {
  readonly node: string
  /** The node led when its agent decided; other agents only note who leads. */
  readonly leads: boolean
  readonly term: number | undefined
  readonly row: Readonly<Record<string, number>>
  /** What was done and why, in one sentence. */
  readonly sentence: string
  /** The same for decisions that differ in measured numbers only. */
  readonly gist: string
  /** Set when leadership was handed over or tried to be. */
  readonly transfer: SeenTransfer | undefined
  /** The agent beside the leader found nobody better. */
  readonly wellPlaced: boolean
}

/** A hand-over that was called. */
export interface SeenTransfer {
  readonly from: string
  readonly to: string
  readonly outcome: string
  readonly tookMillis: number
}

/** One write through the writer's node. */
export interface WriteSample {
  /** Who led when it began and when it ended; undefined when that was not one node. */
  readonly leader: string | undefined
  readonly through: string
  readonly millis: number
  readonly failure: string | undefined
  /** When it ended, since the demo began. */
  readonly atMillis: number
}

/** One node of the demo. */
export interface DemoNode {
  readonly id: string
  readonly phase: "starting" | "running" | "dead"
  readonly opsUrl: string | undefined
  readonly status: SeenStatus | undefined
  /** What a dead process wrote last; empty for nothing. */
  readonly lastWords: string
}

/** Everything the demo knows. */
export interface DemoState {
  readonly nodes: ReadonlyArray<DemoNode>
  /** Who led at the start. */
  readonly firstLeader: string
  /** The latest writes, oldest first. */
  readonly writes: ReadonlyArray<WriteSample>
  /** Writes that were not acknowledged, since the start. */
  readonly failedWrites: number
  /** The latest decisions of agents beside the leader, oldest first; one that says the same again is left out. */
  readonly decisions: ReadonlyArray<SeenDecision>
  /** Each node's newest decision. */
  readonly newest: Readonly<Record<string, SeenDecision>>
}

/** What changes it. */
export type DemoEvent =
  | { readonly _tag: "Spawned"; readonly node: string }
  | { readonly _tag: "Started"; readonly node: string; readonly opsUrl: string }
  | { readonly _tag: "Seen"; readonly node: string; readonly status: SeenStatus }
  | { readonly _tag: "Died"; readonly node: string; readonly lastWords: string }
  | { readonly _tag: "Decided"; readonly decision: SeenDecision }
  | { readonly _tag: "Wrote"; readonly sample: WriteSample }

const writesKept = 5000
const decisionsKept = 200

/** A demo of which nothing is known yet. */
export const emptyDemo = (ids: ReadonlyArray<string>, firstLeader: string): DemoState => ({
  nodes: ids.map((id) => ({ id, phase: "starting", opsUrl: undefined, status: undefined, lastWords: "" })),
  firstLeader,
  writes: [],
  failedWrites: 0,
  decisions: [],
  newest: {}
})

/** The state after an event. */
export const observe = (state: DemoState, event: DemoEvent): DemoState => {
  switch (event._tag) {
    case "Spawned":
      return changeNode(state, event.node, { phase: "starting", status: undefined, lastWords: "" })
    case "Started":
      return changeNode(state, event.node, { phase: "running", opsUrl: event.opsUrl })
    case "Seen":
      return changeNode(state, event.node, { status: event.status })
    case "Died":
      return changeNode(state, event.node, { phase: "dead", status: undefined, lastWords: event.lastWords })
    case "Decided":
      return decide(state, event.decision)
    case "Wrote":
      return {
        ...state,
        writes: [...state.writes, event.sample].slice(-writesKept),
        failedWrites: state.failedWrites + (event.sample.failure === undefined ? 0 : 1)
      }
  }
}

const decide = (state: DemoState, decision: SeenDecision): DemoState => {
  const repeated = state.newest[decision.node]?.gist === decision.gist
  return {
    ...state,
    newest: { ...state.newest, [decision.node]: decision },
    decisions:
      repeated || !decision.leads ? state.decisions : [...state.decisions, decision].slice(-decisionsKept)
  }
}

const changeNode = (state: DemoState, id: string, change: Partial<DemoNode>): DemoState => ({
  ...state,
  nodes: state.nodes.map((node) => (node.id === id ? { ...node, ...change } : node))
})

/** Nodes whose process runs and has reported. */
export const reportingNodes = ({
  nodes
}: DemoState): ReadonlyArray<DemoNode & { readonly status: SeenStatus }> =>
  nodes.flatMap((node) =>
    node.phase === "running" && node.status !== undefined ? [{ ...node, status: node.status }] : []
  )

/** Through whom writes go: the first running node that was not the first leader, or that one when no other runs. */
export const writerNode = ({ firstLeader, nodes }: DemoState): string | undefined => {
  const running = nodes.filter(({ phase }) => phase === "running").map(({ id }) => id)
  return running.find((id) => id !== firstLeader) ?? running[0]
}

/** What all running nodes agree on, or undefined. */
const agreed = <A>(state: DemoState, read: (status: SeenStatus) => A | undefined): A | undefined => {
  const [first, ...others] = reportingNodes(state).map(({ status }) => read(status))
  return others.every((other) => other === first) ? first : undefined
}

/** The group's leader, when all running nodes name the same. */
export const agreedLeader = (state: DemoState): string | undefined => agreed(state, ({ leader }) => leader)

/** The agents' master, when all running nodes name the same. */
export const agreedMaster = (state: DemoState): string | undefined => agreed(state, ({ master }) => master)

/** The term of the group as of the node that is farthest on; 0 when nothing is known. */
export const latestTerm = (state: DemoState): number =>
  Math.max(0, ...reportingNodes(state).map(({ status }) => status.term))

/** Latencies in ms of the acknowledged writes that this node led. */
export const writesLedBy = (state: DemoState, leader: string | undefined): ReadonlyArray<number> =>
  state.writes.flatMap((write) =>
    leader !== undefined && write.leader === leader && write.failure === undefined ? [write.millis] : []
  )

/** The newest decision of the agent beside this node. */
export const newestDecision = ({ newest }: DemoState, node: string | undefined): SeenDecision | undefined =>
  node === undefined ? undefined : newest[node]

/** A decision on one line. */
export const decisionLine = ({ node, sentence }: SeenDecision): string => `${node}: ${sentence}`

/** Fewest writes by which a leader is judged. */
const writesNeeded = { before: 3, after: 20 } as const

/** Why the demo is not done yet, or undefined when its leader is well placed and measured. */
export const whyNotPlaced = (state: DemoState): string | undefined => {
  const silent = state.nodes.find(({ id }) => !reportingNodes(state).some((node) => node.id === id))
  if (silent !== undefined) return `${silent.id} has not reported`
  const doubt = reportingNodes(state).flatMap(({ id, status }) =>
    status.members
      .filter((member) => member.state !== "alive")
      .map((member) => `${id} sees ${member.id} ${member.state}`)
  )[0]
  if (doubt !== undefined) return doubt
  if (agreedMaster(state) === undefined) return "the agents have elected no master"
  return whyLeaderNotPlaced(state)
}

const whyLeaderNotPlaced = (state: DemoState): string | undefined => {
  const leader = agreedLeader(state)
  if (leader === undefined) return "the nodes do not agree on a leader of the group"
  const decision = newestDecision(state, leader)
  if (decision === undefined) return `the agent of ${leader}, who leads, has decided nothing yet`
  if (decision.term !== latestTerm(state) || !decision.wellPlaced)
    return `${leader} leads: ${decision.sentence}`
  const [before, after] = [state.firstLeader, leader].map((node) => writesLedBy(state, node).length)
  if ((before ?? 0) < writesNeeded.before)
    return `${state.firstLeader} led for too few writes to compare: ${before}`
  return (after ?? 0) < writesNeeded.after
    ? `only ${after} writes were measured with ${leader} as leader`
    : undefined
}
