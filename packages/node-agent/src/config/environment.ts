/**
 * Environment variables that override the file: `COTERIE_MEMBERSHIP__DEAD_AFTER=8s` sets `membership.deadAfter`.
 *
 * Two underscores separate keys; letter case and single underscores do not matter. A list is written as YAML or JSON.
 * Variables without two underscores are ours only when they name a key at the top; others are left alone, because
 * Kubernetes sets COTERIE_PORT and the like for a service of our name.
 */
import { keysAt, nearestKey, shapeAt } from "./schemaKeys.ts"
import { type ConfigProblem, type Origin, type Path, pathKey, type SourceTree } from "./SourceTree.ts"
import { readYaml } from "./yamlDocument.ts"

const prefix = "COTERIE_"

/** Writes the variables over the tree; a variable that names no key is a problem. */
export const overrideFromEnvironment = (
  tree: SourceTree,
  environment: Readonly<Record<string, string | undefined>>
): ReadonlyArray<ConfigProblem> =>
  Object.entries(environment)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([variable, text]) => (text === undefined ? [] : override(tree, variable, text)))

const override = (tree: SourceTree, variable: string, text: string): ReadonlyArray<ConfigProblem> => {
  if (!variable.startsWith(prefix)) return []
  const segments = variable.slice(prefix.length).split("__")
  const origin: Origin = { _tag: "Environment", variable }
  const path: Array<string> = []
  for (const segment of segments) {
    const found = keyFor(path, segment)
    if (found === undefined)
      return segments.length === 1 ? [] : [{ origin, path: [], message: unknownKey(path, segment) }]
    path.push(found)
  }
  if (segments.length === 1 && shapeAt(path) !== "text" && shapeAt(path) !== "list") return []
  const { problems, value } = parseValue(text, path, origin)
  if (problems.length === 0) assign(tree, path, value, origin)
  return problems
}

const normalise = (word: string): string => word.toLowerCase().replaceAll("_", "")

const keyFor = (path: Path, segment: string): string | undefined =>
  shapeAt(path) === "open" && segment !== ""
    ? segment.toLowerCase()
    : keysAt(path).find((key) => normalise(key) === normalise(segment))

const unknownKey = (path: Path, segment: string): string => {
  const suggestion = nearestKey(normalise(segment), keysAt(path))
  const where = path.length === 0 ? "the configuration" : path.map(String).join(".")
  return `names no key of ${where}${suggestion === undefined ? "" : `; did you mean ${[...path.map(String), suggestion].join(".")}?`}`
}

const parseValue = (
  text: string,
  path: Path,
  origin: Origin
): { readonly value: unknown; readonly problems: ReadonlyArray<ConfigProblem> } => {
  switch (shapeAt(path)) {
    case "switch":
      return { value: text === "true" ? true : text === "false" ? false : text, problems: [] }
    case "list":
    case "section":
    case "open": {
      const { problems, tree } = readYaml(`value: ${text}`, () => origin)
      return {
        value: tree.value["value"] ?? text,
        problems: problems.slice(0, 1).map(({ message }) => ({ origin, path, message }))
      }
    }
    case "text":
    case undefined:
      return { value: text, problems: [] }
  }
}

const assign = (tree: SourceTree, path: ReadonlyArray<string>, value: unknown, origin: Origin): void => {
  let section = tree.value
  for (const key of path.slice(0, -1)) {
    const inner = section[key]
    const next = typeof inner === "object" && inner !== null && !Array.isArray(inner) ? { ...inner } : {}
    section[key] = next
    section = next
  }
  section[path.at(-1) ?? ""] = value
  for (const key of tree.origins.keys())
    if (key.startsWith(`${pathKey(path)}\u0000`)) tree.origins.delete(key)
  tree.origins.set(pathKey(path), origin)
  tree.keys.set(pathKey(path), origin)
}
