/**
 * A process with one node of an election. It prints one JSON line per change of leadership; the input line `resign` makes it hand leadership
 * over, `calls` makes it print how many calls to a lease store it has made; the end of input ends it. Its argument is one JSON object, see
 * `ContenderSettings`.
 */
import { createInterface } from "node:readline"

import { Election } from "@coterie/election"
import { Effect, Metric, Stream } from "effect"

import { contenderElection } from "./contenderElection.ts"
import { keepWriting } from "./keepWriting.ts"
import type { ContenderSettings } from "./settings.ts"

const settings = JSON.parse(process.argv[2] ?? "{}") as ContenderSettings

const tell = (value: unknown) => Effect.sync(() => process.stdout.write(`${JSON.stringify(value)}\n`))

/** Calls of `LeaseElection` to its store, whatever became of them; 0 under another strategy. */
const storeCalls = Effect.map(Metric.snapshot, (metrics) => {
  let calls = 0
  for (const { id, state } of metrics) {
    if (/^lease_election_(iterations|errors)_total$/.test(id) && "count" in state)
      calls += Number(state.count)
  }
  return { calls }
})

const program = Effect.gen(function* () {
  const { changes, resign, self } = yield* Election
  const input = createInterface({ input: process.stdin })
  input.on("line", (line) => {
    if (line === "resign") Effect.runFork(Effect.ignore(resign))
    if (line === "calls") Effect.runFork(Effect.flatMap(storeCalls, tell))
  })
  input.on("close", () => process.exit(0))
  if (settings.resources !== undefined) yield* Effect.forkChild(keepWriting(settings.resources))
  yield* Stream.runForEach(changes, ({ leader, term }) => tell({ self, leader: leader ?? null, term }))
})

await Effect.runPromise(Effect.provide(program, contenderElection(settings)))
