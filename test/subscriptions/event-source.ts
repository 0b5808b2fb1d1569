import { expect, onTestFinished, vi } from 'vitest'
import type { Person, Story } from '../support/story.ts'

/** One event of a stream: a GraphQL result, or the end. */
export interface StreamEvent {
  readonly event: string
  // biome-ignore lint/suspicious/noExplicitAny: tests look into results of every shape
  readonly data: any
  readonly errors: readonly { message: string; path?: readonly unknown[]; extensions: { code: string } }[]
  /** The data as it came. */
  readonly text: string
}

/** An open subscription. */
export interface Subscription {
  readonly status: number
  readonly headers: Headers
  /** The next event; waits for it. */
  next(): Promise<StreamEvent>
  /** All events up to the end of the stream. */
  rest(): Promise<StreamEvent[]>
  /** Goes away without a word. */
  leave(): void
}

/** Where a stream is opened. */
export interface StreamTarget {
  readonly url: string
  readonly token: string
  readonly headers?: Record<string, string>
}

/** Waits until a server hears of changes: when it begins to, it tells its streams that it may have missed some. */
export async function isListening(
  { database, logged }: Pick<Story, 'database' | 'logged'>,
  times = 1,
): Promise<void> {
  if (database.databaseUrl === null) return
  const lines = () => logged.filter((line) => line.includes('"listening for changes'))
  await vi.waitFor(() => expect(lines()).toHaveLength(times), { timeout: 15_000, interval: 10 })
}

/** Subscribes as a person at a story's server. */
export async function subscribeAs(
  story: Story,
  person: Person,
  query: string,
  variables: object = {},
): Promise<Subscription> {
  return subscribe({ url: story.app.url, token: await story.tokenFor(person) }, query, variables)
}

/** Subscribes with server-sent events; the subscription ends with the test. */
export async function subscribe(
  { url, token, headers = {} }: StreamTarget,
  query: string,
  variables: object = {},
): Promise<Subscription> {
  const leaving = new AbortController()
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      accept: 'text/event-stream',
      ...headers,
    },
    body: JSON.stringify({ query, variables }),
    signal: leaving.signal,
  })
  onTestFinished(() => leaving.abort())
  const events = readEvents(response)
  async function next(): Promise<StreamEvent> {
    const { done, value } = await events.next()
    if (done === true) throw new Error('the stream has ended')
    return value
  }
  return {
    status: response.status,
    headers: response.headers,
    next,
    async rest() {
      const all: StreamEvent[] = []
      for await (const event of events) all.push(event)
      return all
    },
    leave: () => leaving.abort(),
  }
}

async function* readEvents({ body }: Response): AsyncGenerator<StreamEvent, undefined> {
  if (body === null) return
  let buffered = ''
  for await (const text of body.pipeThrough(new TextDecoderStream())) {
    buffered += text
    const blocks = buffered.split('\n\n')
    buffered = blocks.pop() ?? ''
    for (const block of blocks) {
      const fields = new Map(block.split('\n').map((line) => splitField(line)))
      const event = fields.get('event')
      if (event === undefined) continue
      const data = fields.get('data') ?? ''
      yield { event, ...parseResult(data), text: data }
    }
  }
}

/** A line without a name is a comment, which keeps the connection alive. */
function splitField(line: string): [string, string] {
  const colon = line.indexOf(':')
  return [line.slice(0, colon), line.slice(colon + 1).trimStart()]
}

function parseResult(data: string): Pick<StreamEvent, 'data' | 'errors'> {
  const result = data === '' ? {} : (JSON.parse(data) as Partial<StreamEvent>)
  return { data: result.data ?? null, errors: result.errors ?? [] }
}
