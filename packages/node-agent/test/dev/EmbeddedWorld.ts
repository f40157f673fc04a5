/** Three voters and a learner of the embedded group over a network in memory, which can be hung, killed and brought back. */
import { ConsensusGroups } from "@coterie/election"
import { GroupsWorld } from "@coterie/election/testing"
import { HeartbeatMembership } from "@coterie/membership"
import { makeMemoryNetwork } from "@coterie/membership/testing"
import { Context, Duration, Effect, Exit, Layer, Scope } from "effect"

import type { Start } from "../../src/dev/core/GroupState.ts"
import { embeddedGroupName, layerEmbeddedConsensusGroups } from "../../src/dev/embeddedConsensusGroups.ts"
import { EmbeddedGroup } from "../../src/dev/EmbeddedGroup.ts"

const voters = ["a", "b", "c"] as const
const learners = ["d"] as const
const replicas = [...voters, ...learners]

const addressOf = (id: string): string => `http://${id}.memory`

const settings = {
  voters,
  learners,
  heartbeatMillis: 20,
  electionTimeoutMillis: 250,
  transferTimeoutMillis: 500,
  pendingWritesMax: 8
}

/** Changes every link from and to a replica. */
const onLinks = (id: string, change: (from: string, to: string) => Effect.Effect<unknown>) =>
  Effect.forEach(
    replicas.flatMap((other) => [[id, other] as const, [other, id] as const]),
    ([from, to]) => change(addressOf(from), addressOf(to)),
    { discard: true }
  )

/** The world, and its groups by replica. */
export class EmbeddedWorld extends Context.Service<
  EmbeddedWorld,
  { readonly group: (replica: string) => EmbeddedGroup["Service"]; readonly world: GroupsWorld["Service"] }
>()("@coterie/node-agent/test/dev/EmbeddedWorld") {
  static readonly layer = Layer.effect(
    EmbeddedWorld,
    Effect.gen(function* () {
      const network = yield* makeMemoryNetwork
      const scope = yield* Scope.Scope
      const running = new Map<
        string,
        {
          readonly scope: Scope.Closeable
          readonly context: Context.Context<ConsensusGroups | EmbeddedGroup>
        }
      >()

      const run = Effect.fnUntraced(function* (id: string, start: Start) {
        const own = yield* Scope.fork(scope)
        const options = { settings: { ...settings, self: id }, start, answerTimeout: Duration.millis(300) }
        const context = yield* layerEmbeddedConsensusGroups(addressOf).pipe(
          Layer.provideMerge(EmbeddedGroup.layer(options)),
          Layer.provide(
            HeartbeatMembership.layer({
              cluster: "test",
              self: id,
              advertise: addressOf(id),
              peers: replicas.map((peer) => ({ id: peer, address: addressOf(peer) })),
              interval: Duration.seconds(1),
              deadAfter: Duration.seconds(4)
            })
          ),
          Layer.provide(network.layer(addressOf(id))),
          Layer.buildWithScope(own)
        )
        running.set(id, { scope: own, context })
      })
      const contextOf = (id: string) => {
        const node = running.get(id)
        if (node === undefined) throw new Error(`${id} does not run`)
        return node.context
      }

      const kill = Effect.fnUntraced(function* (id: string) {
        const node = running.get(id)
        running.delete(id)
        if (node !== undefined) yield* Scope.close(node.scope, Exit.void)
      })

      for (const id of replicas) yield* run(id, { _tag: "Bootstrap", leader: "a", graceMillis: 1000 })
      const world = GroupsWorld.of({
        group: embeddedGroupName,
        voters,
        nonVoter: "d",
        at: (id) => Context.get(contextOf(id), ConsensusGroups),
        hang: (id) => onLinks(id, (from, to) => network.cut(from, to)),
        kill,
        revive: (id) =>
          running.has(id)
            ? onLinks(id, (from, to) => network.heal(from, to))
            : Effect.orDie(run(id, { _tag: "Restart" }))
      })
      return { group: (id) => Context.get(contextOf(id), EmbeddedGroup), world }
    })
  )
}
