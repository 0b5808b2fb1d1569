import type { Client } from '../support/story.ts'

/** An event as the tests ask for it. */
export interface ReadEvent {
  readonly id: string
  readonly action: string
  readonly outcome: string
  readonly actor: { readonly id: string }
  readonly keyId: string | null
  readonly keyName: string | null
  readonly liveKey: { readonly id: string } | null
  readonly details: Readonly<Record<string, unknown>>
}

/** A page of events. */
export interface EventPage {
  readonly nodes: readonly ReadEvent[]
  readonly totalCount: number
  readonly pageInfo: {
    readonly hasNextPage: boolean
    readonly hasPreviousPage: boolean
    readonly startCursor: string | null
    readonly endCursor: string | null
  }
}

/** What is selected of a page. */
export const page = `{
  nodes { id action outcome actor { id } keyId keyName liveKey { id } details }
  totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
}`

/** Reads one page of the audit trail. */
export async function readTrail(client: Client, variables: object = {}): Promise<EventPage> {
  const { auditEvents } = await client.ask<{ auditEvents: EventPage }>(
    `query($first: Int, $after: String, $last: Int, $before: String, $filter: AuditEventFilter) {
      auditEvents(first: $first, after: $after, last: $last, before: $before, filter: $filter) ${page}
    }`,
    variables,
  )
  return auditEvents
}

/** Walks through all pages of a size and checks that each of them is full, but for the last. */
export async function walkTrail(client: Client, first: number, filter: object = {}): Promise<ReadEvent[]> {
  const events: ReadEvent[] = []
  let after: string | null = null
  for (;;) {
    const { nodes, pageInfo } = await readTrail(client, { first, after, filter })
    events.push(...nodes)
    if (!pageInfo.hasNextPage) return events
    if (nodes.length !== first) throw new Error(`a page of ${nodes.length} that is not the last`)
    after = pageInfo.endCursor
  }
}
