// A server in a process of its own, so that it does not share its thread with who measures it.
// Prints its address and a token as one line of JSON, and stops when its input ends. An empty line of its input stands for a
// round of housekeeping, "loop-delay" for the delay of its event loop since it was last asked for that; the report is
// printed as another line. BENCH_SETTINGS has settings of the server as JSON.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { createInterface } from 'node:readline'
import { startBenchServer } from './own-server.ts'

const isWithoutAudit = process.argv.includes('--without-audit')
const settings = JSON.parse(process.env['BENCH_SETTINGS'] ?? '{}')
const server = await startBenchServer(
  settings,
  isWithoutAudit ? { audit: { record, recordIn: record, checkWritable: record } } : {},
)
const { url, metricsUrl } = server
/** Of the timer that looks for delays: what it counts begins with it. */
const resolutionMs = 1
const loopDelay = monitorEventLoopDelay({ resolution: resolutionMs })
console.log(JSON.stringify({ url, metricsUrl, token: await server.tokenOf('bench@bench') }))
for await (const command of createInterface(process.stdin)) {
  console.log(
    JSON.stringify(command === 'loop-delay' ? takeLoopDelay() : await server.housekeeping.runOnce()),
  )
}
await server.close()

function takeLoopDelay(): { p99Ms: number } {
  const p99Ms = loopDelay.count === 0 ? 0 : Math.max(0, loopDelay.percentile(99) / 1e6 - resolutionMs)
  loopDelay.reset()
  loopDelay.enable()
  return { p99Ms }
}

async function record(): Promise<void> {}
