/** One node of the demo: a real agent and a voter of the embedded group, told what to do on its standard input. */
import { type Cause, Context, Deferred, Duration, Effect, Layer, Queue, Stdio, Stream } from "effect"

import { Agent } from "../Agent.ts"
import { AgentBlocks } from "../AgentBlocks.ts"
import { ApiServer } from "../api/ApiServer.ts"
import { layerEmbeddedConsensusGroups } from "./embeddedConsensusGroups.ts"
import { EmbeddedGroup } from "./EmbeddedGroup.ts"
import { monotonicMillis } from "./monotonicMillis.ts"
import {
  agentConfig,
  delayedTransports,
  groupOptions,
  localityOptions,
  peerAddress,
  type StartNode
} from "./nodeConfig.ts"
import {
  commandsFrom,
  type NodeCommand,
  type NodeReport,
  type NodeStatus,
  reportLine
} from "./nodeProtocol.ts"

type Write = Extract<NodeCommand, { _tag: "Write" }>
type Group = EmbeddedGroup["Service"]
type Report = (report: NodeReport) => Effect.Effect<unknown>

const statusInterval = Duration.millis(100)

/** Runs a node until its standard input ends. */
export const runNode = Effect.gen(function* () {
  const stdio = yield* Stdio.Stdio
  const reports = yield* Queue.sliding<NodeReport, Cause.Done>(1000)
  const report: Report = (next) => Queue.offer(reports, next)
  const group = yield* Deferred.make<Group>()
  const obey = (command: NodeCommand) =>
    command._tag === "Start"
      ? Effect.tapError(start(command, group, report), ({ message }) =>
          report({ _tag: "Failed", detail: message })
        )
      : Effect.forkScoped(write(command, group, report))

  const reporting = Stream.fromQueue(reports).pipe(Stream.mapEffect(reportLine), Stream.run(stdio.stdout()))
  const obeying = report({ _tag: "Loaded" }).pipe(
    Effect.andThen(Stream.runForEach(commandsFrom(stdio.stdin), obey)),
    Effect.scoped,
    Effect.ensuring(Queue.end(reports))
  )
  yield* Effect.all([reporting, obeying], { concurrency: 2, discard: true })
})

const start = Effect.fnUntraced(function* (
  command: StartNode,
  ready: Deferred.Deferred<Group>,
  report: Report
) {
  const config = yield* agentConfig(command)
  const context = yield* Layer.build(
    Agent.layerWith({
      config,
      localityOptions,
      ...delayedTransports(command, config),
      consensusGroups: layerEmbeddedConsensusGroups((id) => peerAddress(command, id)).pipe(
        // The agent builds its engine; the node's own writes go to the same one.
        Layer.tap(() => Effect.flatMap(EmbeddedGroup, (group) => Deferred.succeed(ready, group))),
        Layer.provide(EmbeddedGroup.layer(groupOptions(command)))
      )
    })
  )
  const blocks = Context.get(context, AgentBlocks)
  const group = yield* Deferred.await(ready)
  yield* report({ _tag: "Started", opsUrl: Context.get(context, ApiServer).url })
  yield* Effect.flatMap(statusOf(blocks, group), (status) => report({ _tag: "Status", status })).pipe(
    Effect.andThen(Effect.sleep(statusInterval)),
    Effect.forever,
    Effect.forkScoped
  )
  if (blocks.locality !== undefined) {
    const decided = Stream.runForEach(blocks.locality.decisions, (decision) =>
      report({ _tag: "Decided", decision })
    )
    yield* Effect.forkScoped(decided)
  }
})

const write = Effect.fnUntraced(function* (
  { request, value }: Write,
  ready: Deferred.Deferred<Group>,
  report: Report
) {
  const group = yield* Deferred.await(ready)
  const before = yield* monotonicMillis
  const failure = yield* Effect.match(group.write(value), {
    onSuccess: () => undefined,
    onFailure: ({ message }) => message
  })
  const millis = (yield* monotonicMillis) - before
  yield* report({ _tag: "Written", request, millis, ...(failure === undefined ? {} : { failure }) })
})

const statusOf = Effect.fnUntraced(function* (
  { election, membership }: AgentBlocks["Service"],
  group: Group
) {
  const { leader, term } = yield* group.state
  const members = yield* membership.members
  const master = election === undefined ? undefined : (yield* election.leadership).leader
  return {
    members: members.map(({ id, state }) => ({ id, state })),
    term,
    ...(leader === undefined ? {} : { leader }),
    ...(master === undefined ? {} : { master })
  } satisfies NodeStatus
})
