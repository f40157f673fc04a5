/**
 * The `coterie` program as one bundle, split where it imports on demand: a command loads only what it runs.
 *
 * The library beside it in dist/ comes from tsc; this replaces tsc's dist/bin.js.
 */
import { rmSync } from "node:fs"

import { defineConfig } from "rolldown"

rmSync("dist/program", { recursive: true, force: true })

export default defineConfig({
  input: "src/bin.ts",
  platform: "node",
  // Declared dependencies that are large, or that load files of their own at run time.
  external: [/^node:/, "pino", "undici", "yaml"],
  resolve: { conditionNames: ["@coterie/source", "node", "import", "default"] },
  output: {
    dir: "dist",
    format: "esm",
    entryFileNames: "[name].js",
    chunkFileNames: "program/[name]-[hash].js",
    // Names are kept: a stack trace of an operator must be readable. Mangling them would save no time.
    minify: { compress: true, mangle: false }
  }
})
