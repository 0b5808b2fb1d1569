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
import { settlesWithin } from '../../clock.ts'
import type { CountedOperation } from './metrics.ts'
import { outcomeOf, type RequestFacts } from './request-log.ts'

/** The part of an answer that a span records. */
export interface TracedAnswer {
  readonly status: number
}

/** Records requests as spans. */
export interface Tracing {
  /** Answers a request in a span of its own, which continues the trace of the client. */
  traceRequest<A extends TracedAnswer>(
    request: { readonly method: string; readonly traceparent: string | null; readonly facts: RequestFacts },
    answer: () => Promise<A>,
  ): Promise<A>
  /** Runs the GraphQL operation of a request in a span. */
  traceGraphQL<A extends TracedAnswer>(facts: RequestFacts, run: () => Promise<A>): Promise<A>
  /** Adds a span for operations of the domain, which have ended already. */
  onOperations(operations: readonly CountedOperation[]): void
  /** Sends the remaining spans. */
  close(): Promise<void>
}

/** Destination of traces, and the name of the service in them. */
export interface TracingOptions {
  readonly url: string
  readonly serviceName: string
  readonly version: string
}

/** Longest wait for the last spans when the server stops. */
const closeTimeoutMs = 3000

/**
 * Builds tracing that sends spans to a collector (OTLP over HTTP). No provider is registered for the process, so that
 * libraries add no spans of their own.
 */
export function createOtlpTracing({ url, serviceName, version }: TracingOptions): Tracing {
  const resource = resourceFromAttributes({ 'service.name': serviceName, 'service.version': version })
  const processor = new BatchSpanProcessor({ exporter: new OTLPTraceExporter({ url }) })
  const provider = new TracerProvider({ resource, spanProcessors: [processor] })
  const tracer = provider.getTracer('keystead', version)
  const contexts = new AsyncLocalStorageContextManager().enable()

  async function inSpan<A extends TracedAnswer>(
    { name, kind, parent }: { name: string; kind: SpanKind; parent: Context },
    work: () => Promise<A>,
    describe: (span: Span, answered: A) => void,
  ): Promise<A> {
    const span = tracer.startSpan(name, { kind }, parent)
    try {
      const answered = await contexts.with(trace.setSpan(parent, span), work)
      describe(span, answered)
      return answered
    } catch (error) {
      // The message of the error may contain anything, so that it is not recorded.
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
          recordOutcome(span, outcomeOf({ status, codes: facts.codes }))
        },
      ),
    traceGraphQL: (facts, run) =>
      inSpan(
        { name: 'graphql', kind: SpanKind.INTERNAL, parent: contexts.active() },
        run,
        (span, { status }) => {
          span.updateName(facts.operationType ?? 'graphql')
          span.setAttributes(graphqlAttributes(facts))
          recordOutcome(span, outcomeOf({ status, codes: facts.codes }))
        },
      ),
    onOperations(operations) {
      const [first] = operations
      if (first === undefined) return
      // One span for all items of a batch, which run side by side.
      const startTime = Math.min(...operations.map(({ startedAtMs }) => startedAtMs))
      const failed = operations.find(({ outcome }) => outcome !== 'SUCCEEDED')
      const span = tracer.startSpan(
        first.action,
        { startTime, attributes: attributesOf(operations) },
        contexts.active(),
      )
      recordOutcome(span, failed?.outcome ?? 'SUCCEEDED')
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

/** Records the outcome. A span has failed only if the server is at fault, not the caller. */
function recordOutcome(span: Span, outcome: string): void {
  span.setAttribute('keystead.outcome', outcome)
  if (outcome !== 'INTERNAL' && outcome !== 'UNAVAILABLE') return
  span.setAttribute('error.type', outcome)
  span.setStatus({ code: SpanStatusCode.ERROR })
}

/** A client can send any word as the method; unknown ones are recorded as one. */
function methodOf(method: string): string {
  return /^(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)$/.test(method) ? method : '_OTHER'
}

/** The span of the client (W3C Trace Context, version 00); none if the header is malformed. */
function parentOf(traceparent: string | null): Context {
  const [, traceId, spanId, flags] =
    /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(traceparent ?? '') ?? []
  if (traceId === undefined || spanId === undefined || flags === undefined) return ROOT_CONTEXT
  const parent = { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1, isRemote: true }
  return trace.setSpanContext(ROOT_CONTEXT, parent)
}
