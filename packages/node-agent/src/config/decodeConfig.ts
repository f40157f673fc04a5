/**
 * Checks a source tree against the schema and words what is wrong for the operator who wrote it.
 */
import { Result, Schema, SchemaIssue } from "effect"

import { AgentConfig } from "../AgentConfig.ts"
import { membershipMode } from "./membershipMode.ts"
import { keysAt, nearestKey } from "./schemaKeys.ts"
import { type ConfigProblem, originOf, type Path, pathKey, type SourceTree } from "./SourceTree.ts"

const decodeAgentConfig = Schema.decodeUnknownResult(AgentConfig, {
  errors: "all",
  onExcessProperty: "error"
})

const unknownKey = "unknown key"

const formatIssue = SchemaIssue.makeFormatterStandardSchemaV1({
  leafHook: (issue) => (issue._tag === "UnexpectedKey" ? unknownKey : SchemaIssue.defaultLeafHook(issue))
})

/** The configuration, or everything that is wrong with it in the order of the schema, one problem per key. */
export const decodeConfig = (tree: SourceTree): Result.Result<AgentConfig, ReadonlyArray<ConfigProblem>> =>
  Result.mapBoth(decodeAgentConfig(tree.value), {
    onSuccess: withMode,
    onFailure: ({ issue }) => {
      const seen = new Set<string>()
      return formatIssue(issue).issues.flatMap(({ message, path: at = [] }) => {
        const path = at.map((segment) => (typeof segment === "object" ? segment.key : segment))
        if (seen.has(pathKey(path))) return []
        seen.add(pathKey(path))
        return [problemAt(tree, path, message)]
      })
    }
  })

/** The mode that follows from other keys, written out, so that `config show` has it. */
const withMode = (config: AgentConfig): AgentConfig => ({
  ...config,
  membership: { mode: membershipMode(config), ...config.membership }
})

const problemAt = (tree: SourceTree, path: Path, message: string): ConfigProblem =>
  message === unknownKey
    ? {
        origin: tree.keys.get(pathKey(path)) ?? originOf(tree.origins, path),
        path,
        message: `${unknownKey}${suggestion(path)}`
      }
    : { origin: originOf(tree.origins, path), path, message: `${message}${got(tree, path, message)}` }

const suggestion = (path: Path): string => {
  const allowed = keysAt(path.slice(0, -1))
  const nearest = nearestKey(String(path.at(-1)), allowed)
  return nearest === undefined ? `; known here: ${allowed.join(", ")}` : `; did you mean ${nearest}?`
}

const secretName = /password|secret|token|keys?$/i

/** The value as written, when it helps and is no secret. */
const got = (tree: SourceTree, path: Path, message: string): string => {
  if (!message.startsWith("expected") || path.some((segment) => secretName.test(String(segment)))) return ""
  const value = path.reduce<unknown>(
    (inner, segment) =>
      typeof inner === "object" && inner !== null ? Reflect.get(inner, segment) : undefined,
    tree.value
  )
  if (typeof value === "object" || value === undefined) return ""
  const shown = JSON.stringify(value).replace(/\/\/[^/@\s]*@/, "//***@")
  return `, got ${shown.length > 60 ? `${shown.slice(0, 60)}...` : shown}`
}
