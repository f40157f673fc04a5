/**
 * Prints `N passed, N failed, N skipped` from the report that the test runner wrote. A file that did not load (a required engine is missing)
 * counts as failed; a run without a test fails.
 */
import { readFileSync } from "node:fs"

interface Report {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly numTodoTests: number
  readonly testResults: ReadonlyArray<{
    readonly name: string
    readonly status: string
    readonly assertionResults: ReadonlyArray<{ readonly status: string }>
  }>
}

const report = JSON.parse(
  readFileSync(new URL("../../../.cache/test-report.json", import.meta.url), "utf8")
) as Report
const unloaded = report.testResults.filter(
  ({ assertionResults, status }) =>
    status === "failed" && !assertionResults.some((result) => result.status === "failed")
)
for (const { name } of unloaded) console.log(`did not load: ${name}`)
const failed = report.numFailedTests + unloaded.length
const skipped = report.numPendingTests + report.numTodoTests
console.log(`${report.numPassedTests} passed, ${failed} failed, ${skipped} skipped`)
process.exitCode = report.numPassedTests > 0 && failed === 0 ? 0 : 1
