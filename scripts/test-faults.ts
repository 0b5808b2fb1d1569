// Runs the tests of test/faults in their long form, and prints what came of each fault. docs/faults.md says what they do.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type FaultRow, reportVariable } from '../test/faults/report.ts'
import { tableOf } from '../test/faults/table.ts'
import { runVitest } from './run-vitest.ts'

const help = `npm run test:faults -- [--rounds N] [FILE …]

Breaks running servers in many ways, checks after each time that nothing is lost that was acknowledged, and prints a
table: fault, rounds, acknowledged, lost, recovered in.

  --rounds N   How often each fault is repeated; 20 if not given. (npm test does 3.)
  FILE         Part of the path of the tests to run, e.g. crash.embedded; all of test/faults if not given.
  --help       This text.

Exit code 0: nothing was lost and every test passed; 1: something was lost, a test failed, or there was nothing to run.`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '20' }, help: { type: 'boolean', default: false } },
})
if (values.help) {
  console.log(help)
} else if (!/^[1-9]\d{0,5}$/.test(values.rounds)) {
  console.error('--rounds must be a number from 1')
  process.exitCode = 1
} else {
  process.exitCode = await runFaults(values.rounds, positionals)
}

/** Gives the exit code. */
async function runFaults(rounds: string, files: readonly string[]): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'keystead-faults-'))
  const report = join(folder, 'report.jsonl')
  try {
    // One file after the other, so that times until an answer are not those of a machine that is busy with another fault.
    const options = ['--no-file-parallelism', ...(files.length > 0 ? files : ['test/faults/'])]
    const failed = await runVitest(options, {
      FAULT_ROUNDS: rounds,
      [reportVariable]: report,
    })
    const rows = existsSync(report) ? readRows(report) : []
    console.log(`\n${tableOf(rows)}`)
    const lost = rows.reduce((sum, row) => sum + row.lost, 0)
    if (failed) console.log('\nA test failed: see above.')
    return failed || lost > 0 || rows.length === 0 ? 1 : 0
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function readRows(report: string): FaultRow[] {
  return readFileSync(report, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as FaultRow)
}
