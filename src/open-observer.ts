import type { Config } from './config.ts'
import type { DomainParts } from './keys/parts/parts.ts'
import type { PartsObserver } from './open-parts.ts'
import type { Load } from './server/http/server.ts'
import type { Metrics } from './server/observe/metrics.ts'
import type { MetricsServer } from './server/observe/metrics-server.ts'
import { noteOutcomes } from './server/observe/request-facts.ts'
import { noTracing, type Tracing } from './server/observe/tracing.ts'
import { productVersion } from './version.ts'

/** Metrics and traces, as far as they are switched on. */
export interface Observer {
  readonly metrics: Metrics | null
  readonly tracing: Tracing
  /** For the parts to tell what they do. */
  readonly parts: PartsObserver
  /** Begins to answer Prometheus, once the parts are there; null where metrics are off. */
  serve(parts: DomainParts, load: () => Load): Promise<MetricsServer | null>
  close(): Promise<void>
}

/** Loads what is switched on, and nothing else: a start without metrics and traces costs nothing for them. */
export async function openObserver(config: Config): Promise<Observer> {
  const metrics =
    config.METRICS_PORT === null ? null : (await import('./server/observe/metrics.ts')).createMetrics()
  const tracing = await openTracing(config)
  return {
    metrics,
    tracing,
    parts: {
      onOperations(operations) {
        noteOutcomes(operations)
        metrics?.onOperations(operations)
        tracing.onOperations(operations)
      },
      onLookup: (isHit) => metrics?.onLookup(isHit),
      onGroup: (group) => metrics?.onGroup(group),
      onBlock: (share) => metrics?.onBlock(share),
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
      const { startMetricsServer } = await import('./server/observe/metrics-server.ts')
      return startMetricsServer(config, metrics)
    },
    async close() {
      metrics?.close()
      await tracing.close()
    },
  }
}

async function openTracing(config: Config): Promise<Tracing> {
  const url = tracesUrl(config)
  if (url === null) return noTracing
  const { createOtlpTracing } = await import('./server/observe/otlp-tracing.ts')
  return createOtlpTracing({ url, serviceName: config.OTEL_SERVICE_NAME, version: productVersion() })
}

/** Where traces go; null where they are off. The default is that of OpenTelemetry. */
function tracesUrl(config: Config): string | null {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: base, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: whole } = config
  const { OTEL_SDK_DISABLED: isDisabled, OTEL_TRACES_EXPORTER: exporter } = config
  if (isDisabled || exporter === 'none') return null
  if (whole !== null) return whole
  if (base !== null) return `${withoutSlashes(base)}/v1/traces`
  return exporter === 'otlp' ? 'http://localhost:4318/v1/traces' : null
}

/** A URL without the slashes at its end. */
function withoutSlashes(url: string): string {
  let end = url.length
  while (url[end - 1] === '/') end -= 1
  return url.slice(0, end)
}
