import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import { within } from '../../clock.ts'
import type { ErrorCode } from '../../errors.ts'
import { addProcessMetrics } from './process-metrics.ts'
import type { AnsweredRequest } from './request-log.ts'

/** An operation of the domain, for metrics and traces. */
export interface CountedOperation {
  readonly action: string
  readonly outcome: 'SUCCEEDED' | ErrorCode
  readonly algorithm: string | null
  readonly automatic: boolean
  readonly destroyedVersions: number
  readonly startedAtMs: number
  readonly endedAtMs: number
}

/** Values that are read when metrics are scraped. */
export interface MetricsSources {
  readonly version: string
  readonly keysInMemory: () => number
  readonly load: () => { readonly running: number; readonly queued: number }
  /** Rejects while the part cannot do its work. */
  readonly checkDatabase: () => Promise<unknown>
  readonly checkRootKey: () => Promise<unknown>
}

/** Metrics of the server. No label holds a name that a caller has chosen, so that there are few series. */
export interface Metrics {
  readonly registry: Registry
  readonly contentType: string
  /** Metrics in the text format of Prometheus. */
  print(): Promise<string>
  onOperations(operations: readonly CountedOperation[]): void
  onRequest(request: AnsweredRequest): void
  onLookup(isHit: boolean): void
  onGroup(group: { events: number; failed: boolean; writeMs: number; lagMs: number }): void
  onBlock(share: number): void
  onHousekeeping(report: { readonly failedKeys: number } | null, now: Date): void
  onListener(isListening: boolean): void
  onClock(aheadMs: number): void
  onAlert(): void
  onSinkLag(sink: string, lag: { readonly events: number; readonly oldestAt: Date | null }): void
  onSinkSent(sink: string, events: number): void
  onSinkFailure(sink: string): void
  onFetch(succeeded: boolean, entry: string): void
  onCertificate(expiresAt: Date): void
  /** Adds the metrics of these sources. */
  watch(sources: MetricsSources): void
  close(): void
}

/** How the values of several workers become one. */
type Aggregator = 'sum' | 'min' | 'max'

/** Metrics of the primary process about its workers. */
export interface WorkerMetrics {
  onServing(workers: number): void
  onEnd(): void
}

/** Builds the metrics about workers. A server of one process has one, which never ends unasked. */
export function createWorkerMetrics(registry: Registry): WorkerMetrics {
  const registers = [registry]
  const serving = new Gauge({ name: 'keystead_workers', help: 'Workers that serve requests.', registers })
  const ends = new Counter({
    name: 'keystead_worker_ends_total',
    help: 'Workers that have ended without being asked to.',
    registers,
  })
  return { onServing: (workers) => serving.set(workers), onEnd: () => ends.inc() }
}

/** Buckets of durations, in seconds: operations in memory take microseconds, RSA keys and outages take seconds. */
const seconds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20]
/** Longest wait for a health check during a scrape. */
const checkTimeoutMs = 2000

/**
 * Builds all metrics. docs/monitoring.md describes each.
 *
 * @param isWorker true in a worker, of which the primary process counts how many there are
 */
