import { errorTable, type Treatment } from '../../src/server/answer.ts'
import type { PrintedFile } from './printed-file.ts'

const begin = '<!-- Made from src/server/answer.ts by `npm run print`; do not edit. -->'
const end = '<!-- End of what is made. -->'

/** The table of statuses and media types in the document about errors. */
export const errorTableDocument: PrintedFile = {
  path: 'docs/errors.md',
  source: 'src/server/answer.ts',
  print(current) {
    const [before, rest = ''] = current.split(begin)
    const [, after = ''] = rest.split(end)
    return `${before}${begin}\n\n${table()}\n\n${end}${after}`
  },
}

const head = [
  'The error is about',
  'Its status',
  '`application/json`, `*/*`, no `Accept`',
  '`application/graphql-response+json`',
  '`text/event-stream`',
  'none of these',
]

function table(): string {
  const rows = Object.values(errorTable).map(
    ({ about, statuses, json, graphqlResponse, eventStream, none }) => [
      about,
      statuses.join(', '),
      cell(json, 'application/json'),
      cell(graphqlResponse, 'application/graphql-response+json'),
      cell(eventStream, 'application/json'),
      cell(none, 'application/json'),
    ],
  )
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

function cell(treatment: Treatment, mediaType: string): string {
  if (treatment === 'event') return '200, an event'
  const status = { own: 'its status', ok: '200', 'not acceptable': '406' }[treatment]
  return `${status}, \`${mediaType}\``
}
