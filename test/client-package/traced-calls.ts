// A program that traces its calls: it prints the spans. Run by tracing.test.ts, since a tracer is set for a whole process.
import { context, propagation, SpanKind, type TextMapPropagator, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { createClient } from '../../packages/client/src/index.ts'

/** W3C Trace Context, and a header that a server need not allow pages of other origins. */
const propagator: TextMapPropagator = {
  inject(from, carrier, setter) {
    const span = trace.getSpanContext(from)
    setter.set(carrier, 'traceparent', `00-${span?.traceId}-${span?.spanId}-01`)
    setter.set(carrier, 'baggage', 'user=ada')
  },
  extract: (into) => into,
  fields: () => ['traceparent', 'baggage'],
}

const exporter = new InMemorySpanExporter()
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
propagation.setGlobalPropagator(propagator)
const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] })
trace.setGlobalTracerProvider(provider)

const client = createClient({ url: process.argv[2] ?? '', token: 'token' })
const plaintext = new Uint8Array(3)
await trace.getTracer('program').startActiveSpan('request', async (span) => {
  await client.viewer()
  await Promise.all([1, 2].map(() => client.encrypt({ key: 'secret-name', plaintext })))
  await client.userKey({ key: 'secret-name' }).catch(() => {})
  await client.sign({ key: 'secret-name', message: plaintext }).catch(() => {})
  span.end()
})
await provider.forceFlush()
const spans = exporter.getFinishedSpans().map((span) => ({
  name: span.name,
  isClient: span.kind === SpanKind.CLIENT,
  attributes: span.attributes,
  status: span.status,
  parent: span.parentSpanContext?.spanId,
  id: span.spanContext().spanId,
}))
console.log(JSON.stringify(spans))
