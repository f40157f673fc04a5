/** The README's table of options is written from the schema. */
import { readFile } from "node:fs/promises"
import { fileURLToPath } from "node:url"

import { expect, it } from "@effect/vitest"
import { Effect, Schema, SchemaAST } from "effect"

import { AgentConfig } from "../src/AgentConfig.ts"
import { configFrom } from "../src/config/loadConfig.ts"

interface Option {
  readonly path: string
  readonly description: string
}

/** Every key that holds a value, and every list, in the order of the schema. */
const optionsOf = (ast: SchemaAST.AST, path: ReadonlyArray<string>): ReadonlyArray<Option> =>
  SchemaAST.isObjects(ast)
    ? ast.propertySignatures.flatMap(({ name, type }) => {
        const at = [...path, String(name)]
        const { description } = (type.context?.annotations ?? {}) as { readonly description?: string }
        const isSection = SchemaAST.isObjects(type) && type.indexSignatures.length === 0 && !isHostPort(type)
        if (isSection) return optionsOf(type, at)
        const inner =
          SchemaAST.isArrays(type) && type.rest[0] !== undefined ? optionsOf(type.rest[0], [...at, "*"]) : []
        return [{ path: at.join("."), description: description ?? "" }, ...inner]
      })
    : []

const isHostPort = (type: SchemaAST.Objects): boolean =>
  type.propertySignatures.some(({ name }) => name === "host")

/** What several engines and the system account share with `backend` is listed there. */
const isRepeated = (option: Option, options: ReadonlyArray<Option>): boolean =>
  ["backends.*.", "backend.system."].some(
    (prefix) =>
      option.path.startsWith(prefix) &&
      options.some(
        ({ description, path }) =>
          path === `backend.${option.path.slice(prefix.length)}` && description === option.description
      )
  )

const defaultAt = (defaults: unknown, path: string): string => {
  if (path === "cluster") return "required"
  if (path === "node.id") return "host name"
  const value = path
    .split(".")
    .reduce<unknown>(
      (inner, key) => (typeof inner === "object" && inner !== null ? Reflect.get(inner, key) : undefined),
      defaults
    )
  if (value === undefined) return ""
  return typeof value === "string" || typeof value === "boolean" ? `\`${String(value)}\`` : "empty"
}

const oneSpace = (line: string): string => line.replace(/ +/g, " ").trim()

it("the README lists every option with its default and meaning", async () => {
  const config = await Effect.runPromise(configFrom({ cluster: "x" }))
  const defaults = Schema.encodeSync(AgentConfig)(config)
  const options = optionsOf(AgentConfig.ast, [])
  const rows = options
    .filter((option) => !isRepeated(option, options))
    .map(({ description, path }) =>
      oneSpace(`| \`${path}\` | ${defaultAt(defaults, path)} | ${description} |`)
    )
  const readme = await readFile(fileURLToPath(new URL("../README.md", import.meta.url)), "utf8")
  const lines = new Set(readme.split("\n").map(oneSpace))
  expect(rows.filter((row) => !lines.has(row))).toEqual([])
})
