import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createMetrics, type Metrics, type MetricsSources } from '../../src/server/observe/metrics.ts'
import { readSamples, sumOf } from './watched-story.ts'

const text = readFileSync(join(import.meta.dirname, '../../docs/monitoring.md'), 'utf8')

const healthy: MetricsSources = {
  version: '1.2.3',
  keysInMemory: () => 5,
  load: () => ({ running: 2, queued: 1 }),
  checkDatabase: async () => {},
  checkRootKey: async () => {},
}

function startMetrics(sources: Partial<MetricsSources> = {}): Metrics {
  const metrics = createMetrics()
  onTestFinished(() => metrics.close())
  metrics.watch({ ...healthy, ...sources })
  return metrics
}

const samplesOf = async (metrics: Metrics) => readSamples(await metrics.print())

interface Described {
  readonly name: string
  readonly type: string
  readonly labelNames?: readonly string[]
}

describe('docs/monitoring.md', () => {
  const rows = [...text.matchAll(/^\| `(\w+)` \| (counter|gauge|histogram) \|([^|]*)\|/gm)]

  it('has each metric with its type and labels, and no other', () => {
    const described = rows.map(([, name, type, labels = '']) => ({
      name,
      type,
      labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label).sort(),
    }))
    const registered = (startMetrics().registry.getMetricsAsArray() as unknown as Described[]).map(
      ({ name, type, labelNames = [] }) => ({ name, type, labels: [...labelNames].sort() }),
    )
    const byName = (a: { name?: string | undefined }, b: { name?: string | undefined }) =>
      (a.name ?? '').localeCompare(b.name ?? '')
    expect(described.sort(byName)).toEqual(registered.sort(byName))
  })
})

describe('a scrape', () => {
  it('says what does not work, and that it hangs', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    const metrics = startMetrics({
      checkDatabase: () => new Promise(() => {}),
      checkRootKey: () => Promise.reject(new Error('canary')),
    })
    const reading = metrics.print()
    await vi.runAllTimersAsync()
    const samples = readSamples(await reading)
    expect(sumOf(samples, 'keystead_database_healthy')).toBe(0)
    expect(sumOf(samples, 'keystead_root_key_healthy')).toBe(0)
    expect(sumOf(samples, 'keystead_key_cache_keys')).toBe(5)
    expect(samples.find(({ name }) => name === 'keystead_build_info')?.labels).toEqual({
      version: '1.2.3',
      node_version: process.versions.node,
    })
  })

  it('has what only other set-ups and other days show', async () => {
    const metrics = startMetrics()
    for (const share of [0, 0.49, 0.5, 0.89, 0.9, 1]) metrics.onBlock(share)
    metrics.onListener(true)
    metrics.onListener(false)
    metrics.onClock(90_000)
    metrics.onFetch(true, 'sso')
    metrics.onFetch(false, 'sso')
    metrics.onFetch(false, 'cluster')
    metrics.onHousekeeping({ failedKeys: 2 }, new Date(5000))
    metrics.onHousekeeping(null, new Date(9000))
    const samples = await samplesOf(metrics)
    const blocks = ['below_half', 'half', 'most'].map((used) =>
      sumOf(samples, 'keystead_encryption_blocks_total', { used }),
    )
    expect(blocks).toEqual([2, 2, 2])
    expect(sumOf(samples, 'keystead_listener_connected')).toBe(0)
    expect(sumOf(samples, 'keystead_clock_ahead_seconds')).toBe(90)
    expect(sumOf(samples, 'keystead_issuer_key_fetches_total', { outcome: 'succeeded' })).toBe(1)
    expect(sumOf(samples, 'keystead_issuer_key_fetches_total', { outcome: 'failed' })).toBe(2)
    expect(sumOf(samples, 'keystead_issuer_key_fetches_total', { outcome: 'failed', entry: 'sso' })).toBe(1)
    expect(sumOf(samples, 'keystead_housekeeping_runs_total', { outcome: 'failed' })).toBe(1)
    expect(sumOf(samples, 'keystead_housekeeping_failed_keys_total')).toBe(2)
    expect(sumOf(samples, 'keystead_housekeeping_last_success_timestamp_seconds')).toBe(5)
  })

  it('has the lag of the event loop and what the process takes', async () => {
    const metrics = startMetrics()
    const samples = await samplesOf(metrics)
    const lags = samples.filter(({ name }) => name === 'keystead_event_loop_lag_seconds')
    expect(lags.map(({ labels }) => labels['quantile'])).toEqual(['0.5', '0.99', '1'])
    for (const { value } of lags) expect(value).toBeGreaterThanOrEqual(0)
    expect(sumOf(samples, 'process_resident_memory_bytes')).toBeGreaterThan(1_000_000)
    expect(sumOf(samples, 'process_cpu_seconds_total')).toBeGreaterThan(0)
    expect(sumOf(samples, 'process_start_time_seconds')).toBeGreaterThan(1_700_000_000)
  })
})
