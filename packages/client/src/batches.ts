import type { CallOptions } from './call-options.ts'
import { type Deadline, startDeadline } from './deadline.ts'
import { KeysteadError } from './errors.ts'

/** What a batcher sends, and how. */
export interface BatchSender {
  /** Limit for a call in milliseconds. */
  readonly timeoutMs: number
  /** Most items of a batch. */
  readonly itemsMax: number
  /** Sends one item, and gives its result. */
  sendOne(item: string, options: CallOptions): Promise<unknown>
  /** Sends items, and gives the result of each, in their order; an error stands for an item that failed. */
  sendBatch(items: readonly string[], options: CallOptions): Promise<readonly unknown[]>
}

/** Joins calls of one operation. */
export interface Batcher {
  /** Adds an item, as JSON has it. The result is that of this item alone. */
  add(item: unknown, options: CallOptions): Promise<unknown>
}

/** Limits of a request at the server's defaults (docs/limits.md), with room for the document. */
const bytesMax = 1_048_576
const bodyBytesMax = 2_400_000
const bodyTokensMax = 24_500
/** Requests of one operation at a time; more calls wait, and become larger batches. */
const requestsMax = 8
/** Refusals of a whole request before anything was done, for which one item may be the cause. */
const divisible = new Set(['INPUT_VALIDATION', 'BAD_USER_INPUT', 'BAD_REQUEST', 'PAYLOAD_TOO_LARGE'])

interface Entry {
  readonly json: string
  readonly size: Size
  readonly deadline: Deadline
  resolve(value: unknown): void
  reject(error: unknown): void
  /** The caller waits no longer. */
  isGone: boolean
  /** Told when {@link isGone} becomes true. */
  onGone(): void
}

/** What a request has a limit of. */
interface Size {
  readonly bytes: number
  readonly bodyBytes: number
  readonly tokens: number
}

/**
 * Builds a batcher. Calls within one turn of the event loop become one batch, or several if a server would refuse it. A
 * call that is alone is sent as it is.
 */
export function createBatcher({ timeoutMs, itemsMax, sendOne, sendBatch }: BatchSender): Batcher {
  let waiting: Entry[] = []
  let isScheduled = false
  let requests = 0
  /** A server may have a lower limit. It is found by its refusal. */
  let itemsOfServer = itemsMax

  function flush(): void {
    isScheduled = false
    while (requests < requestsMax) {
      const batch = takeBatch()
      if (batch.length === 0) return
      requests += 1
      send(batch).finally(() => {
        requests -= 1
        flush()
      })
    }
  }

  function takeBatch(): Entry[] {
    waiting = waiting.filter(({ isGone }) => !isGone)
    let [bytes, bodyBytes, tokens] = [0, 0, 0]
    let length = 0
    for (const { size } of waiting) {
      bytes += size.bytes
      bodyBytes += size.bodyBytes
      tokens += size.tokens
      const fits = bytes <= bytesMax && bodyBytes <= bodyBytesMax && tokens <= bodyTokensMax
      if (length > 0 && (!fits || length >= itemsOfServer)) break
      length += 1
    }
    return waiting.splice(0, length)
  }

  async function send(batch: readonly Entry[]): Promise<void> {
    const controller = new AbortController()
    // A request that nobody waits for any longer is ended. As long as one caller waits, it goes on for all.
    const check = () => {
      if (batch.every(({ isGone }) => isGone)) controller.abort()
    }
    for (const entry of batch) entry.onGone = check
    check()
    const options = { signal: controller.signal, timeoutMs: longest(batch) }
    try {
      const [only, ...others] = batch
      if (only !== undefined && others.length === 0) {
        only.resolve(await sendOne(only.json, options))
        return
      }
      const results = await sendBatch(
        batch.map(({ json }) => json),
        options,
      )
      for (const [index, entry] of batch.entries()) {
        const result = results[index]
        if (result instanceof Error) entry.reject(result)
        else entry.resolve(result)
      }
    } catch (error) {
      if (batch.length > 1 && error instanceof KeysteadError && divisible.has(error.code)) {
        await sendHalves(batch, error)
      } else {
        for (const entry of batch) entry.reject(error)
      }
    }
  }

  /** Nothing was done, so that the items of other callers are sent without the one that is at fault. */
  async function sendHalves(batch: readonly Entry[], { code }: KeysteadError): Promise<void> {
    const half = Math.ceil(batch.length / 2)
    if (code === 'INPUT_VALIDATION') itemsOfServer = Math.min(itemsOfServer, half)
    // One after the other: a server that refuses everything is not flooded.
    await send(batch.slice(0, half))
    await send(batch.slice(half))
  }

  return {
    add(item, options) {
      // Before anything waits for it, so that a mistake of the caller is that of its call alone.
      const json = JSON.stringify(item)
      const deadline = startDeadline(options, timeoutMs)
      const { promise, resolve, reject } = createSettler()
      const entry: Entry = {
        json,
        size: sizeOf(item, json),
        deadline,
        resolve,
        reject,
        isGone: false,
        onGone() {},
      }
      const abort = () => {
        entry.isGone = true
        reject(deadline.signal.reason)
        entry.onGone()
      }
      if (deadline.signal.aborted) abort()
      else deadline.signal.addEventListener('abort', abort)
      waiting.push(entry)
      if (!isScheduled) {
        isScheduled = true
        atEndOfTurn(flush)
      }
      return promise.finally(() => {
        deadline.signal.removeEventListener('abort', abort)
        deadline.release()
      })
    },
  }
}

function longest(batch: readonly Entry[]): number {
  return Math.max(1, ...batch.map(({ deadline }) => Math.ceil(deadline.leftMs())))
}

/** `Promise.withResolvers`, which Node 20 does not have. */
function createSettler(): {
  readonly promise: Promise<unknown>
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
} {
  let settle: { resolve: (value: unknown) => void; reject: (error: unknown) => void } | undefined
  const promise = new Promise<unknown>((resolve, reject) => {
    settle = { resolve, reject }
  })
  return { promise, resolve: (value) => settle?.resolve(value), reject: (error) => settle?.reject(error) }
}

/** Runs something when the current turn of the event loop and its promises are done. */
function atEndOfTurn(run: () => void): void {
  const { setImmediate } = globalThis as { readonly setImmediate?: (run: () => void) => unknown }
  if (setImmediate !== undefined) setImmediate(run)
  else setTimeout(run, 0)
}

function sizeOf(item: unknown, json: string): Size {
  return { bytes: json.length * (3 / 4), bodyBytes: utf8BytesOf(json), tokens: tokensOf(item) }
}

function utf8BytesOf(text: string): number {
  let bytes = text.length
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index)
    if (code > 0x7f) bytes += code > 0x7ff ? 2 : 1
  }
  return bytes
}

/** JSON tokens as the server counts them: names, strings, and `{`, `[`, `,` and `:`. */
function tokensOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 2
  if (Array.isArray(value)) return 2 + value.reduce((sum: number, item) => sum + tokensOf(item), 0)
  return 2 + Object.values(value).reduce((sum: number, field) => sum + 2 + tokensOf(field), 0)
}
