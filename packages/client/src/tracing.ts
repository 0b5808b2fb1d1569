import type { Span } from '@opentelemetry/api'

type Api = typeof import('@opentelemetry/api')

/** Attributes of a span. */
export type SpanAttributes = Readonly<Record<string, string | number>>

/** Spans of the client; none where `@opentelemetry/api` is not installed. */
export interface Tracing {
  /** Runs a call inside of a span. `headers` carry the span to the server. */
  span<Result>(
    name: string,
    attributes: SpanAttributes,
    run: (
      headers: Readonly<Record<string, string>>,
      set: (attributes: SpanAttributes) => void,
    ) => Promise<Result>,
  ): Promise<Result>
}

const none: Tracing = { span: (_name, _attributes, run) => run({}, () => {}) }
let loading: Promise<Tracing> | null = null

/** Looks for the API of OpenTelemetry, once. */
export function loadTracing(): Promise<Tracing> {
  loading ??= load()
  return loading
}

async function load(): Promise<Tracing> {
  try {
    return tracingOf(await import('@opentelemetry/api'))
  } catch {
    // It is optional. Bundlers accept what is missing inside of `try`.
    return none
  }
}

function tracingOf({ context, propagation, SpanKind, SpanStatusCode, trace }: Api): Tracing {
  function fail(span: Span, error: unknown): void {
    const { code, name = 'Error' } = (error ?? {}) as { code?: unknown; name?: string }
    const type = typeof code === 'string' ? code : name
    span.setAttribute('error.type', type)
    span.setStatus({ code: SpanStatusCode.ERROR, message: type })
  }

  return {
    async span(name, attributes, run) {
      const span = trace.getTracer('@keystead/client').startSpan(name, { kind: SpanKind.CLIENT, attributes })
      const carrier: Record<string, string> = {}
      const within = trace.setSpan(context.active(), span)
      propagation.inject(within, carrier)
      try {
        // Servers let pages of other origins send this header, and none of the others.
        const traceparent = carrier['traceparent']
        const headers = traceparent === undefined ? {} : { traceparent }
        return await context.with(within, () => run(headers, (more) => span.setAttributes(more)))
      } catch (error) {
        fail(span, error)
        throw error
      } finally {
        span.end()
      }
    },
  }
}
