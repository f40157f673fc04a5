/** The keys of the engines beside an agent. */
import { Schema } from "effect"

import {
  EngineUrl,
  FilePath,
  HttpOrigin,
  matching,
  name,
  NatsUrl,
  oneOf,
  optional,
  required,
  Secret,
  section,
  Switch,
  withDefault
} from "./configValues.ts"

const Group = section({
  name: required(name(128), "Name of the group in status, metrics and decisions."),
  url: required(HttpOrigin, "HTTP address of the group's local engine node.")
})

const Tls = section({
  ca: optional(FilePath, "PEM file of the authorities that may sign the engine's certificate."),
  cert: optional(FilePath, "PEM file of this client's certificate."),
  key: optional(FilePath, "PEM file of this client's key."),
  verify: withDefault(Switch, true, "Refuse a certificate that does not verify.")
})

/** Who asks an engine: a user, or with NATS a token or credentials. */
const login = {
  username: optional(
    matching(/^[^:\s]{1,256}$/, "1 to 256 characters without spaces and colons"),
    "User name for the engine."
  ),
  password: optional(Secret, "Password for the engine; prefer `password_file`."),
  password_file: optional(FilePath, "File that holds the password; one trailing line break is dropped."),
  token: optional(Secret, "nats: token, in place of a user; prefer `token_file`."),
  token_file: optional(FilePath, "nats: file that holds the token; one trailing line break is dropped."),
  credentials_file: optional(FilePath, "nats: file with a JWT and its key (`.creds`), in place of a user.")
}
const Login = section(login)
/** Who asks an engine. */
export type Login = typeof Login.Type

const engineFields = {
  url: optional(
    EngineUrl,
    "Address of the local engine node; with rqlite and etcd for one group named `default`."
  ),
  groups: optional(
    Schema.Array(Group).check(Schema.isMaxLength(1000)),
    "rqlite, etcd: several groups, each with its local engine node, in place of `url`."
  ),
  dataFolder: optional(
    FilePath,
    "rqlite: folder in which `*/cluster-state.json` records name the groups; looked through before every pass."
  ),
  servers: optional(
    Schema.Array(NatsUrl).check(Schema.isMaxLength(1000)),
    "nats: further servers of the cluster, to probe those that the local one does not advertise."
  ),
  consumers: optional(
    Switch,
    "nats: whether replicated consumers are groups too, beside streams; the default is true."
  ),
  ...login,
  system: optional(
    Login,
    "nats: the system account, by the keys from `username` to `credentials_file`; adds terms, and the group `meta`."
  ),
  tls: optional(Tls, "TLS to the engine; needed for private authorities and client certificates only.")
}

/** The only engine beside an agent. */
export const Backend = section({
  kind: withDefault(
    oneOf("none", "rqlite", "etcd", "nats"),
    "none",
    "The engine whose groups this agent looks after."
  ),
  ...engineFields
})

/** One of several engines beside an agent. */
export const NamedBackend = section({
  name: required(
    matching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$/, "1 to 32 letters, digits and ._-"),
    "Name of the engine; with several, the ids of its groups begin with it, as in `jobs/stream/ORDERS`."
  ),
  kind: required(oneOf("rqlite", "etcd", "nats"), "Which engine; its other keys are those of `backend`."),
  ...engineFields
})

/** An engine's keys, whatever its kind. */
export type Engine = typeof Backend.Type | typeof NamedBackend.Type

/** An engine, and the path of its section in the configuration. */
export interface EngineAt {
  readonly path: ReadonlyArray<string | number>
  readonly engine: Engine
}

/** Every engine, and the section `backend` even when it names none. */
export const enginesOf = (config: {
  readonly backend: typeof Backend.Type
  readonly backends: ReadonlyArray<typeof NamedBackend.Type>
}): ReadonlyArray<EngineAt> => [
  { path: ["backend"], engine: config.backend },
  ...config.backends.map((engine, index) => ({ path: ["backends", index], engine }))
]
