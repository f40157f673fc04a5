/** The driver of the engine that `backend` names. */
import { readFile } from "node:fs/promises"

import type { ConsensusGroups } from "@coterie/election"
import { layerRqlite, type RqliteOptions } from "@coterie/election/engine/rqlite"
import { Effect, Layer, Redacted } from "effect"

import type { AgentConfig } from "./AgentConfig.ts"
import { AgentFailed } from "./AgentFailed.ts"

type Backend = AgentConfig["backend"]

/** The name of the group when `backend.url` names the only one. */
const onlyGroup = "default"

/** The engine's groups, or undefined when the agent looks after no engine. */
export const engineGroups = (backend: Backend): Layer.Layer<ConsensusGroups, AgentFailed> | undefined =>
  backend.kind === "none"
    ? undefined
    : Layer.unwrap(Effect.map(rqliteOptions(backend), (options) => layerRqlite(options)))

const rqliteOptions = Effect.fnUntraced(function* ({
  dataFolder,
  groups,
  password,
  password_file,
  tls,
  url,
  username
}: Backend) {
  if (password_file !== undefined && password === undefined)
    return yield* new AgentFailed({
      key: "backend.password_file",
      detail: "is read by loadConfig only; give password in code"
    })
  return {
    groups: url === undefined ? (groups ?? []) : [{ name: onlyGroup, url }],
    ...(dataFolder === undefined ? {} : { discovery: { folder: dataFolder } }),
    ...(username === undefined || password === undefined ? {} : { auth: { username, password } }),
    ...(tls === undefined ? {} : { tls: yield* readTls(tls) })
  } satisfies (typeof RqliteOptions)["~type.make.in"]
})

const readTls = Effect.fnUntraced(function* ({ ca, cert, key, verify }: NonNullable<Backend["tls"]>) {
  return {
    rejectUnauthorized: verify,
    ...(ca === undefined ? {} : { ca: yield* readPem("ca", ca) }),
    ...(cert === undefined ? {} : { cert: yield* readPem("cert", cert) }),
    ...(key === undefined ? {} : { key: Redacted.make(yield* readPem("key", key)) })
  }
})

const readPem = (key: string, file: string) =>
  Effect.tryPromise({
    try: () => readFile(file, "utf8"),
    catch: () => new AgentFailed({ key: `backend.tls.${key}`, detail: `cannot read ${file}` })
  }).pipe(
    Effect.filterOrFail(
      (text) => text.includes("-----BEGIN "),
      () => new AgentFailed({ key: `backend.tls.${key}`, detail: `${file} is no PEM file` })
    )
  )
