/**
 * A process with one node of a leased quorum election over HTTP. It prints one JSON line per change of leadership; the input line `resign`
 * makes it hand leadership over, the end of input ends it. Its argument is one JSON object, see `ContenderSettings`.
 */
import { createInterface } from "node:readline"

import { Election, FilePromiseStore, HeartbeatLeaseTransport, LeasedQuorumElection } from "@coterie/election"
import { HeartbeatMembership } from "@coterie/membership"
import { HttpTransport } from "@coterie/membership/transport/http"
import { Duration, Effect, Layer, Random, Stream } from "effect"

import { FencedRow } from "./fencedRow.ts"
import type { ContenderSettings } from "./settings.ts"

const settings = JSON.parse(process.argv[2] ?? "{}") as ContenderSettings
const { heartbeatMillis, leaseMillis } = settings.timing
const own = settings.peers.find(({ id }) => id === settings.self)

const election = LeasedQuorumElection.layer({
  lease: Duration.millis(leaseMillis),
  guard: Duration.millis(leaseMillis * 0.05 + 1),
  defer: Duration.millis(heartbeatMillis / 2),
  poll: Duration.millis(heartbeatMillis / 10)
}).pipe(
  Layer.provide(HeartbeatLeaseTransport.layer),
  Layer.provide(FilePromiseStore.layer(settings.promiseFile)),
  Layer.provide(
    HeartbeatMembership.layer({
      cluster: "bench",
      self: settings.self,
      peers: settings.peers.map(({ host, id, port }) => ({ id, address: `http://${host}:${port}` })),
      interval: Duration.millis(heartbeatMillis),
      deadAfter: Duration.millis(leaseMillis)
    })
  ),
  Layer.provide(
    HttpTransport.layerListening({ listen: { host: own?.host ?? "127.0.0.1", port: own?.port ?? 0 } })
  )
)

const tell = (value: unknown) => Effect.sync(() => process.stdout.write(`${JSON.stringify(value)}\n`))

/** Writes the fenced row whenever this node leads. Between the check and the write there is time for a fault. */
const keepWriting = Effect.fnUntraced(function* (row: FencedRow) {
  const { isLeader, leadership, self } = yield* Election
  const write = Effect.gen(function* () {
    const { term } = yield* leadership
    if (!(yield* isLeader)) return
    yield* Effect.sleep(Duration.millis(yield* Random.nextIntBetween(0, 20)))
    row.write(self, term)
  })
  return yield* Effect.forever(Effect.delay(write, "5 millis"))
})

const program = Effect.gen(function* () {
  const { changes, resign, self } = yield* Election
  const input = createInterface({ input: process.stdin })
  input.on("line", (line) => {
    if (line === "resign") Effect.runFork(Effect.ignore(resign))
  })
  input.on("close", () => process.exit(0))
  if (settings.resourceFile !== undefined)
    yield* Effect.forkChild(keepWriting(new FencedRow(settings.resourceFile)))
  yield* Stream.runForEach(changes, ({ leader, term }) => tell({ self, leader: leader ?? null, term }))
})

await Effect.runPromise(Effect.provide(program, election))
