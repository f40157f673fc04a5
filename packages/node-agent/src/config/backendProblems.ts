/** The rules for the engines beside an agent: which keys an engine takes, and which go together. */
import type { Schema } from "effect"

import type { AgentConfig } from "../AgentConfig.ts"
import { type Engine, type EngineAt, enginesOf, type Login } from "./backendSchema.ts"

type Path = ReadonlyArray<string | number>
type Problems = ReadonlyArray<Schema.FilterIssue>

/** Keys that not every engine takes, and those that do. */
const takers = {
  groups: ["rqlite", "etcd"],
  dataFolder: ["rqlite"],
  servers: ["nats"],
  consumers: ["nats"],
  token: ["nats"],
  token_file: ["nats"],
  credentials_file: ["nats"],
  system: ["nats"]
} as const

const sources = ["url", "groups", "dataFolder"] as const

/** What is wrong with engines whose keys are right one by one. */
export const backendProblems = (config: AgentConfig): Problems => [
  ...(config.backend.kind !== "none" && config.backends.length > 0
    ? [{ path: ["backends"], issue: "cannot be combined with backend; move that engine into this list" }]
    : []),
  ...repeated(config.backends, (index) => ["backends", index, "name"]),
  ...enginesOf(config).flatMap(engineProblems)
]

const engineProblems = ({ engine, path }: EngineAt): Problems => {
  if (engine.kind === "none") return unusedKeys(engine, path)
  return [
    ...strangeKeys(engine, path),
    ...sourceProblems(engine, path),
    ...urlProblems(engine, path),
    ...repeated(engine.groups ?? [], (index) => [...path, "groups", index, "name"]),
    ...loginProblems(engine, path),
    ...(engine.system === undefined ? [] : systemProblems(engine.system, [...path, "system"])),
    ...(engine.tls !== undefined && (engine.tls.cert === undefined) !== (engine.tls.key === undefined)
      ? [{ path: [...path, "tls"], issue: "needs cert and key together" }]
      : [])
  ]
}

const unusedKeys = (engine: Engine, path: Path): Problems =>
  Object.keys(engine)
    .filter((key) => key !== "kind")
    .map((key) => ({
      path: [...path, key],
      issue: 'is not used while backend.kind is "none"; set kind: rqlite, etcd or nats'
    }))

const strangeKeys = (engine: Engine, path: Path): Problems =>
  Object.entries(takers).flatMap(([key, kinds]) =>
    key in engine && !kinds.some((kind) => kind === engine.kind)
      ? [
          {
            path: [...path, key],
            issue: `is a key of ${kinds.join(" and ")}, and the kind is ${engine.kind}`
          }
        ]
      : []
  )

const sourceProblems = (engine: Engine, path: Path): Problems => {
  const named = sources.filter((source) => engine[source] !== undefined)
  if (named.length > 0) {
    return named
      .slice(1)
      .map((source) => ({ path: [...path, source], issue: `cannot be combined with ${named[0]}` }))
  }
  const needed = { rqlite: "one of url, groups or dataFolder", etcd: "url or groups", nats: "url" }
  return engine.kind === "none" ? [] : [{ path, issue: `needs ${needed[engine.kind]}` }]
}

const urlProblems = ({ kind, url }: Engine, path: Path): Problems => {
  if (url === undefined || url.startsWith("http") === (kind !== "nats")) return []
  const right = kind === "nats" ? "nats://127.0.0.1:4222" : "http://127.0.0.1:4001"
  return [{ path: [...path, "url"], issue: `is no address of ${kind}, which would be such as ${right}` }]
}

const loginProblems = (login: Login, path: Path): Problems => {
  const { credentials_file, password, password_file, token, token_file, username } = login
  const hasPassword = (password ?? password_file) !== undefined
  const ways = [
    ["username", username !== undefined || hasPassword],
    ["token", (token ?? token_file) !== undefined],
    ["credentials_file", credentials_file !== undefined]
  ].flatMap(([way, isGiven]) => (isGiven === true ? [String(way)] : []))
  return [
    ...ways.slice(1).map((way) => ({ path: [...path, way], issue: `cannot be combined with ${ways[0]}` })),
    ...(["password", "token"] as const).flatMap((secret) =>
      login[secret] !== undefined && login[`${secret}_file`] !== undefined
        ? [{ path: [...path, secret], issue: `cannot be combined with ${secret}_file; keep the file` }]
        : []
    ),
    ...(hasPassword && username === undefined
      ? [{ path: [...path, "username"], issue: "is required with a password" }]
      : []),
    ...(!hasPassword && username !== undefined
      ? [{ path: [...path, "password_file"], issue: "is required with a user name" }]
      : [])
  ]
}

const systemProblems = (system: Login, path: Path): Problems =>
  Object.keys(system).length === 0
    ? [{ path, issue: "needs username and password_file, token_file or credentials_file" }]
    : loginProblems(system, path)

const repeated = (named: ReadonlyArray<{ readonly name: string }>, at: (index: number) => Path): Problems => {
  const names = named.map(({ name }) => name)
  return names.flatMap((name, index) =>
    names.indexOf(name) < index ? [{ path: at(index), issue: `"${name}" is listed twice` }] : []
  )
}
