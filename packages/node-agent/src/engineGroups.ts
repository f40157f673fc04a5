/** The drivers of the engines that `backend` or `backends` name. */
import { readFile } from "node:fs/promises"

import { combineGroups, type ConsensusGroups } from "@coterie/election"
import { layerEtcd } from "@coterie/election/engine/etcd"
import { layerNats } from "@coterie/election/engine/nats"
import { layerRqlite } from "@coterie/election/engine/rqlite"
import { Effect, Layer, Redacted } from "effect"

import type { AgentConfig } from "./AgentConfig.ts"
import { AgentFailed } from "./AgentFailed.ts"
import { type Engine, type EngineAt, enginesOf, type Login } from "./config/backendSchema.ts"

/** The name of the group when `url` names the only one. */
const onlyGroup = "default"

/** The groups of all engines, or undefined when the agent looks after none; with several, ids begin with the engine's name. */
export const engineGroups = (
  config: Pick<AgentConfig, "backend" | "backends">
): Layer.Layer<ConsensusGroups, AgentFailed> | undefined => {
  const engines = enginesOf(config).filter(({ engine }) => engine.kind !== "none")
  const [only, ...others] = engines
  if (only === undefined) return undefined
  if (others.length === 0) return driver(only)
  return combineGroups(
    Object.fromEntries(
      engines.map((at) => ["name" in at.engine ? at.engine.name : at.engine.kind, driver(at)])
    )
  )
}

const driver = ({ engine, path }: EngineAt): Layer.Layer<ConsensusGroups, AgentFailed> => {
  const key = path.join(".")
  switch (engine.kind) {
    case "none":
      return failed(key, "names no engine; set kind")
    case "rqlite":
      return Layer.unwrap(Effect.map(rqliteOptions(engine, key), (options) => layerRqlite(options)))
    case "etcd":
      return Layer.unwrap(Effect.map(groupOptions(engine, key), (options) => layerEtcd(options)))
    case "nats":
      return Layer.unwrap(Effect.map(natsOptions(engine, key), (options) => layerNats(options)))
  }
}

const failed = (key: string, detail: string) => Layer.effectContext(new AgentFailed({ key, detail }))

const groupOptions = Effect.fnUntraced(function* (engine: Engine, key: string) {
  const { groups, tls, url } = engine
  const user = yield* userOf(engine, key)
  return {
    groups: url === undefined ? (groups ?? []) : [{ name: onlyGroup, url }],
    ...(user === undefined ? {} : { auth: user }),
    ...(tls === undefined ? {} : { tls: yield* readTls(tls, key) })
  }
})

const rqliteOptions = Effect.fnUntraced(function* (engine: Engine, key: string) {
  const { dataFolder } = engine
  return {
    ...(yield* groupOptions(engine, key)),
    ...(dataFolder === undefined ? {} : { discovery: { folder: dataFolder } })
  }
})

const natsOptions = Effect.fnUntraced(function* (engine: Engine, key: string) {
  const { consumers, servers, system, tls, url = "" } = engine
  const auth = yield* natsLogin(engine, key)
  const systemAuth = system && (yield* natsLogin(system, `${key}.system`))
  return {
    url,
    ...(servers === undefined ? {} : { servers }),
    ...(consumers === undefined ? {} : { consumers }),
    ...(auth === undefined ? {} : { auth }),
    ...(systemAuth === undefined ? {} : { system: systemAuth }),
    ...(tls === undefined ? {} : { tls: yield* readTls(tls, key) })
  }
})

const natsLogin = Effect.fnUntraced(function* (login: Login, key: string) {
  const { credentials_file, token } = login
  yield* refuseUnread(login, "token", key)
  if (token !== undefined) return { token }
  return credentials_file === undefined
    ? yield* userOf(login, key)
    : { credentials: Redacted.make(yield* readArmoured(credentials_file, `${key}.credentials_file`)) }
})

const userOf = Effect.fnUntraced(function* (login: Login, key: string) {
  const { password, username } = login
  yield* refuseUnread(login, "password", key)
  return username === undefined || password === undefined ? undefined : { username, password }
})

/** `loadConfig` reads these files; a configuration that was made in code has the secret itself. */
const refuseUnread = (login: Login, secret: "password" | "token", key: string) =>
  login[`${secret}_file`] !== undefined && login[secret] === undefined
    ? Effect.fail(
        new AgentFailed({
          key: `${key}.${secret}_file`,
          detail: `is read by loadConfig only; give ${secret} in code`
        })
      )
    : Effect.void

const readTls = Effect.fnUntraced(function* (
  { ca, cert, key: clientKey, verify }: NonNullable<Engine["tls"]>,
  key: string
) {
  return {
    rejectUnauthorized: verify,
    ...(ca === undefined ? {} : { ca: yield* readArmoured(ca, `${key}.tls.ca`) }),
    ...(cert === undefined ? {} : { cert: yield* readArmoured(cert, `${key}.tls.cert`) }),
    ...(clientKey === undefined
      ? {}
      : { key: Redacted.make(yield* readArmoured(clientKey, `${key}.tls.key`)) })
  }
})

/** Certificates, keys and credentials are text between lines of dashes. */
const readArmoured = (file: string, key: string) =>
  Effect.tryPromise({
    try: () => readFile(file, "utf8"),
    catch: () => new AgentFailed({ key, detail: `cannot read ${file}` })
  }).pipe(
    Effect.filterOrFail(
      (text) => text.includes("-----BEGIN "),
      () => new AgentFailed({ key, detail: `${file} holds no -----BEGIN line` })
    )
  )
