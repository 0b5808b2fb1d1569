import { postToSink } from './http-post.ts'
import { type Sink, SinkError } from './sink.ts'

/** Options of the sink. */
export interface OtlpSinkOptions {
  /** Address of the receiver with its path, `/v1/logs`. */
  readonly url: string
  /** Further headers, such as Authorization. */
  readonly headers: Readonly<Record<string, string>>
  /** Attributes of the resource `service.name` and `service.version`. */
  readonly service: { readonly name: string; readonly version: string }
  readonly now?: () => Date
}

/** A log record in the JSON of OTLP. */
interface LogRecord {
  readonly timeUnixNano: string
  readonly observedTimeUnixNano: string
  readonly severityNumber: number
  readonly eventName: string
  readonly body: { readonly stringValue: string }
  readonly attributes: readonly unknown[]
}

/** Severity INFO of OpenTelemetry. */
const info = 9
const nanosPerMilli = 1_000_000n

/** Headers in a text of `Name: value` lines, in lower case; null if a line is not of this form. */
export function readHeaders(text: string): Readonly<Record<string, string>> | null {
  const headers: Record<string, string> = {}
  for (const line of text.split('\n').map((each) => each.trim())) {
    if (line === '') continue
    const at = line.indexOf(':')
    const [name, value] = [line.slice(0, Math.max(at, 0)), line.slice(at + 1).trim()]
    if (!isHeaderName.test(name) || !isHeaderValue.test(value)) return null
    headers[name.toLowerCase()] = value
  }
  return headers
}

const isHeaderName = /^[!#$%&'*+.^_`|~\w-]+$/
const isHeaderValue = /^[\x20-\x7e]+$/

/**
 * Sends batches as logs over OTLP/HTTP in JSON. The body of a log record is the line, as a string, so that no collector
 * changes it. A receiver that rejects a part of a batch has not taken the batch.
 */
export function createOtlpSink({ url, headers, service, now = () => new Date() }: OtlpSinkOptions): Sink {
  const resource = {
    attributes: [attribute('service.name', service.name), attribute('service.version', service.version)],
  }

  async function post(logRecords: readonly LogRecord[], signal: AbortSignal): Promise<void> {
    const scopeLogs = [{ scope: { name: 'keystead.audit', version: service.version }, logRecords }]
    const answer = await postToSink({
      url,
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify({ resourceLogs: [{ resource, scopeLogs }] }),
      signal,
    })
    if (rejectedIn(answer) > 0) {
      throw new SinkError({
        code: 'PARTIAL_SUCCESS',
        text: 'The receiver has rejected some of the log records. Look at its log and its limits.',
      })
    }
  }

  const recordOf = (
    line: string,
    at: Date,
    eventName: string,
    attributes: readonly unknown[],
  ): LogRecord => ({
    timeUnixNano: nanosOf(at),
    observedTimeUnixNano: nanosOf(now()),
    severityNumber: info,
    eventName,
    body: { stringValue: line },
    attributes,
  })

  return {
    name: 'otlp',
    send: ({ chainId, first, lines, times }, signal) =>
      post(
        lines.map((line, index) =>
          recordOf(line, times[index] ?? now(), 'keystead.audit.record', [
            attribute('keystead.audit.chain_id', chainId),
            { key: 'keystead.audit.sequence', value: { intValue: String(first + index) } },
          ]),
        ),
        signal,
      ),
    putCheckpoint: ({ at, jws }, signal) =>
      post([recordOf(jws, at, 'keystead.audit.checkpoint', [])], signal),
    close: async () => {},
  }
}

function attribute(key: string, stringValue: string) {
  return { key, value: { stringValue } }
}

function nanosOf(time: Date): string {
  return String(BigInt(time.getTime()) * nanosPerMilli)
}

/** Number of rejected log records in a response; 0 for one that says nothing of it. */
function rejectedIn(answer: string): number {
  try {
    const { partialSuccess } = JSON.parse(answer) as { partialSuccess?: { rejectedLogRecords?: unknown } }
    return Number(partialSuccess?.rejectedLogRecords ?? 0)
  } catch {
    return 0
  }
}
