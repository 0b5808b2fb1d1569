// A server in a process of its own, so that it does not share its thread with who measures it.
// Prints its address and a token as one line of JSON, and stops when its input ends. An empty line of its input stands for a
// round of housekeeping, "loop-delay" for the delay of its event loop since it was last asked for that, "memory" for what is
// in use once everything that is not has been collected; the report is printed as another line. BENCH_SETTINGS has settings of the server as JSON.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { startBenchServer } from './own-server.ts'

const isWithoutAudit = process.argv.includes('--without-audit')
const settings = JSON.parse(process.env['BENCH_SETTINGS'] ?? '{}')
const server = await startBenchServer(settings, isWithoutAudit ? { audit: { record, recordIn: record } } : {})
const { url, metricsUrl } = server
/** Of the timer that looks for delays: what it counts begins with it. */
const resolutionMs = 1
const loopDelay = monitorEventLoopDelay({ resolution: resolutionMs })
console.log(JSON.stringify({ url, metricsUrl, token: await server.tokenOf('bench@bench') }))
for await (const command of createInterface(process.stdin))
  console.log(JSON.stringify(await reportOn(command)))
await server.close()

async function reportOn(command: string): Promise<object> {
  if (command === 'loop-delay') return takeLoopDelay()
  return command === 'memory' ? measureMemory() : server.housekeeping.runOnce()
}

async function measureMemory(): Promise<{ usedBytes: number }> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  // What has a finalizer is gone after the second time only.
  for (let times = 0; times < 2; times++) {
    collect()
    await sleep(50)
  }
  const { heapUsed, external } = process.memoryUsage()
  return { usedBytes: heapUsed + external }
}

function takeLoopDelay(): { p99Ms: number } {
  const p99Ms = loopDelay.count === 0 ? 0 : Math.max(0, loopDelay.percentile(99) / 1e6 - resolutionMs)
  loopDelay.reset()
  loopDelay.enable()
  return { p99Ms }
}

async function record(): Promise<void> {}
