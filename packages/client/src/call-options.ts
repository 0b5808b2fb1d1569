/** Options of a single call. */
export interface CallOptions {
  /** Ends the call. The promise is rejected with the reason of the signal. */
  readonly signal?: AbortSignal | undefined
  /** Limit for the whole call with its retries, in milliseconds, in place of the client's. */
  readonly timeoutMs?: number | undefined
}
