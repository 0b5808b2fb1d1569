import type { CountedOperation } from './metrics.ts'
import type { RequestFacts } from './request-log.ts'

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
