/**
 * Reads a YAML 1.2 (or JSON) file into values with positions.
 *
 * What the file may hold is bounded before it is looked at: number of values, depth, and no aliases, which could multiply it.
 */
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument
} from "yaml"

import { type ConfigProblem, type Origin, type Path, pathKey, type SourceTree } from "./SourceTree.ts"

const depthMax = 16
const valuesMax = 10_000
/** One broken bracket makes many follow-up errors; the first ones tell. */
const syntaxErrorsMax = 10
const tooDeep = "is nested too deeply"

interface Reading {
  readonly position: (offset: number) => Origin
  readonly tree: SourceTree
  readonly problems: Array<ConfigProblem>
  values: number
}

/** Reads the text of `file`; problems are in the order of the file. */
export const readYaml = (
  text: string,
  position: (line: number, column: number) => Origin
): { readonly tree: SourceTree; readonly problems: ReadonlyArray<ConfigProblem> } => {
  const lines = new LineCounter()
  const at = (offset: number): Origin => {
    const { col, line } = lines.linePos(offset)
    return position(Math.max(line, 1), Math.max(col, 1))
  }
  const tree: SourceTree = { value: {}, keys: new Map(), origins: new Map([[pathKey([]), position(1, 1)]]) }
  const document = parseBounded(text, lines)
  if (document === undefined)
    return { tree, problems: [{ origin: position(1, 1), path: [], message: tooDeep }] }
  const syntax = document.errors
    .slice(0, syntaxErrorsMax)
    .map((error) => ({ origin: at(error.pos[0]), path: [], message: syntaxMessage(error.message) }))
  if (syntax.length > 0) return { tree, problems: syntax }
  const reading: Reading = { position: at, tree, problems: [], values: 0 }
  if (document.contents !== null) {
    const value = readNode(reading, document.contents, [])
    if (isRecord(value)) Object.assign(tree.value, value)
    else if (value !== undefined && reading.problems.length === 0)
      reading.problems.push({
        origin: position(1, 1),
        path: [],
        message: 'expected keys at the top, such as "cluster: prod"'
      })
  }
  return { tree, problems: reading.problems }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** The parser recurses: a hostile depth overflows its stack, which it throws or reports; undefined then. */
const parseBounded = (text: string, lineCounter: LineCounter): Document | undefined => {
  try {
    const document = parseDocument(text, {
      lineCounter,
      version: "1.2",
      prettyErrors: false,
      logLevel: "error"
    })
    return document.errors.some(({ message }) => message.includes("call stack")) ? undefined : document
  } catch {
    return undefined
  }
}

/** The parser's message without the piece of the file that it quotes, which may be a secret. */
const syntaxMessage = (message: string): string =>
  `is not valid YAML: ${message.replace(/: ?["'`][\s\S]*$/, "")}`

const refuse = (reading: Reading, node: Node, path: Path, message: string): undefined => {
  reading.problems.push({ origin: reading.position(node.range?.[0] ?? 0), path, message })
  return undefined
}

const readNode = (reading: Reading, node: Node, path: Path): unknown => {
  reading.values += 1
  if (reading.values === valuesMax) return refuse(reading, node, path, `more than ${valuesMax} values`)
  if (reading.values > valuesMax) return undefined
  if (path.length > depthMax) return refuse(reading, node, path, tooDeep)
  if (node.range && path.length > 0) reading.tree.origins.set(pathKey(path), reading.position(node.range[0]))
  if (isAlias(node)) return refuse(reading, node, path, "is an alias; write the value out")
  if (isSeq<Node | null>(node))
    return node.items.map((item, index) =>
      item === null ? undefined : readNode(reading, item, [...path, index])
    )
  if (isMap<Node, Node | null>(node)) return readMap(reading, node.items, path)
  // An empty value, as in "locality:" with every line below commented out, stands for the default.
  return isScalar(node) ? (node.value ?? undefined) : refuse(reading, node, path, "is no value")
}

const polluting = new Set(["__proto__", "constructor", "prototype"])

const readMap = (reading: Reading, pairs: ReadonlyArray<Pair<Node, Node | null>>, path: Path): unknown => {
  const record: Record<string, unknown> = {}
  for (const { key, value } of pairs) {
    if (!isScalar(key) || typeof key.value !== "string") {
      refuse(reading, key, path, "expected a key that is text; put it in quotes")
    } else if (polluting.has(key.value)) {
      refuse(reading, key, [...path, key.value], "is not allowed as a key")
    } else {
      const at = [...path, key.value]
      if (key.range) reading.tree.keys.set(pathKey(at), reading.position(key.range[0]))
      const read = value === null ? undefined : readNode(reading, value, at)
      if (read !== undefined) record[key.value] = read
    }
  }
  return record
}
