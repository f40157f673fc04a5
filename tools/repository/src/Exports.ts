/** Finds exported declarations and their doc comments in a TypeScript source, by its text (TypeScript 7 has no parser to import). */

/** An exported declaration without a doc comment directly above it. */
export interface UndocumentedExport {
  readonly line: number
  readonly name: string
}

const declaration =
  /^export (?:declare )?(?:abstract )?(?:async )?(?:const|let|function\*?|class|interface|type|namespace) (\w+)/

/** Exported declarations of a source that lack a doc comment; re-exports and overloads of a documented name are left out. */
export const undocumentedExports = (source: string): ReadonlyArray<UndocumentedExport> => {
  const lines = source.split("\n")
  const documented = new Set<string>()
  const missing: Array<UndocumentedExport> = []
  lines.forEach((line, index) => {
    const name = declaration.exec(line)?.[1]
    if (name === undefined) return
    if ((lines[index - 1] ?? "").trimEnd().endsWith("*/")) documented.add(name)
    else if (!documented.has(name)) missing.push({ line: index + 1, name })
  })
  return missing
}

/** Service classes of a source and their keys. */
export const services = (source: string): ReadonlyArray<{ readonly name: string; readonly key: string }> =>
  [...source.matchAll(/class (\w+) extends Context\.Service<[\s\S]*?>\(\)\(\s*"([^"]+)"/g)].map((match) => ({
    name: match[1] ?? "",
    key: match[2] ?? ""
  }))
