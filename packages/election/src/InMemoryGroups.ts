/**
 * A small world of groups in memory: what an engine with several nodes looks like through `ConsensusGroups`, with faults on request.
 *
 * Nothing takes time unless `transferDuration` says so: a probe answers at once with the link's configured round trip, and a replica that
 * would be waited for fails at once with `TimedOut`. Nobody campaigns by itself: `elect` says who leads next.
 */
import { Context, Duration, Effect, Layer } from "effect"

import {
  ConsensusError,
  ConsensusGroups,
  type GroupStatus,
  NotEligible,
  type ReplicaReachability,
  type RttRows,
  type StepDown,
  TimedOut,
  Unavailable,
  UnknownGroup,
  UnknownTarget,
  Unsupported
} from "./ConsensusGroups.ts"
import { judgeAtDeadline, judgeTransfer, refuseStepDown, refuseTransfer } from "./core/transfer.ts"
import { refusedTransfer } from "./engine/refusedTransfer.ts"

/** How the world begins. */
export interface InMemoryGroupsOptions {
  /** Groups by name. A leader that is left out means none; terms start at 1. */
  readonly groups: Readonly<
    Record<
      string,
      {
        readonly leader?: string
        readonly voters: ReadonlyArray<string>
        readonly nonVoters?: ReadonlyArray<string>
      }
    >
  >
  /** Round trip between two replicas; default 1 ms for all. */
  readonly rtt?: (from: string, to: string) => Duration.Input
  /** How long a hand-over is under way, for readers and for a second hand-over; default none. */
  readonly transferDuration?: Duration.Input
  /** An engine that cannot name a target: `stepDown` takes the place of transfers, and the next voter by name that answers leads. Default false. */
  readonly untargeted?: boolean
  /** The engine measures the round trips between all replicas that answer itself. Default false. */
  readonly ownRtt?: boolean
}

/** What the next hand-over of a group does instead of succeeding. */
export type ScriptedTransfer =
  /** Another replica wins. */
  | { readonly _tag: "Elsewhere"; readonly leader: string }
  /** The old leader wins its own group back, one term later. */
  | { readonly _tag: "Unchanged" }
  /** Nobody leads afterwards. */
  | { readonly _tag: "Leaderless" }
  /** The engine refuses, and leadership stays. */
  | { readonly _tag: "Fails"; readonly reason: ConsensusError["reason"] }

/** A hand-over that reached the engine. */
export interface TransferRecord {
  readonly group: string
  readonly from: string
  /** The voter that the engine chose, where it chooses. */
  readonly target: string
}

/** The world of groups, and the hands that change it; naming a group or replica that it does not have is a defect. */
export class InMemoryGroups extends Context.Service<
  InMemoryGroups,
  {
    /** Who leads the group, in which term. */
    leadership(group: string): Effect.Effect<{ readonly leader: string | undefined; readonly term: number }>
    /** Ends the term: this voter leads the next one, or with undefined nobody leads. */
    elect(group: string, leader: string | undefined): Effect.Effect<void>
    /** The replica's process stops answering while its kernel still takes connections. Groups that it led have no leader. */
    hang(replica: string): Effect.Effect<void>
    /** The replica is gone. Groups that it led have no leader. */
    kill(replica: string): Effect.Effect<void>
    /** The replica answers again. */
    resume(replica: string): Effect.Effect<void>
    /** Sets the round trip of a link, both ways; undefined cuts the link. */
    setRtt(a: string, b: string, rtt: Duration.Input | undefined): Effect.Effect<void>
    /** Adds what a coming hand-over of the group does; used up in order, one each. */
    script(group: string, transfer: ScriptedTransfer): Effect.Effect<void>
    /** Hand-overs so far that reached the engine, oldest first. */
    readonly transfers: Effect.Effect<ReadonlyArray<TransferRecord>>
    /** The groups as the engine node with this id shows them. */
    at(replica: string): ConsensusGroups["Service"]
  }
>()("@coterie/election/InMemoryGroups") {
  /** A new world. */
  static readonly layer = (options: InMemoryGroupsOptions): Layer.Layer<InMemoryGroups> =>
    Layer.sync(InMemoryGroups, () => makeWorld(options))

  /** The `ConsensusGroups` of one engine node of the world. */
  static readonly layerNode = (replica: string): Layer.Layer<ConsensusGroups, never, InMemoryGroups> =>
    Layer.effect(
      ConsensusGroups,
      Effect.map(InMemoryGroups, (world) => world.at(replica))
    )
}

interface Group {
  readonly name: string
  readonly voters: ReadonlyArray<string>
  readonly nonVoters: ReadonlyArray<string>
  readonly script: Array<ScriptedTransfer>
  leader: string | undefined
  term: number
  transferring: boolean
}

/** Everything that changes; each change is one synchronous step. */
interface World {
  readonly groups: ReadonlyMap<string, Group>
  readonly down: Map<string, "hung" | "dead">
  /** Links that were set by hand, by both ends; undefined is a cut link. */
  readonly links: Map<string, Duration.Duration | undefined>
  readonly transfers: Array<TransferRecord>
  readonly rtt: (from: string, to: string) => Duration.Input
  readonly transferDuration: Duration.Duration
  readonly untargeted: boolean
  readonly ownRtt: boolean
}

