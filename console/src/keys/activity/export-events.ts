import type { Client, CombinedError } from 'urql'
import { withoutCache } from '../../api/client.ts'
import { csvHead, csvLines } from './csv.ts'
import { activityQuery } from './events.ts'
import type { ActivityFilter } from './filter.ts'

/** The most events of one export: their text is in memory until it is saved. */
export const exportLimit = 50_000

const pageSize = 200
const pauseMs = 2000

/** What an export found. */
export interface Export {
  readonly parts: readonly string[]
  readonly events: number
}

/**
 * Reads what the filter finds, newest first, page by page.
 *
 * @throws CombinedError where the server refuses; an AbortError when it is cancelled
 */
export async function readEvents(
  client: Client,
  filter: ActivityFilter,
  { signal, onProgress }: { readonly signal: AbortSignal; readonly onProgress: (events: number) => void },
): Promise<Export> {
  const uncached = withoutCache(client)
  const parts = [csvHead]
  let events = 0
  for (let after: string | null = null; ; ) {
    const page: Page = await readPage(
      uncached,
      { filter, first: pageSize, ...(after !== null && { after }) },
      signal,
    )
    signal.throwIfAborted()
    const nodes = page.nodes.slice(0, exportLimit - events)
    parts.push(csvLines(nodes))
    events += nodes.length
    onProgress(events)
    after = page.pageInfo.endCursor
    if (!page.pageInfo.hasNextPage || after === null || events >= exportLimit) return { parts, events }
  }
}

type Page = Exclude<Awaited<ReturnType<typeof askPage>>['data'], undefined>['auditEvents'] & object

/** A page. Where the caller has used up its rate for the moment, waits and asks again. */
async function readPage(client: Client, variables: Variables, signal: AbortSignal): Promise<Page> {
  for (;;) {
    signal.throwIfAborted()
    const { data, error } = await askPage(client, variables)
    if (data?.auditEvents) return data.auditEvents
    if (error === undefined || !isRateLimited(error)) throw error ?? new Error('The server gave no page.')
    await new Promise((resolve) => setTimeout(resolve, pauseMs))
  }
}

type Variables = { readonly filter: ActivityFilter; readonly first: number; readonly after?: string }

const askPage = async (client: Client, variables: Variables) =>
  client.query(activityQuery, variables).toPromise()

const isRateLimited = ({ graphQLErrors: [first] }: CombinedError) =>
  first?.extensions['code'] === 'RATE_LIMITED'
