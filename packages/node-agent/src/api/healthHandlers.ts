/**
 * Probes and drain.
 *
 * A probe answers from memory; its status code is the answer, the body says why.
 */
import { Duration, Effect } from "effect"
import { HttpRouter, HttpServerResponse } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"

import { AgentBlocks } from "../AgentBlocks.ts"
import { beginDrain, cancelDrain } from "../drain.ts"
import { type DrainState, Health } from "../Health.ts"
import { AgentApi } from "./AgentApi.ts"
import { refuseForeignCaller } from "./refuseForeignCaller.ts"
import type { Check, DrainReport, HealthReport } from "./responses.ts"

const answer = (report: HealthReport) =>
  HttpServerResponse.jsonUnsafe(report, {
    status: report.status === "ok" ? 200 : 503,
    headers: { "cache-control": "no-store" }
  })

const failedUnless = (checks: ReadonlyArray<Check>): HealthReport => ({
  status: checks.every(({ ok }) => ok) ? "ok" : "failed",
  checks
})

/** The probes of this node. */
const makeProbes = Effect.gen(function* () {
  const health = yield* Health
  const { membership } = yield* AgentBlocks
  const startup = Effect.map(health.startup, (phase): HealthReport => {
    const checks = [{ name: "startup", ok: phase === undefined }]
    return phase === undefined ? { status: "ok", checks } : { status: "starting", phase, checks }
  })
  const ready = Effect.gen(function* () {
    const started = yield* startup
    const drain = yield* health.drainState
    const members = yield* membership.members
    const checks = [
      ...started.checks,
      { name: "not-draining", ok: drain._tag === "Serving" },
      { name: "alive", ok: members.some(({ id, state }) => id === membership.self && state === "alive") }
    ]
    if (started.status !== "ok") return { ...started, checks }
    return drain._tag === "Serving" ? failedUnless(checks) : { status: "draining" as const, checks }
  })
  return {
    live: Effect.map(Effect.map(health.liveness, failedUnless), answer),
    startup: Effect.map(startup, answer),
    ready: Effect.map(ready, answer)
  }
})

const drainReport = (state: DrainState): DrainReport => {
  const schema = "drain/v1"
  switch (state._tag) {
    case "Serving":
      return { schema, state: "serving" }
    case "Draining":
      return { schema, state: "draining", elapsedMs: Duration.toMillis(state.elapsed) }
    case "Drained":
      return { schema, state: "drained", elapsedMs: Duration.toMillis(state.elapsed) }
  }
}

/** The paths under which orchestrators and load balancers also look for a probe. */
const aliases = {
  live: ["/livez", "/liveness"],
  startup: ["/startupz"],
  ready: ["/healthz", "/readyz", "/readiness"]
} as const

/** Answers the same probes under their other names, and to OPTIONS, which some load balancers send; HEAD follows GET. */
export const probeAliases = HttpRouter.use(
  Effect.fnUntraced(function* (router) {
    const probes = yield* makeProbes
    const health = yield* Health
    const drainState = Effect.map(health.drainState, (state) =>
      HttpServerResponse.jsonUnsafe(drainReport(state))
    )
    yield* router.add("OPTIONS", "/health/drain", drainState)
    for (const name of ["live", "startup", "ready"] as const) {
      yield* router.add("OPTIONS", `/health/${name}`, probes[name])
      for (const path of aliases[name]) {
        yield* router.add("GET", path, probes[name])
        yield* router.add("OPTIONS", path, probes[name])
      }
    }
  })
)

/** Answers the group `health` of the API. */
export const healthHandlers = HttpApiBuilder.group(AgentApi, "health", (handlers) =>
  Effect.gen(function* () {
    const probes = yield* makeProbes
    const health = yield* Health
    const { config } = yield* AgentBlocks
    const blocks = yield* Effect.context<AgentBlocks | Health>()
    const mayChange = refuseForeignCaller(config.api.allowRemoteDrain)
    return handlers.handleAll({
      live: () => probes.live,
      startup: () => probes.startup,
      ready: () => probes.ready,
      drainState: () => Effect.map(health.drainState, drainReport),
      drain: Effect.fnUntraced(function* () {
        yield* mayChange
        yield* Effect.provideContext(beginDrain, blocks)
        return drainReport(yield* health.drainState)
      }),
      cancelDrain: Effect.fnUntraced(function* () {
        yield* mayChange
        yield* Effect.provideContext(cancelDrain, blocks)
        return drainReport(yield* health.drainState)
      })
    })
  })
)
