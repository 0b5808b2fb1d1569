import { describe, expect, it } from 'vitest'
import { base64, type Person } from '../support/story.ts'
import { type ReceivedSpan, startWatchedStory } from './watched-story.ts'

const mia: Person = { name: 'mia', roles: ['KMS_MANAGER'] }
const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const spanId = '00f067aa0ba902b7'
const parent = { traceparent: `00-${traceId}-${spanId}-01` }

function spanNamed(spans: readonly ReceivedSpan[], name: string): ReceivedSpan {
  const span = spans.find((each) => each.name === name)
  if (span === undefined)
    throw new Error(`no span ${name} among ${spans.map((each) => each.name).join(', ')}`)
  return span
}

describe('a trace', () => {
  it('goes on with that of the client: the request, in it the operation, in that what the domain did', async () => {
    const { story, send, spans } = await startWatchedStory()
    const query = 'mutation Draw { generateRandom(input: { lengthBytes: 16 }) { __typename } }'
    await send(mia, query, {}, parent)
    await story.stop()
    const request = spanNamed(spans, 'POST /graphql')
    expect(request).toMatchObject({ traceId, parentSpanId: spanId, kind: 2 })
    expect(request.attributes).toMatchObject({
      'http.request.method': 'POST',
      'http.route': '/graphql',
      'keystead.outcome': 'SUCCEEDED',
    })
    expect(Number(request.attributes['http.response.status_code'])).toBe(200)
    const operation = spanNamed(spans, 'mutation')
    expect(operation).toMatchObject({ traceId, parentSpanId: request.spanId })
    expect(operation.attributes).toMatchObject({
      'graphql.operation.type': 'mutation',
      'graphql.operation.name': 'Draw',
    })
    const action = spanNamed(spans, 'GENERATE_RANDOM')
    expect(action).toMatchObject({ traceId, parentSpanId: operation.spanId })
    expect(spans).toHaveLength(3)
  })

  it('has one span for all items of a batch', async () => {
    const { story, send, spans } = await startWatchedStory()
    const { userKey } = await story.as(mia).mutate('createUserKey', { name: 'orders' }, 'userKey { id }')
    const items = [1, 2, 3].map(() => ({ key: userKey.id, plaintext: base64('hello') }))
    const query = 'mutation($input: EncryptBatchInput!) { encryptBatch(input: $input) { __typename } }'
    await send(mia, query, { input: { items } })
    await story.stop()
    const actions = spans.filter(({ name }) => name === 'ENCRYPT')
    expect(actions.map(({ attributes }) => Number(attributes['keystead.items']))).toEqual([3])
    expect(actions[0]?.attributes['keystead.algorithm']).toBe('AES_256_GCM')
  })

  it.each([
    ['is not one', 'canary'],
    ['names no trace', `00-${'0'.repeat(32)}-${spanId}-01`],
    ['has a form that is not known', `ff-${traceId}-${spanId}-01`],
  ])('is a new one where that of the client %s', async (_what, traceparent) => {
    const { story, send, spans } = await startWatchedStory()
    await send(mia, '{ viewer { projectId } }', {}, { traceparent })
    await story.stop()
    const request = spanNamed(spans, 'POST /graphql')
    expect(request.parentSpanId ?? '').toBe('')
    expect(request.traceId).not.toBe(traceId)
    expect(request.traceId).toMatch(/^(?!0+$)[0-9a-f]{32}$/)
  })

  it('is not made where the client says that it is not wanted', async () => {
    const { story, send, spans } = await startWatchedStory()
    await send(mia, '{ viewer { projectId } }', {}, { traceparent: `00-${traceId}-${spanId}-00` })
    await send(mia, '{ viewer { projectId } }')
    await story.stop()
    expect(spans.filter(({ name }) => name === 'POST /graphql')).toHaveLength(1)
    expect(spans.some((span) => span.traceId === traceId)).toBe(false)
  })

  it.each([
    ['OTEL_TRACES_EXPORTER=none', { OTEL_TRACES_EXPORTER: 'none' }],
    ['OTEL_SDK_DISABLED=true', { OTEL_SDK_DISABLED: 'true' }],
  ])('is not made with %s', async (_what, settings) => {
    const { story, send, traces } = await startWatchedStory(settings)
    await send(mia, '{ viewer { projectId } }')
    await story.stop()
    expect(traces).toEqual([])
  })

  it("that no collector takes is nobody else's trouble", async () => {
    const { story, send } = await startWatchedStory({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' })
    expect((await send(mia, '{ viewer { projectId } }')).status).toBe(200)
    await story.stop()
    expect(story.logged.some((line) => line.includes('"msg":"stopped"'))).toBe(true)
  })
})
