import type { ActivityEvent } from './events.ts'

type Pairs = ActivityEvent['context']

/** Columns of the export, by the names of the API. */
const columns: Readonly<Record<string, (event: ActivityEvent) => string | number | null>> = {
  occurredAt: (event) => event.occurredAt,
  action: (event) => event.action,
  outcome: (event) => event.outcome,
  errorCode: (event) => event.errorCode,
  actor: (event) => event.actor.id,
  actorDisplayName: (event) => event.actorDisplayName,
  keyId: (event) => event.keyId,
  keyName: (event) => event.keyName,
  keyRevision: (event) => event.keyRevision,
  versionNumbers: (event) => event.versionNumbers.join(' '),
  context: (event) => textOf(event.context),
  sourceContext: (event) => textOf(event.sourceContext),
  clientAddress: (event) => event.clientAddress,
  requestId: (event) => event.requestId,
  tokenId: (event) => event.tokenId,
  details: (event) => JSON.stringify(event.details),
  id: (event) => event.id,
}

const textOf = (pairs: Pairs) =>
  pairs.length === 0 ? '' : JSON.stringify(Object.fromEntries(pairs.map(({ name, value }) => [name, value])))

/** The first line of a CSV file of events (RFC 4180). */
export const csvHead = `${Object.keys(columns).join(',')}\r\n`

/** Events as lines of a CSV file (RFC 4180). */
export const csvLines = (events: readonly ActivityEvent[]): string =>
  events
    .map(
      (event) =>
        `${Object.values(columns)
          .map((of) => cell(of(event)))
          .join(',')}\r\n`,
    )
    .join('')

/** What spreadsheets take for the beginning of a formula. */
const formula = '\\s*[=+\\-@＝＋－＠]'
const atStart = new RegExp(`^(${formula}|\\s*[\\t\\r])`)
const afterSeparator = new RegExp(`(?<!^)[;\\t\\r\\n](?=${formula})|^;(?=${formula})`, 'g')

/**
 * A value as a cell. Spreadsheets run what begins like a formula, and names, contexts and labels are chosen by callers: an
 * apostrophe before it makes it a text. Where the decimal sign is a comma, they part cells at semicolons, also within quotes.
 */
function cell(value: string | number | null): string {
  if (value === null) return ''
  const text = String(value).replaceAll(afterSeparator, "$&'")
  const safe = atStart.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
