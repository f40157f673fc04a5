/** Where this node keeps what must survive a restart. */
import { constants } from "node:fs"
import { access, mkdir } from "node:fs/promises"
import { resolve } from "node:path"

import { Config, Effect } from "effect"
import { UserDirectories } from "effect/persistence"

import type { AgentConfig } from "./AgentConfig.ts"
import { AgentFailed } from "./AgentFailed.ts"

/**
 * This node's own folder below `node.stateFolder`, made when it is missing, for this user only. Fails with `AgentFailed` when it cannot be made
 * or written: whoever finds that out later has joined an election already.
 */
export const openStateFolder = Effect.fn("openStateFolder")(function* ({ cluster, node }: AgentConfig) {
  const folder = resolve(node.stateFolder ?? (yield* defaultFolder), cluster, fileName(node.id))
  yield* attempt(`cannot make ${folder}`, () => mkdir(folder, { recursive: true, mode: 0o700 }))
  yield* attempt(`cannot write into ${folder}`, () =>
    access(folder, constants.R_OK | constants.W_OK | constants.X_OK)
  )
  return folder
})

/** The folder that systemd made for this service, the first where there are several; else where this user keeps the state of programs. */
const defaultFolder = Effect.gen(function* () {
  const [ofService] = (yield* Config.withDefault(Config.String("STATE_DIRECTORY"), "")).split(":")
  return ofService === undefined || ofService === ""
    ? yield* UserDirectories.make().state("coterie")
    : ofService
}).pipe(
  Effect.mapError(({ message }) => stateFolderFailed(`is not set, and there is no default: ${message}`))
)

/** A node id as a file name; it may hold slashes, or be two dots. */
const fileName = (id: string): string =>
  encodeURIComponent(id).replace(/^\.+$/, (dots) => "%2E".repeat(dots.length))

const attempt = (failure: string, run: () => Promise<unknown>) =>
  Effect.tryPromise({
    try: run,
    catch: (cause) => {
      const code = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause)
      return stateFolderFailed(`${failure}: ${reasons[code] ?? code}`)
    }
  })

const reasons: Readonly<Record<string, string>> = {
  EACCES: "this user may not",
  EEXIST: "something of that name is no folder",
  ENOTDIR: "a part of the path is no folder",
  EROFS: "the file system is read-only",
  ENOSPC: "the disk is full"
}

/** `detail` says what is wrong; what would be right is the same for all of it. */
const stateFolderFailed = (detail: string): AgentFailed =>
  new AgentFailed({
    key: "node.stateFolder",
    detail: `${detail}; name a folder that this user can write and that survives restarts`
  })