const makeWorld = (options: InMemoryGroupsOptions): InMemoryGroups["Service"] => {
  const world: World = {
    groups: new Map(
      Object.entries(options.groups).map(([name, { leader, voters, nonVoters = [] }]) => [
        name,
        { name, leader, voters, nonVoters, term: 1, script: [], transferring: false }
      ])
    ),
    down: new Map(),
    links: new Map(),
    transfers: [],
    rtt: options.rtt ?? (() => "1 millis"),
    transferDuration: Duration.fromInputUnsafe(options.transferDuration ?? 0),
    untargeted: options.untargeted ?? false,
    ownRtt: options.ownRtt ?? false
  }
  const takeDown = (replica: string, how: "hung" | "dead") =>
    Effect.sync(() => {
      world.down.set(replica, how)
      for (const group of world.groups.values()) if (group.leader === replica) group.leader = undefined
    })
  return InMemoryGroups.of({
    leadership: (name) =>
      Effect.sync(() => {
        const { leader, term } = groupOf(world, name)
        return { leader, term }
      }),
    elect: (name, leader) => Effect.sync(() => elect(groupOf(world, name), leader)),
    hang: (replica) => takeDown(replica, "hung"),
    kill: (replica) => takeDown(replica, "dead"),
    resume: (replica) => Effect.sync(() => void world.down.delete(replica)),
    setRtt: (a, b, rtt) =>
      Effect.sync(() => {
        const link = rtt === undefined ? undefined : Duration.fromInputUnsafe(rtt)
        world.links.set(linkKey(a, b), link).set(linkKey(b, a), link)
      }),
    script: (name, transfer) => Effect.sync(() => void groupOf(world, name).script.push(transfer)),
    transfers: Effect.sync(() => [...world.transfers]),
    at: (replica) => makeNode(world, replica)
  })
}

/** The world as seen from one engine node. */
interface Node {
  readonly world: World
  readonly self: string
}

const makeNode = (world: World, self: string): ConsensusGroups["Service"] => {
  const node: Node = { world, self }
  return ConsensusGroups.of({
    engine: "memory",
    capabilities: {
      targeted: !world.untargeted,
      waits: true,
      ownRtt: world.ownRtt ? "matrix" : "none",
      term: true,
      untargeted: world.untargeted
    },
    list: Effect.sync(() => ownGroups(node).map((group) => group.name)),
    status: (name) => Effect.map(locate(node, "status", name), (group) => statusOf(group, self)),
    reachability: (name) =>
      Effect.map(locate(node, "reachability", name), (group) => reachabilityOf(node, group)),
    probe: (name, replica) => probe(node, name, replica),
    transferLeadership: (name, target, options) => transfer(node, name, { target, term: options?.term }),
    rttRows: world.ownRtt
      ? (name) => Effect.map(locate(node, "rttRows", name), (group) => rttRowsOf(world, group))
      : undefined,
    stepDown: world.untargeted ? stepDown(node) : undefined
  })
}

const failWith = (operation: ConsensusError["operation"], group: string, reason: ConsensusError["reason"]) =>
  Effect.fail(new ConsensusError({ operation, group, reason }))

const ownGroups = ({ world, self }: Node): ReadonlyArray<Group> =>
  [...world.groups.values()].filter((group) => replicasOf(group).includes(self))

const locate = (node: Node, operation: ConsensusError["operation"], name: string) =>
  Effect.suspend(() => {
    const own = ownGroups(node)
    const group = own.find((candidate) => candidate.name === name)
    if (group === undefined) {
      return failWith(operation, name, new UnknownGroup({ known: own.map((candidate) => candidate.name) }))
    }
    const silence = silenceOf(node, node.self)
    return silence === undefined ? Effect.succeed(group) : failWith(operation, name, silence)
  })

const reachabilityOf = (node: Node, group: Group): ReadonlyMap<string, ReplicaReachability> =>
  new Map(
    replicasOf(group).map((replica) => {
      const silence = silenceOf(node, replica)
      return [replica, { reachable: silence === undefined, detail: silence?.message }]
    })
  )

const rttRowsOf = (world: World, group: Group): RttRows => {
  const row = (from: string) =>
    replicasOf(group).flatMap((to) => {
      const rtt = linkRtt({ world, self: from }, to)
      const isSilent = to === from || rtt === undefined || silenceOf({ world, self: from }, to) !== undefined
      return isSilent ? [] : [[to, rtt] as const]
    })
  const up = replicasOf(group).filter((replica) => !world.down.has(replica))
  return new Map(up.map((replica) => [replica, new Map(row(replica))]))
}

const probe = Effect.fn("InMemoryGroups.probe")(function* (node: Node, name: string, replica: string) {
  const group = yield* locate(node, "probe", name)
  if (!replicasOf(group).includes(replica)) {
    return yield* failWith("probe", name, new UnknownTarget({ target: replica }))
  }
  const silence = silenceOf(node, replica)
  if (silence !== undefined) return yield* failWith("probe", name, silence)
  return replica === node.self ? Duration.zero : (linkRtt(node, replica) ?? Duration.infinity)
})

