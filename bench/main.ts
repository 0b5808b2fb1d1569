// All lines of performance in one table. See `help`.
import { parseArgs } from 'node:util'
import { openBenchPostgres } from './bench-postgres.ts'
import type { Bench, Line, Part } from './part.ts'
import { batchPart } from './parts/batch.ts'
import { cachePart } from './parts/cache.ts'
import { consolePart } from './parts/console.ts'
import { encryptPart } from './parts/encrypt.ts'
import { eventLoopPart } from './parts/event-loop.ts'
import { neighboursPart } from './parts/neighbours.ts'
import { operationsPart } from './parts/operations.ts'
import { pagePart } from './parts/page.ts'
import { replicasPart } from './parts/replicas.ts'
import { rotationPart } from './parts/rotation.ts'
import { sizesPart } from './parts/sizes.ts'
import { startPart } from './parts/start.ts'
import { workersPart } from './parts/workers.ts'
import { printLine, printTable } from './report.ts'

const parts: readonly Part[] = [
  encryptPart,
  batchPart,
  operationsPart,
  eventLoopPart,
  neighboursPart,
  replicasPart,
  workersPart,
  pagePart,
  sizesPart,
  consolePart,
  cachePart,
  rotationPart,
  startPart,
]

const help = `npm run bench -- [PART ...] [--quick] [--seconds N] [--rounds N] [--sizes N,N,N]

Measures Keystead and prints a table that docs/performance.md can take over: for each line what was wanted, what it came
to, and under which conditions. Targets are ratios within one run on one machine. Uses the PostgreSQL server of
DATABASE_URL (new databases, which stay), or one of its own. Ends with exit code 1 if an answer was wrong; a target that
is not met is no failure.

${parts.map(({ name, summary }) => `  ${name.padEnd(12)}  ${summary}`).join('\n')}

  --quick       Short rounds and few keys: shows that everything works, and little more.
  --seconds N   Of each measurement; 5 if not given.
  --rounds N    How often what is compared takes turns; 5 if not given.
  --sizes N,…   Keys in the projects whose pages are compared; 1000,100000,1000000 if not given.
  --help        This text.`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    seconds: { type: 'string' },
    rounds: { type: 'string' },
    sizes: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})
const { quick: isQuick } = values
const seconds = Number(values.seconds ?? (isQuick ? 1 : 5))
const rounds = Number(values.rounds ?? (isQuick ? 1 : 5))
const sizes = (values.sizes ?? (isQuick ? '1000,20000' : '1000,100000,1000000')).split(',').map(Number)
const unknown = positionals.filter((given) => !parts.some(({ name }) => name === given))
const areNumbersRight = [seconds, rounds, ...sizes].every((value) => Number.isInteger(value) && value >= 1)
if (values.help || unknown.length > 0 || !areNumbersRight) {
  if (unknown.length > 0) console.error(`There is no part named ${unknown.join(', ')}.\n`)
  console.log(help)
  process.exit(values.help ? 0 : 2)
}
const chosen = parts.filter(({ name }) => positionals.length === 0 || positionals.includes(name))

const postgres = openBenchPostgres()
const bench: Bench = {
  isQuick,
  seconds,
  rounds,
  sizes,
  postgres,
  note: (text) => console.error(`  … ${text}`),
}
const lines: Line[] = []
const failures: string[] = []
try {
  for (const part of chosen) {
    console.log(`${part.name}: ${part.summary}`)
    try {
      const found = await part.run(bench)
      lines.push(...found)
      for (const line of found) console.log(printLine(line))
    } catch (error) {
      // The other parts can still say something; the run has failed all the same.
      failures.push(part.name)
      console.error(`  ${part.name} failed:`, error)
    }
  }
  console.log(`\n${printTable(lines, await postgres.describe())}`)
  if (isQuick) console.log('\nMeasured with --quick: these figures say little.')
  if (failures.length > 0) console.log(`\nFailed: ${failures.join(', ')}.`)
} finally {
  await postgres.stop()
}
process.exit(failures.length > 0 ? 1 : 0)