export function createMetrics({ isWorker = false } = {}): Metrics {
  const registry = new Registry()
  if (!isWorker) createWorkerMetrics(registry).onServing(1)
  const registers = [registry]
  const counter = <L extends string = never>(name: string, help: string, labelNames: readonly L[] = []) =>
    new Counter({ name: `keystead_${name}`, help, labelNames, registers })
  const gauge = (name: string, help: string, aggregator: Aggregator) =>
    new Gauge({ name: `keystead_${name}`, help, aggregator, registers })
  const histogram = <L extends string = never>(
    name: string,
    help: string,
    { buckets = seconds, labelNames = [] }: { buckets?: number[]; labelNames?: readonly L[] } = {},
  ) => new Histogram({ name: `keystead_${name}`, help, labelNames, buckets, registers })

  const operations = counter('operations_total', 'Operations on record, by how they went.', [
    'action',
    'outcome',
    'algorithm',
  ])
  const operationSeconds = histogram('operation_duration_seconds', 'Duration of an operation.', {
    labelNames: ['action'],
  })
  const rotations = counter('key_rotations_total', 'Keys that were rotated.', ['trigger'])
  const destroyed = counter('key_versions_destroyed_total', 'Key versions whose material was erased.')
  const requests = counter('http_requests_total', 'HTTP requests that were answered.', ['route', 'status'])
  const requestSeconds = histogram('http_request_duration_seconds', 'Duration of an HTTP request.', {
    labelNames: ['route'],
  })
  const refusals = counter('requests_refused_total', 'Requests that were refused to limit the load.', [
    'reason',
  ])
  const lookups = counter('key_cache_lookups_total', 'Looks for a key in memory.', ['result'])
  const groupEvents = histogram('audit_group_events', 'Audit events that were written together.', {
    buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000],
  })
  const writeSeconds = histogram('audit_write_duration_seconds', 'Duration of a write of audit events.')
  const lagSeconds = histogram('audit_lag_seconds', 'From when an audit event came until it was durable.')
  const auditFailures = counter('audit_write_failures_total', 'Writes of audit events that failed.')
  const blocks = counter(
    'encryption_blocks_total',
    'Blocks of counted encryptions, by how much of its limit the version has used.',
    ['used'],
  )
  const rounds = counter('housekeeping_runs_total', 'Rounds of housekeeping.', ['outcome'])
  const failedKeys = counter('housekeeping_failed_keys_total', 'Keys that housekeeping could not handle.')
  const lastRound = gauge(
    'housekeeping_last_success_timestamp_seconds',
    'When housekeeping last succeeded.',
    'max',
  )
  const listening = gauge(
    'listener_connected',
    '1 while changes by other replicas are heard of at once.',
    'min',
  )
  const clockAhead = gauge(
    'clock_ahead_seconds',
    'How far the clock is ahead; 0 while it is believed.',
    'max',
  )
  const alerts = counter('integrity_alerts_total', 'Stored data that did not verify.')
  const fetches = counter('issuer_key_fetches_total', 'Fetches of keys of token issuers.', [
    'entry',
    'outcome',
  ])
  const certificateExpiry = gauge(
    'tls_certificate_expiry_timestamp_seconds',
    'When the certificate in use expires; 0 without TLS.',
    'min',
  )
  const sinkEvents = counter('audit_sink_events_total', 'Audit events that a sink acknowledged.', ['sink'])
  const sinkFailures = counter('audit_sink_failures_total', 'Failed exports to a sink.', ['sink'])
  // Each worker measures the same, some of them a moment earlier.
  const perSink = { labelNames: ['sink'] as const, aggregator: 'max' as const, registers }
  const sinkLag = new Gauge({
    ...perSink,
    name: 'keystead_audit_sink_lag_events',
    help: 'Audit events that a sink has not acknowledged.',
  })
  const oldestUnsent = new Map<string, Date | null>()
  new Gauge({
    ...perSink,
    name: 'keystead_audit_sink_lag_seconds',
    help: 'Age of the oldest audit event that a sink has not acknowledged; 0 without one.',
    collect() {
      for (const [sink, at] of oldestUnsent) {
        this.set({ sink }, at === null ? 0 : Math.max(0, (Date.now() - at.getTime()) / 1000))
      }
    },
  })
  const stopWatchingProcess = addProcessMetrics(registry)

  return {
    registry,
    contentType: registry.contentType,
    print: () => registry.metrics(),
    onOperations(done) {
      for (const { action, outcome, algorithm, automatic, ...operation } of done) {
        operations.inc({ action, outcome, algorithm: algorithm ?? 'none' })
        operationSeconds.observe({ action }, (operation.endedAtMs - operation.startedAtMs) / 1000)
        if (outcome !== 'SUCCEEDED') continue
        if (action === 'ROTATE_KEY') rotations.inc({ trigger: automatic ? 'automatic' : 'requested' })
        if (operation.destroyedVersions > 0) destroyed.inc(operation.destroyedVersions)
      }
    },
    onRequest({ route, status, durationMs, refusal }) {
      if (refusal !== null) refusals.inc({ reason: refusal })
      requests.inc({ route, status })
      requestSeconds.observe({ route }, durationMs / 1000)
    },
    onLookup: (isHit) => lookups.inc({ result: isHit ? 'hit' : 'miss' }),
    onGroup({ events, failed, writeMs, lagMs }) {
      if (failed) auditFailures.inc()
      groupEvents.observe(events)
      writeSeconds.observe(writeMs / 1000)
      lagSeconds.observe(lagMs / 1000)
    },
    onBlock: (share) => blocks.inc({ used: share < 0.5 ? 'below_half' : share < 0.9 ? 'half' : 'most' }),
    onHousekeeping(report, now) {
      rounds.inc({ outcome: report === null ? 'failed' : 'succeeded' })
      if (report === null) return
      failedKeys.inc(report.failedKeys)
      lastRound.set(now.getTime() / 1000)
    },
    onListener: (isListening) => listening.set(isListening ? 1 : 0),
    onClock: (aheadMs) => clockAhead.set(aheadMs / 1000),
    onAlert: () => alerts.inc(),
    onSinkLag(sink, { events, oldestAt }) {
      sinkLag.set({ sink }, events)
      oldestUnsent.set(sink, oldestAt)
    },
    onSinkSent: (sink, events) => sinkEvents.inc({ sink }, events),
    onSinkFailure: (sink) => sinkFailures.inc({ sink }),
    onCertificate: (expiresAt) => certificateExpiry.set(expiresAt.getTime() / 1000),
    onFetch: (succeeded, entry) => fetches.inc({ entry, outcome: succeeded ? 'succeeded' : 'failed' }),
    watch({ version, keysInMemory, load, checkDatabase, checkRootKey }) {
      new Gauge({
        name: 'keystead_build_info',
        help: 'Always 1; its labels say what runs.',
        labelNames: ['version', 'node_version'],
        aggregator: 'max',
        registers,
      }).set({ version, node_version: process.versions.node }, 1)
      const watched = (
        name: string,
        help: string,
        read: () => number | Promise<number>,
        aggregator: Aggregator = 'sum',
      ) =>
        new Gauge({
          name: `keystead_${name}`,
          help,
          aggregator,
          registers,
          async collect() {
            this.set(await read())
          },
        })
      watched('requests_under_way', 'Requests to the API that are worked on.', () => load().running)
      watched('requests_waiting', 'Requests to the API that are read or wait.', () => load().queued)
      watched('key_cache_keys', 'Keys in memory.', keysInMemory)
      watched('database_healthy', '1 while the database answers.', () => healthOf(checkDatabase), 'min')
      watched('root_key_healthy', '1 while the root key can be used.', () => healthOf(checkRootKey), 'min')
    },
    close: stopWatchingProcess,
  }
}

function healthOf(check: () => Promise<unknown>): Promise<number> {
  const checked = check().then(
    () => 1,
    () => 0,
  )
  return within(checkTimeoutMs, checked, () => 0)
}
