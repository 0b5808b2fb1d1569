import { describe, expect, it, onTestFinished } from 'vitest'
import { hasNoDatabase } from '../support/databases.ts'
import { type Person, readAnswer, type Story, startStoryForTest } from '../support/story.ts'
import { isListening, subscribe, subscribeAs } from './event-source.ts'

const olga: Person = { name: 'olga', roles: ['PROJECT_ADMIN'] }
const rob: Person = { name: 'rob', roles: ['KMS_USER'] }

const userKeysChanged = 'subscription { userKeysChanged { listAgain changedKeys { name } } }'

async function post(story: Story, accept: string): Promise<Response> {
  return fetch(`${story.app.url}/graphql`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${await story.tokenFor(olga)}`,
      'content-type': 'application/json',
      accept,
    },
    body: JSON.stringify({ query: userKeysChanged }),
  })
}

describe.skipIf(hasNoDatabase())('a subscription', () => {
  it('ends with UNAUTHENTICATED when its token expires, though nothing happens', async () => {
    const story = await startStoryForTest()
    await isListening(story)
    const exp = Math.floor(story.clock.now().getTime() / 1000) + 2
    const token = await story.tokenFor(olga, { exp })
    const events = await subscribe({ url: story.app.url, token }, userKeysChanged)
    const [first, last, end, ...more] = await events.rest()
    expect(first?.data).toEqual({ userKeysChanged: { listAgain: true, changedKeys: [] } })
    expect(last).toMatchObject({ event: 'next', data: null })
    expect(last?.errors).toMatchObject([
      {
        message: 'The token has expired, so the subscription ends. Subscribe again with a new token.',
        extensions: { code: 'UNAUTHENTICATED' },
      },
    ])
    expect(end?.event).toBe('complete')
    expect(more).toEqual([])
  })

  it('tells nothing that happens after its token has expired', async () => {
    const story = await startStoryForTest()
    const events = await subscribeAs(story, olga, userKeysChanged)
    await events.next()
    story.clock.advance({ minutes: 11 })
    await story.as(olga).mutate('createUserKey', { name: 'orders' })
    const told = await events.rest()
    expect(told.map(({ event, errors }) => [event, errors[0]?.extensions.code])).toEqual([
      ['next', 'UNAUTHENTICATED'],
      ['complete', undefined],
    ])
  })

  it('outlives the time that a request may take', async () => {
    const story = await startStoryForTest({ REQUEST_TIMEOUT_MS: '3000' })
    await isListening(story)
    const events = await subscribeAs(story, olga, userKeysChanged)
    await events.next()
    await new Promise((resolve) => setTimeout(resolve, 3500))
    await story.as(olga).mutate('createUserKey', { name: 'orders' })
    expect((await events.next()).data.userKeysChanged.changedKeys).toEqual([{ name: 'orders' }])
  })

  it('is neither kept nor held back on its way', async () => {
    const story = await startStoryForTest()
    const { headers } = await subscribeAs(story, olga, userKeysChanged)
    expect(headers.get('cache-control')).toBe('no-cache, no-store')
    expect(headers.get('x-accel-buffering')).toBe('no')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.has('content-encoding')).toBe(false)
  })

  it('begins with an event, and not with a comment that some clients take for the end', async () => {
    const story = await startStoryForTest()
    const { body } = await post(story, 'text/event-stream')
    const reader = body?.pipeThrough(new TextDecoderStream()).getReader()
    onTestFinished(() => void reader?.cancel().catch(() => {}))
    let text = ''
    // Comments that come later keep the connection alive.
    while (!text.includes('\n\n:\n\n')) text += (await reader?.read())?.value ?? ''
    expect(text).toMatch(/^event: next\ndata: \{/)
  })

  it('is refused beyond what one caller may have, while others get theirs', async () => {
    const story = await startStoryForTest({ SUBSCRIPTIONS_PER_CALLER_MAX: '2' })
    const first = await subscribeAs(story, olga, userKeysChanged)
    await subscribeAs(story, olga, userKeysChanged)
    const third = await subscribeAs(story, olga, userKeysChanged)
    expect((await third.rest()).map(({ errors }) => errors[0]?.extensions.code)).toEqual([
      'RATE_LIMITED',
      undefined,
    ])
    expect((await (await subscribeAs(story, rob, userKeysChanged)).next()).errors).toEqual([])
    const elsewhere: Person = { ...olga, project: 'bank' }
    expect((await (await subscribeAs(story, elsewhere, userKeysChanged)).next()).errors).toEqual([])
    // A client that goes away leaves its place.
    first.leave()
    await expect
      .poll(async () => (await (await subscribeAs(story, olga, userKeysChanged)).next()).errors.length, {
        timeout: 15_000,
      })
      .toBe(0)
  })

  it('is refused beyond what the server may have', async () => {
    const story = await startStoryForTest({ SUBSCRIPTIONS_MAX: '1' })
    await subscribeAs(story, olga, userKeysChanged)
    const second = await subscribeAs(story, rob, userKeysChanged)
    const [refusal] = await second.rest()
    expect(refusal?.errors[0]).toMatchObject({
      message: 'The server has reached its limit of subscriptions. Try again later.',
      extensions: { code: 'RATE_LIMITED' },
    })
  })

  it('is refused to everybody where subscriptions are switched off', async () => {
    const story = await startStoryForTest({ SUBSCRIPTIONS_PER_CALLER_MAX: '0' })
    const [refusal] = await (await subscribeAs(story, olga, userKeysChanged)).rest()
    expect(refusal?.errors[0]?.message).toMatch(/switched off/)
  })

  it('is completed when the server stops, which does not wait for it', async () => {
    const story = await startStoryForTest()
    const events = await subscribeAs(story, olga, userKeysChanged)
    await events.next()
    const stopped = story.stop()
    expect((await events.rest()).map(({ event, errors }) => [event, errors])).toEqual([['complete', []]])
    await stopped
    expect(story.logged.filter((line) => line.includes('before everything was finished'))).toEqual([])
  })

  it('is refused to clients that take no stream', async () => {
    const story = await startStoryForTest({ SUBSCRIPTIONS_PER_CALLER_MAX: '1' })
    for (const accept of ['application/graphql-response+json', 'application/json', '*/*']) {
      const answer = await readAnswer(await post(story, accept))
      expect(answer.status).toBe(406)
      expect(answer.errors[0]).toMatchObject({
        message: 'A subscription is answered as a stream: send the header "Accept: text/event-stream".',
        extensions: { code: 'BAD_REQUEST' },
      })
    }
    // None of them has left a stream behind.
    expect((await (await subscribeAs(story, olga, userKeysChanged)).next()).errors).toEqual([])
  })

  it('is subject to the limits of documents, and has one top-level field', async () => {
    const story = await startStoryForTest()
    const version = 'versions(first: 200) { nodes { number versionStatus createdAt } }'
    const documents = {
      'more than 50000 values': `subscription { userKeysChanged { changedKeys { ${version} } } }`,
      'exactly one top-level field': 'subscription { userKeysChanged { at } keyEvents(key: "x") { at } }',
    }
    for (const [message, query] of Object.entries(documents)) {
      const [refusal] = await (await subscribeAs(story, olga, query)).rest()
      expect(refusal?.errors[0]).toMatchObject({ extensions: { code: 'BAD_REQUEST' } })
      expect(refusal?.errors[0]?.message).toContain(message)
    }
  })

  it('costs its caller a unit', async () => {
    const story = await startStoryForTest({
      RATE_LIMIT_UNITS: '2',
      RATE_LIMIT_WINDOW_SECONDS: '86400',
      BATCH_ITEMS_MAX: '1',
    })
    await subscribeAs(story, olga, userKeysChanged)
    await subscribeAs(story, olga, userKeysChanged)
    const third = await subscribeAs(story, olga, userKeysChanged)
    expect(third.status).toBe(200)
    expect(third.headers.get('retry-after')).toMatch(/^\d+$/)
    expect((await third.rest()).map(({ event, errors }) => [event, errors[0]?.extensions.code])).toEqual([
      ['next', 'RATE_LIMITED'],
      ['complete', undefined],
    ])
  })

  it('without a token, or with a bad one, is told so by its only event', async () => {
    const story = await startStoryForTest()
    for (const token of ['', 'x.y.z']) {
      const events = await subscribe({ url: story.app.url, token }, userKeysChanged)
      expect(events.status).toBe(200)
      expect(events.headers.get('www-authenticate')).toMatch(/^Bearer/)
      expect((await events.rest()).map(({ event, errors }) => [event, errors[0]?.extensions.code])).toEqual([
        ['next', 'UNAUTHENTICATED'],
        ['complete', undefined],
      ])
    }
  })

  it('is not on record, as no read is', async () => {
    const story = await startStoryForTest()
    await (await subscribeAs(story, olga, userKeysChanged)).next()
    const { auditEvents } = await story
      .as(olga)
      .ask<{ auditEvents: { totalCount: number } }>('{ auditEvents { totalCount } }')
    expect(auditEvents.totalCount).toBe(0)
  })
})
