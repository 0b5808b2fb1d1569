import { monitorEventLoopDelay } from 'node:perf_hooks'
import { Counter, Gauge, type Registry } from 'prom-client'

/** Sampling interval of the event loop, in milliseconds. Each delay that Node measures contains it. */
const resolutionMs = 10

/** Adds metrics of the process; gives the function that stops them. The ones of prom-client cannot be stopped. */
export function addProcessMetrics(registry: Registry): () => void {
  const registers = [registry]
  const delay = monitorEventLoopDelay({ resolution: resolutionMs })
  delay.enable()
  new Gauge({
    name: 'keystead_event_loop_lag_seconds',
    help: 'How late the event loop was since the last scrape.',
    labelNames: ['quantile'],
    aggregator: 'max',
    registers,
    collect() {
      for (const [quantile, delayNs] of [
        ['0.5', delay.percentile(50)],
        ['0.99', delay.percentile(99)],
        ['1', delay.max],
      ] as const) {
        // An empty histogram has no meaningful percentiles.
        const lagMs = delay.count === 0 ? 0 : Math.max(0, delayNs / 1e6 - resolutionMs)
        this.set({ quantile }, lagMs / 1000)
      }
      delay.reset()
    },
  })
  new Gauge({
    name: 'process_resident_memory_bytes',
    help: 'Memory of the process.',
    registers,
    collect() {
      this.set(process.memoryUsage.rss())
    },
  })
  new Gauge({
    name: 'nodejs_heap_size_used_bytes',
    help: 'Memory of JavaScript objects, with those that are no longer used but not collected yet.',
    registers,
    collect() {
      this.set(process.memoryUsage().heapUsed)
    },
  })
  new Counter({
    name: 'process_cpu_seconds_total',
    help: 'Processor time of the process.',
    registers,
    collect() {
      const { user, system } = process.cpuUsage()
      this.reset()
      this.inc((user + system) / 1e6)
    },
  })
  new Gauge({
    name: 'process_start_time_seconds',
    help: 'When the process was started.',
    aggregator: 'min',
    registers,
  }).set(performance.timeOrigin / 1000)
  return () => delay.disable()
}
