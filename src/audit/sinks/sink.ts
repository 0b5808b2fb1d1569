import { systemTroubleOf, type Trouble } from '../../system-errors.ts'

/** Kinds of sinks, of which each can be configured once. */
export const sinkNames = ['file', 'webhook', 's3', 'otlp'] as const

/** Name of a sink, which its positions in the database have. */
export type SinkName = (typeof sinkNames)[number]

/** Records of one chain that follow on each other. */
export interface SinkBatch {
  readonly chainId: string
  /** Number of the first record in its chain. */
  readonly first: number
  readonly last: number
  /** One line of JSON for each record, as `keystead audit export` prints it. */
  readonly lines: readonly string[]
  /** Times of the records. */
  readonly times: readonly Date[]
}

/** A signed checkpoint that is put beside the records. */
export interface SinkCheckpoint {
  readonly at: Date
  /** Compact JWS. */
  readonly jws: string
}

/** A place outside of the database that receives the records of the audit trail. */
export interface Sink {
  readonly name: SinkName
  /**
   * Resolves once the batch is as durable there as it can be. A batch may come again, also with more or fewer records.
   *
   * @throws SinkError if it is not certain that the batch has arrived
   */
  send(batch: SinkBatch, signal: AbortSignal): Promise<void>
  /** The same for a checkpoint. */
  putCheckpoint(checkpoint: SinkCheckpoint, signal: AbortSignal): Promise<void>
  /** Called when this server begins to send, before the first batch. */
  open?(): Promise<void>
  /** Called when this server stops sending, also after a failure. Must not throw. */
  close(): Promise<void>
}

/** A sink did not take a batch. */
export class SinkError extends Error {
  /** For the log: without values that are secret or that the sink has sent. */
  readonly trouble: Trouble
  /** Time for which the sink asked not to be tried again. */
  readonly retryAfterMs: number
  /** True if smaller batches may be taken. */
  readonly isTooLarge: boolean
  constructor(trouble: Trouble, { retryAfterMs = 0, isTooLarge = false } = {}) {
    super(trouble.text)
    this.trouble = trouble
    this.retryAfterMs = retryAfterMs
    this.isTooLarge = isTooLarge
  }
}

/** What went wrong with a sink, for the log. Messages of libraries may contain anything, and are left out. */
export function sinkTroubleOf(error: unknown): Trouble {
  if (error instanceof SinkError) return error.trouble
  const known = systemTroubleOf(error)
  if (known !== null) return known
  const { code, name } = error as { code?: unknown; name?: unknown }
  const isCode = typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,40}$/.test(code)
  const found = isCode ? code : typeof name === 'string' && /^\w{1,60}$/.test(name) ? name : 'unknown'
  return { code: found, text: 'The cause is unknown.' }
}

/** Lines with line feeds, as files and objects have them. */
export function textOfLines(lines: readonly string[]): string {
  return `${lines.join('\n')}\n`
}

/** A time for names of files and objects, which sort as the times do: `20270131T080000.000Z`. */
export function compactTime(time: Date): string {
  return time.toISOString().replaceAll(/[-:]/g, '')
}
