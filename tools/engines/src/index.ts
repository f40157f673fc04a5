/** Real engines for tests and trials: find them, start them in a scope, hurt them, gate suites on them. */
export { type EngineName, type EngineProgram, engineNames, engines } from "./Engine.ts"
export { EngineMissing, type EngineStartError, EngineStartFailed } from "./EngineError.ts"
export { type EngineNode } from "./EngineNode.ts"
export { freePorts, portMax, portMin } from "./freePorts.ts"
export { type HttpAnswer, httpAnswer, type HttpQuestion, type TlsFiles } from "./httpAnswer.ts"
export { type LaunchOptions } from "./launchCluster.ts"
export { locate, locateCommand, locateCompanion, type LocateWorld, version } from "./locate.ts"
export { type NotYet, type PollOptions, PollTimeout, pollUntil } from "./pollUntil.ts"
export { type Capability, type Gate, missingFor, requireCapability, requireEngine } from "./requireEngine.ts"
export {
  type EtcdCluster,
  type EtcdClusterOptions,
  type EtcdNode,
  type EtcdPlacement,
  startEtcdCluster
} from "./engine/etcd.ts"
export {
  type NatsCluster,
  type NatsClusterOptions,
  type NatsPlacement,
  type NatsUser,
  startNatsCluster
} from "./engine/nats.ts"
export { type Postgres, type PostgresOptions, startPostgres } from "./engine/postgres.ts"
export { type RedisCluster, type RedisClusterOptions, startRedisCluster } from "./engine/redis.ts"
export {
  type RqliteCluster,
  type RqliteClusterOptions,
  type RqliteNode,
  type RqlitePlacement,
  type RqliteUser,
  startRqliteCluster
} from "./engine/rqlite.ts"
