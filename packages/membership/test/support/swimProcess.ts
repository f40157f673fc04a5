/** One SWIM member in a process of its own, which tells its parent what it sees and does what the parent says. */
import { flushCompileCache } from "node:module"

import { Effect, Layer, Logger, Metric, Stream } from "effect"

import { Membership, Swim, SwimMembership, type SwimOptionsInput, SwimTransport } from "../../src/index.ts"
import { makeFaultyTransport } from "../../src/testing/faultyTransport.ts"
import { UdpTransport } from "../../src/transport/udp.ts"
import { keyOf } from "./sealing.ts"
import type { Order, Report, SwimSetup } from "./swimProcesses.ts"

const setup = JSON.parse(process.argv[2] ?? "") as SwimSetup
const { keys, port, ...rest } = setup
const { faults, layer: transport } = makeFaultyTransport(UdpTransport.layer({ port }))
const [first = "one", ...others] = keys
const options: SwimOptionsInput = { ...rest, keys: [keyOf(first), ...others.map(keyOf)] }

type KeyOrder = Extract<Order, { readonly key: string }>

const tell = (report: Report) => void process.send?.(report)

const refusals = Effect.map(Metric.snapshot, (snapshot) =>
  Object.fromEntries(
    snapshot
      .filter(({ id }) => id === "swim_refused_total")
      .map(({ attributes, state }) => [
        attributes?.["reason"] ?? "",
        "count" in state ? Number(state.count) : 0
      ])
  )
)

const program = Effect.gen(function* () {
  const membership = yield* Membership
  const swim = yield* Swim
  const { address } = yield* SwimTransport
  const context = yield* Effect.context()
  const tellStates = Effect.map(membership.members, (members) =>
    tell({ kind: "states", states: Object.fromEntries(members.map(({ id, state }) => [id, state])) })
  )
  const keyring = swim.keyring
  const follow = (order: Order): Effect.Effect<unknown, unknown> => {
    switch (order.kind) {
      case "cut":
        return Effect.sync(() => faults.cut(order.addresses))
      case "heal":
        return Effect.sync(faults.heal)
      case "refusals":
        return Effect.map(refusals, (counts) => tell({ kind: "refusals", counts }))
      case "leave":
        return membership.leave
      case "install":
      case "use":
      case "remove":
        return turnKey(order)
    }
  }
  /** Installing a key that is there already tells its id. */
  const turnKey = Effect.fnUntraced(function* ({ key, kind }: KeyOrder) {
    if (keyring === undefined) return yield* Effect.die("this process has no keys")
    const keyId = yield* keyring.install(keyOf(key))
    if (kind === "use") yield* keyring.use(keyId)
    if (kind === "remove") yield* keyring.remove(keyId)
  })
  process.on("message", (order: Order) => {
    void Effect.runPromiseWith(context)(follow(order)).then(() => tell({ kind: "done" }))
  })
  yield* membership.changes.pipe(
    Stream.runForEach(({ member, previous, reason }) =>
      Effect.andThen(
        Effect.sync(() =>
          tell({ kind: "change", id: member.id, text: `${previous} > ${member.state}`, reason })
        ),
        tellStates
      )
    ),
    Effect.forkScoped({ startImmediately: true })
  )
  tell({ kind: "ready", address })
  flushCompileCache()
  yield* tellStates
  return yield* Effect.never
}).pipe(
  Effect.scoped,
  Effect.provide(
    SwimMembership.layer(options).pipe(Layer.provideMerge(transport), Layer.provideMerge(Logger.layer([])))
  )
)

process.on("disconnect", () => process.exit(0))
await Effect.runPromise(program)
