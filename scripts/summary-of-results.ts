import { readFileSync } from 'node:fs'

interface Report {
  readonly success: boolean
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly testResults: readonly {
    readonly status: string
    readonly assertionResults: readonly { readonly status: string }[]
  }[]
}

/** "N passed, N failed" from the JSON report of vitest; what failed before its tests could run counts as one. */
export function summaryOfResults(path: string): string {
  const report = readReport(path)
  const brokenFiles = report.testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((assertion) => assertion.status === 'failed'),
  ).length
  const failed = report.numFailedTests + brokenFiles
  return `${report.numPassedTests} passed, ${failed === 0 && !report.success ? 1 : failed} failed`
}

function readReport(file: string): Report {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Report
  } catch {
    return { success: false, numPassedTests: 0, numFailedTests: 0, testResults: [] }
  }
}
