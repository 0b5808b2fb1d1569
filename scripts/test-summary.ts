// Prints "N passed, N failed" from the JSON report of vitest that is named.
import { summaryOfResults } from './summary-of-results.ts'

const [path = ''] = process.argv.slice(2)
console.log(summaryOfResults(path))
