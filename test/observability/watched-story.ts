import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'
import { type Answer, type Person, readAnswer, type Story, startStoryForTest } from '../support/story.ts'

/** A span as a collector gets it. */
export interface ReceivedSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly attributes: Readonly<Record<string, unknown>>
}

/** One line of metrics. */
export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** A server whose metrics are on, and a collector that its traces go to. */
export interface WatchedStory {
  readonly story: Story
  /** Tokens that were sent. */
  readonly tokens: readonly string[]
  /** All requests that were sent. */
  readonly sent: readonly { requestId: string; status: number }[]
  send(person: Person, query: string, variables?: object, headers?: Record<string, string>): Promise<Answer>
  /** Everything that Prometheus gets. */
  scrape(): Promise<string>
  /** All spans, which are there once the server was stopped. */
  readonly spans: readonly ReceivedSpan[]
  /** All that the collector was sent, as it came. */
  readonly traces: readonly string[]
}

/** Starts a server with metrics and traces, for one test. */
export async function startWatchedStory(settings: Record<string, string> = {}): Promise<WatchedStory> {
  const collector = await startCollector()
  const story = await startStoryForTest({
    METRICS_PORT: '0',
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    ...settings,
  })
  const tokens: string[] = []
  const sent: { requestId: string; status: number }[] = []
  return {
    story,
    tokens,
    sent,
    async send(person, query, variables = {}, headers = {}) {
      const token = await story.tokenFor(person)
      tokens.push(token)
      const response = await fetch(`${story.app.url}/graphql`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${token}`,
          'content-type': 'application/json',
          accept: 'application/graphql-response+json',
          'x-request-id': `watched-${randomBytes(6).toString('hex')}`,
          ...headers,
        },
        body: JSON.stringify({ query, variables }),
      })
      sent.push({ requestId: response.headers.get('x-request-id') ?? '', status: response.status })
      return readAnswer(response)
    },
    async scrape() {
      const response = await fetch(story.app.metricsUrl ?? '')
      if (response.status !== 200) throw new Error(`metrics answered ${response.status}`)
      return response.text()
    },
    spans: collector.spans,
    traces: collector.bodies,
  }
}

/** Lines of Prometheus' text format. */
export function readSamples(text: string): Sample[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, name = '', labels = '', value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
      const pairs = [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, key = '', text = '']) => [key, text])
      return { name, labels: Object.fromEntries(pairs) as Record<string, string>, value: Number(value) }
    })
}

/** The sum of the samples of a name whose labels are as wanted. */
export function sumOf(samples: readonly Sample[], name: string, wanted: Record<string, string> = {}): number {
  return samples
    .filter((sample) => sample.name === name)
    .filter(({ labels }) => Object.entries(wanted).every(([label, value]) => labels[label] === value))
    .reduce((sum, { value }) => sum + value, 0)
}

interface Exported {
  readonly resourceSpans: readonly {
    readonly scopeSpans: readonly {
      readonly spans: readonly (Omit<ReceivedSpan, 'attributes'> & {
        readonly attributes: readonly { key: string; value: Record<string, unknown> }[]
      })[]
    }[]
  }[]
}

/** A collector of traces (OTLP over HTTP) that keeps what it gets. */
async function startCollector(): Promise<{ url: string; spans: ReceivedSpan[]; bodies: string[] }> {
  const spans: ReceivedSpan[] = []
  const bodies: string[] = []
  const server = createServer(async (request, response) => {
    const exported = (await json(request)) as Exported
    bodies.push(JSON.stringify(exported))
    if (request.url !== '/v1/traces') return void response.writeHead(404).end()
    for (const { scopeSpans } of exported.resourceSpans) {
      for (const span of scopeSpans.flatMap((scope) => scope.spans)) {
        const pairs = span.attributes.map(({ key, value }) => [key, Object.values(value)[0]])
        spans.push({ ...span, attributes: Object.fromEntries(pairs) as Record<string, unknown> })
      }
    }
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, spans, bodies }
}
