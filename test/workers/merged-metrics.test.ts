import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type MetricValues, mergeMetrics } from '../../src/server/observe/merged-metrics.ts'
import { createMetrics, type Metrics } from '../../src/server/observe/metrics.ts'

/** Workers that are not processes, with the metrics of real ones. */
function createWorkers() {
  const running = new Map<number, Metrics>()
  const silent = new Set<number>()
  let lastProcess = 0
  const valuesOf = async (metrics: Metrics) => (await metrics.registry.getMetricsAsJSON()) as MetricValues
  const merged = mergeMetrics(async () => {
    const read = [...running].filter(([process]) => !silent.has(process))
    return new Map(
      await Promise.all(read.map(async ([process, metrics]) => [process, await valuesOf(metrics)] as const)),
    )
  })
  return {
    merged,
    silent,
    running,
    start(): { process: number; metrics: Metrics } {
      const metrics = createMetrics({ isWorker: true })
      running.set(++lastProcess, metrics)
      return { process: lastProcess, metrics }
    },
    /** Ends one, after it has handed over its last values or not. */
    async end(process: number, { isAsked }: { isAsked: boolean }) {
      const metrics = running.get(process)
      if (metrics === undefined) return
      if (isAsked) merged.keep(process, await valuesOf(metrics))
      running.delete(process)
      merged.end(process)
      metrics.close()
    },
    closeAll() {
      merged.close()
      for (const metrics of running.values()) metrics.close()
    },
    async read(name: string): Promise<number> {
      const text = await merged.print()
      return Number(
        text
          .split('\n')
          .find((line) => line.startsWith(`${name} `))
          ?.slice(name.length + 1) ?? 0,
      )
    },
  }
}

describe('the metrics of several workers', () => {
  it('are added, or are the worst of all where a sum means nothing', async () => {
    const workers = createWorkers()
    const [one, other] = [workers.start().metrics, workers.start().metrics]
    one.onLookup(true)
    other.onLookup(true)
    one.onListener(true)
    other.onListener(false)
    one.onClock(5000)
    one.onCertificate(new Date(2_000_000))
    other.onCertificate(new Date(1_000_000))
    one.onHousekeeping({ failedKeys: 0 }, new Date(9000))
    expect(await workers.read('keystead_key_cache_lookups_total{result="hit"}')).toBe(2)
    expect(await workers.read('keystead_listener_connected')).toBe(0)
    expect(await workers.read('keystead_clock_ahead_seconds')).toBe(5)
    expect(await workers.read('keystead_tls_certificate_expiry_timestamp_seconds')).toBe(1000)
    expect(await workers.read('keystead_housekeeping_last_success_timestamp_seconds')).toBe(9)
    expect(await workers.read('process_resident_memory_bytes')).toBeGreaterThan(
      1.5 * process.memoryUsage.rss(),
    )
    workers.closeAll()
  })

  it('never count less than before, whichever workers start, count, fall silent, leave or die', async () => {
    const action = fc.oneof(
      fc.record({ kind: fc.constantFrom('count', 'group', 'silent', 'leave', 'die'), on: fc.nat(5) }),
      fc.record({ kind: fc.constantFrom('start', 'scrape'), on: fc.constant(0) }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 40 }), async (actions) => {
        const workers = createWorkers()
        workers.start()
        let [counted, events, before] = [0, 0, 0]
        let isExact = true
        for (const { kind, on } of actions) {
          const [process, metrics] = [...workers.running][on % Math.max(1, workers.running.size)] ?? []
          if (kind === 'start') workers.start()
          if (kind === 'scrape') {
            const now = await workers.read('keystead_key_cache_lookups_total{result="miss"}')
            expect(now).toBeGreaterThanOrEqual(before)
            before = now
          }
          if (process === undefined || metrics === undefined) continue
          if (kind === 'count') {
            metrics.onLookup(false)
            counted++
          }
          if (kind === 'group') {
            metrics.onGroup({ events: 3, failed: false, writeMs: 1, lagMs: 1 })
            events += 3
          }
          if (kind === 'silent') workers.silent.add(process)
          if (kind === 'leave') await workers.end(process, { isAsked: true })
          if (kind === 'die') {
            // What it has counted since it was last read is lost.
            isExact = false
            await workers.end(process, { isAsked: false })
          }
        }
        workers.silent.clear()
        const last = await workers.read('keystead_key_cache_lookups_total{result="miss"}')
        expect(last).toBeGreaterThanOrEqual(before)
        expect(last).toBeLessThanOrEqual(counted)
        if (isExact) {
          expect(last).toBe(counted)
          expect(await workers.read('keystead_audit_group_events_sum')).toBe(events)
          expect(await workers.read('keystead_audit_group_events_bucket{le="5"}')).toBe(events / 3)
        }
        workers.closeAll()
      }),
      { numRuns: 60 },
    )
  })
})
