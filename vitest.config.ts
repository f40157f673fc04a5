import { readdirSync } from "node:fs"

import { defaultServerConditions } from "vite"
import { defineConfig } from "vitest/config"

/** Resolve workspace packages to `src/` (no build needed) through the `@coterie/source` export condition. */
const conditions = ["@coterie/source", ...defaultServerConditions]

/** Suites that start real engines or processes: they run after the others and one file at a time. */
const heavy = ["test/**/*.integration.test.ts", "test/**/*.e2e.test.ts"]

const roots = ["packages", "tools"].flatMap((folder) => readdirSync(folder).map((name) => ({ folder, name })))

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    testTimeout: 15_000,
    projects: [
      ...roots.map(({ folder, name }) => ({
        extends: true as const,
        root: `${folder}/${name}`,
        test: { name, include: ["test/**/*.test.ts"], exclude: heavy }
      })),
      {
        extends: true as const,
        root: ".",
        test: {
          name: "integration",
          include: heavy.map((pattern) => `{packages,tools}/*/${pattern}`),
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
          sequence: { groupOrder: 1 }
        }
      }
    ],
    coverage: {
      provider: "v8",
      include: ["packages/*/src/**/*.ts"],
      exclude: ["**/bin.ts", "**/index.ts"],
      reporter: ["text", "lcov"],
      reportsDirectory: "coverage",
      thresholds: { lines: 80 }
    }
  }
})
