/** Prints `N passed, N failed, N skipped` from the report that the test runner wrote; fails when it ran no test. */
import { readFileSync } from "node:fs"

interface Report {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly numTodoTests: number
  readonly numFailedTestSuites: number
}

const report = JSON.parse(
  readFileSync(new URL("../../../.cache/test-report.json", import.meta.url), "utf8")
) as Report
const skipped = report.numPendingTests + report.numTodoTests
console.log(`${report.numPassedTests} passed, ${report.numFailedTests} failed, ${skipped} skipped`)
process.exitCode = report.numPassedTests > 0 && report.numFailedTests === 0 ? 0 : 1
