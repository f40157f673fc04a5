/**
 * What the schema allows at a path: which keys, and what shape of value.
 */
import { Schema, SchemaAST } from "effect"

import { AgentConfig } from "../AgentConfig.ts"
import type { Path } from "./SourceTree.ts"

const root = Schema.toEncoded(AgentConfig).ast

const child = (ast: SchemaAST.AST | undefined, segment: PropertyKey): SchemaAST.AST | undefined => {
  if (ast === undefined) return undefined
  if (SchemaAST.isArrays(ast)) return ast.rest[0]
  if (!SchemaAST.isObjects(ast)) return undefined
  return (
    ast.propertySignatures.find((property) => property.name === segment)?.type ?? ast.indexSignatures[0]?.type
  )
}

const schemaAt = (path: Path): SchemaAST.AST | undefined => {
  let ast: SchemaAST.AST | undefined = root
  for (const segment of path) ast = child(ast, segment)
  return ast
}

/** The keys allowed below the path; empty where any or none is. */
export const keysAt = (path: Path): ReadonlyArray<string> => {
  const ast = schemaAt(path)
  return ast !== undefined && SchemaAST.isObjects(ast)
    ? ast.propertySignatures.map(({ name }) => String(name))
    : []
}

/** The shape of the value at the path: `open` is a section of free keys. */
export const shapeAt = (path: Path): "text" | "switch" | "list" | "section" | "open" | undefined => {
  const ast = schemaAt(path)
  if (ast === undefined) return undefined
  if (SchemaAST.isBoolean(ast)) return "switch"
  if (SchemaAST.isArrays(ast)) return "list"
  if (SchemaAST.isObjects(ast)) return ast.indexSignatures.length > 0 ? "open" : "section"
  return "text"
}

/** The allowed key that the word most likely meant, when one is near: at most a third of its letters differ. */
export const nearestKey = (word: string, keys: ReadonlyArray<string>): string | undefined => {
  const near = keys
    .map((key) => ({ key, distance: editDistance(word.toLowerCase(), key.toLowerCase()) }))
    .filter(({ distance, key }) => distance <= Math.max(1, Math.floor(Math.max(key.length, word.length) / 3)))
  return near.toSorted((a, b) => a.distance - b.distance)[0]?.key
}

/** Levenshtein's distance: least number of letters to insert, delete or replace. */
const editDistance = (from: string, to: string): number => {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (let index = 0; index < from.length; index++) {
    const next = [index + 1]
    for (let column = 0; column < to.length; column++) {
      const replaced = (row[column] ?? 0) + (from[index] === to[column] ? 0 : 1)
      next.push(Math.min(replaced, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1))
    }
    row = next
  }
  return row[to.length] ?? 0
}
