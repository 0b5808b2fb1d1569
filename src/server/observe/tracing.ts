import type { Answer } from '../http/answer.ts'
import type { CountedOperation } from './metrics.ts'
import type { RequestFacts } from './request-facts.ts'

/** Says what happens in spans, or says nothing: requests take the same way with and without traces. */
export interface Tracing {
  /** Answers a request in a span of its own, which goes on with the trace that the client names. */
  traceRequest(
    request: { readonly method: string; readonly traceparent: string | null; readonly facts: RequestFacts },
    answer: () => Promise<Answer>,
  ): Promise<Answer>
  /** Runs the GraphQL operation of a request. */
  traceGraphQL(facts: RequestFacts, run: () => Promise<Answer>): Promise<Answer>
  /** Adds what the domain has done, which has begun and ended already. */
  onOperations(operations: readonly CountedOperation[]): void
  /** Sends what is left. */
  close(): Promise<void>
}

/** Traces that are switched off. */
export const noTracing: Tracing = {
  traceRequest: (_request, answer) => answer(),
  traceGraphQL: (_facts, run) => run(),
  onOperations() {},
  async close() {},
}