const transfer = Effect.fn("InMemoryGroups.transfer")(function* (
  node: Node,
  name: string,
  { target, term }: { readonly target: string; readonly term: number | undefined }
) {
  const group = yield* locate(node, "transfer", name)
  const before = statusOf(group, node.self)
  const refusal = refuseTransfer(before, target, term)
  if (refusal !== undefined) return yield* failWith("transfer", name, refusedTransfer(refusal))
  if (node.world.untargeted) {
    return yield* failWith("transfer", name, new Unsupported({ detail: "this engine picks any voter" }))
  }
  const silence = silenceOf(node, target)
  if (silence !== undefined) {
    return yield* failWith("transfer", name, new NotEligible({ target, detail: silence.message }))
  }
  yield* move(node, group, { operation: "transfer", next: target })
  return judgeTransfer(before, target, statusOf(group, node.self)) ?? judgeAtDeadline(before, group)
})

const stepDown = (node: Node): StepDown =>
  Effect.fn("InMemoryGroups.stepDown")(function* (name, { deadline, term } = {}) {
    const group = yield* locate(node, "stepDown", name)
    const before = statusOf(group, node.self)
    const refusal = refuseStepDown(before, term)
    if (refusal !== undefined) return yield* failWith("stepDown", name, refusedTransfer(refusal))
    const ids = group.voters.toSorted()
    const after = ids.indexOf(node.self) + 1
    const next = [...ids.slice(after), ...ids.slice(0, after - 1)].find(
      (voter) => silenceOf(node, voter) === undefined
    )
    if (next === undefined) {
      return yield* failWith("stepDown", name, new Unavailable({ detail: "no other voter answers" }))
    }
    const moving = move(node, group, { operation: "stepDown", next })
    yield* deadline === undefined
      ? moving
      : Effect.timeoutOrElse(moving, {
          duration: deadline,
          orElse: () => failWith("stepDown", name, new TimedOut({ afterMillis: Duration.toMillis(deadline) }))
        })
    return judgeTransfer(before, undefined, statusOf(group, node.self)) ?? judgeAtDeadline(before, group)
  })

/** Carries the hand-over out as scripted, or else as asked. */
const move = Effect.fnUntraced(function* (
  { self, world }: Node,
  group: Group,
  { next, operation }: { readonly operation: "transfer" | "stepDown"; readonly next: string }
) {
  world.transfers.push({ group: group.name, from: self, target: next })
  const scripted = group.script.shift()
  if (scripted?._tag === "Fails") return yield* failWith(operation, group.name, scripted.reason)
  group.transferring = true
  yield* Effect.sleep(world.transferDuration).pipe(
    Effect.ensuring(Effect.sync(() => (group.transferring = false)))
  )
  elect(group, scripted === undefined ? next : winnerOf(scripted, self))
})

const replicasOf = (group: Group): ReadonlyArray<string> => [...group.voters, ...group.nonVoters]

const linkKey = (from: string, to: string): string => JSON.stringify([from, to])

const groupOf = (world: World, name: string): Group => {
  const group = world.groups.get(name)
  if (group === undefined) throw new Error(`the world has no group ${name}`)
  return group
}

const elect = (group: Group, leader: string | undefined): void => {
  if (leader !== undefined && !group.voters.includes(leader)) {
    throw new Error(`${leader} is no voter of ${group.name}, so it cannot lead it`)
  }
  group.leader = leader
  group.term += 1
}

const winnerOf = (
  scripted: Exclude<ScriptedTransfer, { readonly _tag: "Fails" }>,
  oldLeader: string
): string | undefined => {
  switch (scripted._tag) {
    case "Elsewhere":
      return scripted.leader
    case "Unchanged":
      return oldLeader
    case "Leaderless":
      return undefined
  }
}

const linkRtt = ({ world, self }: Node, to: string): Duration.Duration | undefined => {
  const key = linkKey(self, to)
  return world.links.has(key) ? world.links.get(key) : Duration.fromInputUnsafe(world.rtt(self, to))
}

/** Why `replica` does not answer the node, or undefined when it does. A deadline that would pass is taken as passed. */
const silenceOf = (node: Node, replica: string): TimedOut | Unavailable | undefined => {
  const down = node.world.down.get(replica)
  if (down === "dead") return new Unavailable({ detail: `${replica} refuses connections` })
  const linked = replica === node.self || linkRtt(node, replica) !== undefined
  return down === "hung" || !linked ? new TimedOut({ afterMillis: probeTimeoutMillis }) : undefined
}

const probeTimeoutMillis = 5000

const statusOf = (group: Group, self: string): GroupStatus => ({
  group: group.name,
  self,
  leader: group.leader,
  term: group.term,
  voters: replicaList(group.voters),
  nonVoters: replicaList(group.nonVoters),
  electing: group.transferring || group.leader === undefined
})

const replicaList = (ids: ReadonlyArray<string>) =>
  ids.toSorted().map((id) => ({ id, address: `${id}.memory:0` }))
