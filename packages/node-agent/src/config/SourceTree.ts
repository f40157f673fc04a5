/**
 * A configuration before it is checked: plain values, and for each of them where it was written.
 */

/** Where a value was written; one that is in no source is a default. */
export type Origin =
  | { readonly _tag: "File"; readonly file: string; readonly line: number; readonly column: number }
  | { readonly _tag: "Environment"; readonly variable: string }

/** Keys and list positions from the top of the configuration. */
export type Path = ReadonlyArray<PropertyKey>

/** Values, with the places of the values and of their keys by `pathKey`. */
export interface SourceTree {
  readonly value: Record<string, unknown>
  readonly keys: Map<string, Origin>
  readonly origins: Map<string, Origin>
}

/** The key of a path in `SourceTree.origins`. */
export const pathKey = (path: Path): string => path.map(String).join("\u0000")

/** Where the value at the path was written, or the closest value around it; undefined when nothing around it was. */
export const originOf = (origins: ReadonlyMap<string, Origin>, path: Path): Origin | undefined => {
  for (let length = path.length; length >= 0; length--) {
    const origin = origins.get(pathKey(path.slice(0, length)))
    if (origin !== undefined) return origin
  }
  return undefined
}

/** Writes an origin as an editor or a shell understands it: `file:line:column` or the variable's name. */
export const formatOrigin = (origin: Origin): string =>
  origin._tag === "File" ? `${origin.file}:${origin.line}:${origin.column}` : origin.variable

/** Something wrong with a configuration: what, where it was written and what would be right. */
export interface ConfigProblem {
  readonly origin: Origin | undefined
  readonly path: Path
  readonly message: string
}

/** Writes `origin  path: message`, leaving out what is not known. */
export const formatProblem = ({ message, origin, path }: ConfigProblem): string =>
  [
    ...(origin === undefined ? [] : [`${formatOrigin(origin)}  `]),
    ...(path.length === 0 ? [] : [`${path.map(String).join(".")}: `]),
    message
  ].join("")
