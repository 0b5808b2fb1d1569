import type { CallOptions } from './call-options.ts'
import { CallTimeoutError } from './errors.ts'

/** The end of a call: its limit in time, and the signal of the caller. */
export interface Deadline {
  readonly signal: AbortSignal
  /** Milliseconds that are left. */
  leftMs(): number
  /** Waits no longer than the call may take. */
  race<Value>(promise: Promise<Value>): Promise<Value>
  /** To be called when the call has ended: it stops the timer, and lets go of the caller's signal. */
  release(): void
}

/** Starts the time of a call. */
export function startDeadline({ signal, timeoutMs }: CallOptions, defaultMs: number): Deadline {
  const limitMs = timeoutMs ?? defaultMs
  requireMilliseconds('timeoutMs', limitMs)
  const endsAt = performance.now() + limitMs
  const controller = new AbortController()
  const abort = () => controller.abort(signal?.reason)
  const timer = setTimeout(() => controller.abort(new CallTimeoutError(limitMs)), limitMs)
  if (signal?.aborted === true) abort()
  else signal?.addEventListener('abort', abort)
  return {
    signal: controller.signal,
    leftMs: () => endsAt - performance.now(),
    race: (promise) => raceWith(promise, controller.signal),
    release() {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
    },
  }
}

/** Throws unless a number of milliseconds is one that timers can wait for. */
export function requireMilliseconds(name: string, value: number): void {
  // Timers of more milliseconds than fit into 31 bits end at once.
  if (Number.isInteger(value) && value >= 1 && value < 2 ** 31) return
  throw new RangeError(`${name} must be an integer of 1 to ${2 ** 31 - 1}, got ${value}.`)
}

/** Waits for a promise until a signal ends the waiting. What the promise stands for goes on. */
export function raceWith<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason)
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort)
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}

/** Waits for some milliseconds. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer)
      reject(signal.reason)
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', abort)
      resolve()
    }, ms)
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort, { once: true })
  })
}
