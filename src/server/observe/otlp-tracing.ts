import {
  type Attributes,
  type Context,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { settlesWithin } from '../../timeout.ts'
import type { Answer } from '../http/answer.ts'
import type { CountedOperation } from './metrics.ts'
import type { RequestFacts } from './request-facts.ts'
import { outcomeOf } from './request-log.ts'
import type { Tracing } from './tracing.ts'

/** Where traces go, and under which name. */
export interface TracingOptions {
  readonly url: string
  readonly serviceName: string
  readonly version: string
}

/** How long a stop waits for the last spans. */
const closeTimeoutMs = 3000

/**
 * Traces that are sent to a collector (OTLP over HTTP). Nothing is registered for the whole process: no library adds
 * spans of its own, so that only what is written here is ever sent.
 */
export function createOtlpTracing({ url, serviceName, version }: TracingOptions): Tracing {
  const resource = resourceFromAttributes({ 'service.name': serviceName, 'service.version': version })
  const processor = new BatchSpanProcessor({ exporter: new OTLPTraceExporter({ url }) })
  const provider = new TracerProvider({ resource, spanProcessors: [processor] })
  const tracer = provider.getTracer('keystead', version)
  const contexts = new AsyncLocalStorageContextManager().enable()

  async function inSpan(
    { name, kind, parent }: { name: string; kind: SpanKind; parent: Context },
    work: () => Promise<Answer>,
    describe: (span: Span, answered: Answer) => void,
  ): Promise<Answer> {
    const span = tracer.startSpan(name, { kind }, parent)
    try {
      const answered = await contexts.with(trace.setSpan(parent, span), work)
      describe(span, answered)
      return answered
    } catch (error) {
      // Its message may hold anything, so it is not said.
      span.setStatus({ code: SpanStatusCode.ERROR })
      throw error
    } finally {
      span.end()
    }
  }

  return {
    traceRequest: ({ method, traceparent, facts }, answer) =>
      inSpan(
        { name: methodOf(method), kind: SpanKind.SERVER, parent: parentOf(traceparent) },
        answer,
        (span, { status }) => {
          span.updateName(`${methodOf(method)} ${facts.route}`)
          span.setAttributes({
            'http.request.method': methodOf(method),
            'http.route': facts.route,
            'http.response.status_code': status,
            'keystead.request_id': facts.requestId,
          })
          fail(span, outcomeOf({ status, codes: facts.codes }))
        },
      ),
    traceGraphQL: (facts, run) =>
      inSpan(
        { name: 'graphql', kind: SpanKind.INTERNAL, parent: contexts.active() },
        run,
        (span, { status }) => {
          span.updateName(facts.operationType ?? 'graphql')
          span.setAttributes(graphqlAttributes(facts))
          fail(span, outcomeOf({ status, codes: facts.codes }))
        },
      ),
    onOperations(operations) {
      const [first] = operations
      if (first === undefined) return
      // One for all items of a batch: they run side by side.
      const startTime = Math.min(...operations.map(({ startedAtMs }) => startedAtMs))
      const failed = operations.find(({ outcome }) => outcome !== 'SUCCEEDED')
      const span = tracer.startSpan(
        first.action,
        { startTime, attributes: attributesOf(operations) },
        contexts.active(),
      )
      fail(span, failed?.outcome ?? 'SUCCEEDED')
      span.end(Math.max(...operations.map(({ endedAtMs }) => endedAtMs)))
    },
    async close() {
      // A collector that is down must not keep the server from stopping.
      await settlesWithin(closeTimeoutMs, provider.shutdown())
    },
  }
}

function graphqlAttributes({ operationType, operationName }: RequestFacts): Attributes {
  return {
    ...(operationType !== null && { 'graphql.operation.type': operationType }),
    ...(operationName !== null && { 'graphql.operation.name': operationName }),
  }
}

function attributesOf(operations: readonly CountedOperation[]): Attributes {
  const [{ action, algorithm } = { action: 'none', algorithm: null }] = operations
  return {
    'keystead.action': action,
    'keystead.items': operations.length,
    ...(algorithm !== null && { 'keystead.algorithm': algorithm }),
  }
}

/** What callers do wrong is told by its code; a span counts as failed only where the server is to blame. */
function fail(span: Span, outcome: string): void {
  span.setAttribute('keystead.outcome', outcome)
  if (outcome !== 'INTERNAL' && outcome !== 'UNAVAILABLE') return
  span.setAttribute('error.type', outcome)
  span.setStatus({ code: SpanStatusCode.ERROR })
}

/** Methods are any word that a client makes up; those that are not known are one. */
function methodOf(method: string): string {
  return /^(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)$/.test(method) ? method : '_OTHER'
}

/** The span that the client was in (W3C Trace Context, version 00); none if the header is not one. */
function parentOf(traceparent: string | null): Context {
  const [, traceId, spanId, flags] =
    /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(traceparent ?? '') ?? []
  if (traceId === undefined || spanId === undefined || flags === undefined) return ROOT_CONTEXT
  const parent = { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1, isRemote: true }
  return trace.setSpanContext(ROOT_CONTEXT, parent)
}
