/** `coterie agent`: runs until it is asked to stop, then drains and ends with exit code 0. */
import { Context, Duration, Effect, Exit, Layer, Scope } from "effect"

import { Agent } from "../Agent.ts"
import { AgentBlocks } from "../AgentBlocks.ts"
import type { AgentConfig } from "../AgentConfig.ts"
import { ApiServer } from "../api/ApiServer.ts"
import { isLoopback } from "../config/configValues.ts"
import { type ConfigSources, loadConfig } from "../config/loadConfig.ts"
import { membershipMode } from "../config/membershipMode.ts"
import { hasVote } from "../config/ownVote.ts"
import { drainFully } from "../drain.ts"
import { Health } from "../Health.ts"
import { jsonLogs } from "../logging/jsonLogs.ts"
import { version } from "../version.ts"
import { configFailure } from "./configCommands.ts"
import { CliFailure, exitCode } from "./exit.ts"
import { StopSignal } from "./StopSignal.ts"

/** Runs an agent. Fails with exit code 9 for a wrong configuration, and with 1 when it cannot start. */
export const runAgent = Effect.fnUntraced(function* (sources: ConfigSources) {
  const { config } = yield* loadConfig(sources).pipe(Effect.catch(({ problems }) => configFailure(problems)))
  yield* run(config).pipe(Effect.provide(jsonLogs(config)))
})

const run = Effect.fnUntraced(function* (config: AgentConfig) {
  const stop = yield* StopSignal
  const stopAsked = yield* stop.claim
  const scope = yield* Scope.make()
  const agent = yield* Layer.buildWithScope(Agent.layer(config), scope).pipe(
    Effect.mapError((error) => new CliFailure({ code: exitCode.internal, detail: error.message }))
  )
  yield* sayStarted.pipe(Effect.provide(agent))
  const signal = yield* stopAsked
  yield* Effect.logInfo("stopping", { event: "agent.stopping", signal })
  yield* stop.endWithin(Duration.toMillis(config.drain.deadline), exitCode.internal)
  yield* drainFully.pipe(Effect.provide(agent))
  yield* Context.get(agent, Health).stop
  yield* Scope.close(scope, Exit.void)
  yield* Effect.logInfo("stopped", { event: "agent.stopped" })
})

const sayStarted = Effect.gen(function* () {
  const { config, consensusGroups, election, locality, rebalancer } = yield* AgentBlocks
  const { url } = yield* ApiServer
  yield* Effect.logInfo("started", {
    event: "agent.started",
    version,
    api: url,
    membership: membershipMode(config),
    peers: config.membership.peers.length,
    election: election === undefined ? "none" : config.election.strategy,
    votes: election !== undefined && hasVote(config),
    backend: consensusGroups?.engine ?? "none",
    locality: locality?.options.mode ?? "off",
    rebalancer: rebalancer === undefined ? "off" : "on"
  })
  if (!isLoopback(config.peer.listen.host)) yield* warnOfPlainPeers(config)
})

const warnOfPlainPeers = (config: AgentConfig): Effect.Effect<void> => {
  const isSwim = membershipMode(config) === "swim"
  if (isSwim && config.membership.plaintext !== true) return Effect.void
  const how = isSwim ? "trusted without keys" : "heard without TLS"
  return Effect.logWarning(`peers are ${how}; keep peer.listen on a network that only they reach`, {
    event: "insecure.peer"
  })
}
