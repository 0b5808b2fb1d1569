// How fast keys that are due at the same midnight rotate, and what callers notice of it: 1 and then 2 replicas on one
// PostgreSQL, each with a steady load of `encrypt` meanwhile. On the PostgreSQL of DATABASE_URL, or on one of its own.
// npm run bench:rotation -- [KEYS] [REQUESTS PER SECOND]
import { openBenchPostgres } from './bench-postgres.ts'
import type { Round } from './measured-server.ts'
import { measureRotation } from './rotation-load.ts'

const [keys = 10_000, ratePerSecond = 100] = process.argv.slice(2).map(Number)

const postgres = openBenchPostgres()
try {
  for (const replicas of [1, 2]) {
    const load = { keys, replicas, ratePerSecond, idleSeconds: 10 }
    for (const [index, round] of (await measureRotation(postgres, load)).entries()) {
      const rate = Math.round(round.rotatedKeys / round.seconds)
      console.log(
        `replica ${index + 1} of ${replicas}: ${round.rotatedKeys} keys in ${round.seconds.toFixed(1)} s, ${rate} keys/s; encrypt idle ${describe(round.idle)}, meanwhile ${describe(round.busy)}, 0 errors`,
      )
    }
    console.log(`each of the ${keys} keys has exactly one new version with material, and one event`)
  }
} finally {
  await postgres.stop()
}

function describe({ requestsPerSecond, latencyMs }: Round): string {
  return `${Math.round(requestsPerSecond)}/s p50 ${latencyMs.median} ms p99 ${latencyMs.p99} ms`
}
