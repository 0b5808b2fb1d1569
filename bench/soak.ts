// See `help`.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { exportJWK, generateKeyPair } from 'jose'
import { startPostgres } from '../test/support/postgres-server.ts'
import { startServerProcess } from '../test/support/server-process.ts'
import { freePort } from './free-port.ts'
import { type HeapProbe, openHeapProbe } from './heap-probe.ts'
import { startSoakLoad } from './soak-load.ts'
import { growthMiBPerHourMax, judge, type MemorySample, warmUp } from './soak-memory.ts'

const help = `npm run soak -- [--minutes N]

Puts mixed load on a server in a process of its own, on a PostgreSQL server of its own (or that of TEST_DATABASE_URL,
with an empty database), and watches its memory: encryptions, batches, data keys, lists, new keys and rotations of 100
callers; broken documents, refused tokens, clients that go; and every 20 seconds more requests than it takes.

Prints a line every 30 seconds and says in the end whether memory stays flat: after a warm-up of ${warmUp.share * 100} % of the time
and ${warmUp.answers} answers, what is left after a collection of garbage may grow by ${growthMiBPerHourMax.heap} MiB an hour, and resident memory
by ${growthMiBPerHourMax.resident} MiB an hour.
Ends with exit code 1 if it grows by more, or if the server has answered INTERNAL.

  --minutes N   How long; 10 if not given, at least 3. Short runs tell less.
  --help        This text.`

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, help: { type: 'boolean', default: false } },
})
const minutes = Number(values.minutes)
if (values.help || !(minutes >= 3)) {
  console.log(help)
  process.exit(values.help ? 0 : 2)
}
process.exit((await run()) ? 0 : 1)

async function run(): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'keystead-soak-'))
  const postgres = await startPostgres(join(folder, 'postgres'))
  if ('reason' in postgres) throw new Error(postgres.reason)
  const issuer = 'https://issuer.soak'
  const { publicKey, privateKey } = await generateKeyPair('EdDSA')
  const jwksFile = join(folder, 'jwks.json')
  writeFileSync(jwksFile, JSON.stringify({ keys: [await exportJWK(publicKey)] }))
  const metricsPort = await freePort()
  const inspectorPort = await freePort()
  const server = await startServerProcess({
    PORT: '0',
    METRICS_PORT: String(metricsPort),
    NODE_OPTIONS: `--inspect=127.0.0.1:${inspectorPort}`,
    LOG_LEVEL: 'error',
    DATA_FOLDER: folder,
    DATABASE_URL: postgres.url,
    AUTH_ISSUER: issuer,
    AUTH_JWKS_FILE: jwksFile,
    // So that caches are full before the warm-up is over, and limits are met.
    KEY_CACHE_SIZE: '100',
    RATE_LIMIT_UNITS: '2000',
    REQUESTS_UNDER_WAY_MAX: '16',
    REQUESTS_WAITING_MAX: '64',
  })
  try {
    const load = await startSoakLoad({ url: server.url, issuer, privateKey }, 16)
    const heap = await openHeapProbe(inspectorPort)
    const metricsUrl = `http://127.0.0.1:${metricsPort}/metrics`
    const samples = await watch({ heap, metricsUrl }, load.tally)
    heap.close()
    await load.stop()
    const { residentMiBPerHour, heapMiBPerHour, isFlat } = judge(samples)
    const internal = [...load.tally].filter(([answer]) => answer.endsWith('INTERNAL'))
    console.log(`answers: ${[...load.tally].map(([answer, count]) => `${answer} ${count}`).join(', ')}`)
    console.log(
      `after the warm-up: heap ${signed(heapMiBPerHour)} MiB an hour (at most ${growthMiBPerHourMax.heap}), resident ${signed(residentMiBPerHour)} MiB an hour (at most ${growthMiBPerHourMax.resident}): ${isFlat ? 'flat' : 'GROWS'}`,
    )
    if (internal.length > 0) console.log('the server has answered INTERNAL')
    return isFlat && internal.length === 0
  } finally {
    await server.stop('SIGTERM')
    await postgres.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Looks at the memory every 15 seconds for as long as asked, and prints it every 30 seconds. */
async function watch(
  probes: { readonly heap: HeapProbe; readonly metricsUrl: string },
  tally: ReadonlyMap<string, number>,
): Promise<MemorySample[]> {
  const samples: MemorySample[] = []
  const startedAtMs = performance.now()
  for (;;) {
    const nextAtMs = (samples.length + 1) * 15_000
    await sleep(startedAtMs + nextAtMs - performance.now())
    const heap = await probes.heap.usedBytes()
    const metrics = await (await fetch(probes.metricsUrl)).text()
    const resident = Number(/^process_resident_memory_bytes (\S+)$/m.exec(metrics)?.[1])
    const answers = [...tally.values()].reduce((sum, count) => sum + count, 0)
    samples.push({ atMs: nextAtMs, resident, heap, answers })
    if (samples.length % 2 === 0) {
      const inMiB = (bytes: number) => `${(bytes / 1024 / 1024).toFixed(1)} MiB`
      console.log(
        `${(nextAtMs / 60_000).toFixed(1).padStart(5)} min   resident ${inMiB(resident)}   heap ${inMiB(heap)}   ${answers} answers`,
      )
    }
    if (nextAtMs >= minutes * 60_000) return samples
  }
}

function signed(value: number): string {
  return `${value < 0 ? '' : '+'}${value.toFixed(1)}`
}
