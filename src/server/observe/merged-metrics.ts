import { AggregatorRegistry, type MetricObjectWithValues, type MetricValue, Registry } from 'prom-client'
import { createWorkerMetrics, type WorkerMetrics } from './metrics.ts'
import { addProcessMetrics } from './process-metrics.ts'

/** Values of all metrics of a process. */
export type MetricValues = readonly MetricObjectWithValues<MetricValue<string>>[]

/** Metrics of all workers, as one server has them. */
export interface MergedMetrics extends WorkerMetrics {
  readonly contentType: string
  /** Metrics in the text format of Prometheus. */
  print(): Promise<string>
  /** Keeps what the process of a worker has counted, which is about to end. */
  keep(process: number, last: MetricValues): void
  /** Adds what a process that has ended had counted to what is counted from now on. */
  end(process: number): void
  close(): void
}

/**
 * Merges metrics: counters and histograms are added, and each gauge says how it is merged (`createMetrics`). What workers
 * have counted that have ended since stays counted, since a counter that falls would look like a restart of all of them.
 *
 * @param read reads the metrics of the workers, by the number of their process; without those that do not answer
 */
export function mergeMetrics(read: () => Promise<ReadonlyMap<number, MetricValues>>): MergedMetrics {
  const own = new Registry()
  const stopWatchingProcess = addProcessMetrics(own)
  /** The last values of each running process. */
  const latest = new Map<number, MetricValues>()
  let ended: MetricValues = []

  async function valuesOf(registry: Registry): Promise<MetricValues> {
    return (await registry.getMetricsAsJSON()) as MetricValues
  }

  function counted(values: MetricValues): MetricValues {
    return values.filter(({ type }) => String(type) === 'counter' || String(type) === 'histogram')
  }

  return {
    ...createWorkerMetrics(own),
    contentType: own.contentType,
    async print() {
      const running = await read()
      for (const [process, values] of running) latest.set(process, values)
      // A process that does not answer now still has what it has counted.
      const silent = [...latest].flatMap(([process, values]) =>
        running.has(process) ? [] : [counted(values)],
      )
      return merge([...running.values(), ...silent, ended, await valuesOf(own)]).metrics()
    },
    keep: (process, last) => void latest.set(process, last),
    end(process) {
      const last = latest.get(process)
      latest.delete(process)
      if (last !== undefined) ended = sumOf([ended, counted(last)])
    },
    close: stopWatchingProcess,
  }
}

function merge(values: readonly MetricValues[]): Registry {
  return AggregatorRegistry.aggregate(values.map((each) => [...each]))
}

/** Sums of counters and histograms, which are all added. */
function sumOf(values: readonly MetricValues[]): MetricValues {
  const sums = new Map<string, MetricObjectWithValues<MetricValue<string>>>()
  for (const metric of values.flat()) {
    const sum = sums.get(metric.name)
    sums.set(
      metric.name,
      sum === undefined ? metric : { ...sum, values: addValues(sum.values, metric.values) },
    )
  }
  return [...sums.values()]
}

/** Values of histograms have names of their own: of buckets, sum and count. */
type NamedValue = MetricValue<string> & { readonly metricName?: string }

function addValues(some: readonly NamedValue[], others: readonly NamedValue[]): NamedValue[] {
  const nameOf = ({ metricName, labels }: NamedValue) =>
    JSON.stringify([metricName, Object.entries(labels).sort()])
  const added = new Map(some.map((value) => [nameOf(value), value]))
  for (const value of others) {
    const before = added.get(nameOf(value))
    added.set(nameOf(value), before === undefined ? value : { ...value, value: before.value + value.value })
  }
  return [...added.values()]
}
