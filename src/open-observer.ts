import type { Config } from './config.ts'
import type { Dependencies } from './keys/parts/dependencies.ts'
import type { PartsObserver } from './open-parts.ts'
import type { MetricsServer } from './server/http/metrics-server.ts'
import type { Load } from './server/http/server.ts'
import type { Metrics } from './server/observe/metrics.ts'
import { noteOutcomes } from './server/observe/request-log.ts'
import type { Tracing } from './server/observe/tracing.ts'
import { productVersion } from './version.ts'

/** Metrics and traces; null where they are off. */
export interface Observer {
  readonly metrics: Metrics | null
  readonly tracing: Tracing | null
  /** Callbacks for the parts of the domain. */
  readonly parts: PartsObserver
  /** Starts the metrics server, once the parts are open; null where metrics are off. */
  serve(parts: Dependencies, load: () => Load): Promise<MetricsServer | null>
  /** Values of all metrics; null where they are off. */
  readValues(): Promise<unknown>
  close(): Promise<void>
}

/**
 * Loads metrics and traces if they are on. A start without them does not load their libraries.
 *
 * @param isWorker true where the primary process serves the metrics of all workers
 */
export async function openObserver(config: Config, isWorker = false): Promise<Observer> {
  const metrics =
    config.METRICS_PORT === null
      ? null
      : (await import('./server/observe/metrics.ts')).createMetrics({ isWorker })
  const tracing = await openTracing(config)
  const noteEverywhere: PartsObserver['onOperations'] = (operations) => {
    noteOutcomes(operations)
    metrics?.onOperations(operations)
    tracing?.onOperations(operations)
  }
  return {
    metrics,
    tracing,
    parts: {
      onOperations: metrics === null && tracing === null ? noteOutcomes : noteEverywhere,
      ...(metrics && { onLookup: metrics.onLookup, onGroup: metrics.onGroup, onBlock: metrics.onBlock }),
    },
    async serve({ keys, store, rootKeys }, load) {
      if (metrics === null) return null
      metrics.watch({
        version: productVersion(),
        keysInMemory: () => keys.size,
        load,
        checkDatabase: () => store.now(),
        checkRootKey: () => rootKeys.checkHealth(),
      })
      if (isWorker) return null
      const { startMetricsServer } = await import('./server/http/metrics-server.ts')
      return startMetricsServer(config, metrics)
    },
    readValues: async () => metrics?.registry.getMetricsAsJSON() ?? null,
    async close() {
      metrics?.close()
      await tracing?.close()
    },
  }
}

async function openTracing(config: Config): Promise<Tracing | null> {
  const url = tracesUrl(config)
  if (url === null) return null
  const { createOtlpTracing } = await import('./server/observe/tracing.ts')
  return createOtlpTracing({ url, serviceName: config.OTEL_SERVICE_NAME, version: productVersion() })
}

/** URL that traces are sent to; null where they are off. The default is that of OpenTelemetry. */
function tracesUrl(config: Config): string | null {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: base, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: whole } = config
  const { OTEL_SDK_DISABLED: isDisabled, OTEL_TRACES_EXPORTER: exporter } = config
  if (isDisabled || exporter === 'none') return null
  if (whole !== null) return whole
  if (base !== null) return `${withoutSlashes(base)}/v1/traces`
  return exporter === 'otlp' ? 'http://localhost:4318/v1/traces' : null
}

/** A URL without trailing slashes. */
function withoutSlashes(url: string): string {
  let end = url.length
  while (url[end - 1] === '/') end -= 1
  return url.slice(0, end)
}
