import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  endStory,
  type Person,
  readAnswer,
  type Story,
  startStory,
  startStoryForTest,
} from '../support/story.ts'

const mia: Person = { name: 'mia', roles: ['KMS_USER'] }

describe('an address from which more tokens were refused than may be', () => {
  let story: Story
  let known: string
  beforeAll(async () => {
    story = await startStory({ AUTH_FAILURES_PER_MINUTE_MAX: '3' })
    known = await story.tokenFor(mia)
    expect(await statusOf(known)).toBe(200)
    // None at all costs nothing to refuse, and is not counted.
    for (let n = 0; n < 5; n++) expect(await statusOf(null)).toBe(401)
    for (let n = 0; n < 3; n++) expect(await statusOf(`${known.slice(0, -20)}${'A'.repeat(20)}`)).toBe(401)
  })
  afterAll(() => endStory(story))

  const ask = (token: string | null) =>
    fetch(`${story.app.url}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(token !== null && { authorization: `Bearer ${token}` }),
      },
      body: '{"query":"{ viewer { projectId } }"}',
    })
  const statusOf = async (token: string | null) => (await ask(token)).status

  it('has no token of an unknown caller looked at, good or bad, and is told when that ends', async () => {
    for (const token of [await story.tokenFor({ name: 'noa', roles: ['KMS_USER'] }), 'bad.bad.bad']) {
      const refused = await readAnswer(await ask(token))
      expect(refused.status).toBe(429)
      const seconds = Number(refused.headers.get('retry-after'))
      expect(seconds).toBeGreaterThan(0)
      expect(seconds).toBeLessThanOrEqual(60)
      const message = `More than 3 tokens from this address were refused within a minute, so that unverified tokens are rejected without checking. Try again in ${seconds} ${seconds === 1 ? 'second' : 'seconds'}.`
      expect(refused.errors).toEqual([
        { message, extensions: { code: 'RATE_LIMITED', retryAfterSeconds: seconds } },
      ])
    }
    const line = JSON.parse(story.logged.at(-1) ?? '')
    expect(line).toMatchObject({ level: 30, status: 429, outcome: 'RATE_LIMITED', refusal: 'failures' })
  })

  it('is still served where its token was verified before, however long ago', async () => {
    expect(await statusOf(known)).toBe(200)
    story.clock.advance({ minutes: 5 })
    expect(await statusOf(known)).toBe(200)
  })

  it('is still served with a new token of a caller that was verified before', async () => {
    expect(await statusOf(await story.tokenFor(mia))).toBe(200)
  })

  it('is still told that a token is bad where it names such a caller, and gets nothing for the name', async () => {
    const [header, payload] = (await story.tokenFor(mia)).split('.')
    for (const token of [`${header}.${payload}.${'A'.repeat(86)}`, `${header}.${payload}.`]) {
      expect(await statusOf(token)).toBe(401)
    }
    expect(await statusOf(await story.tokenFor(mia, { aud: 'another' }))).toBe(401)
    expect(await statusOf(await story.tokenFor(mia, { exp: 1 }))).toBe(401)
  })

  it('is still told to send a token where there is none', async () => {
    expect(await statusOf(null)).toBe(401)
  })
})

describe('clients of one proxy', () => {
  const settings = { AUTH_FAILURES_PER_MINUTE_MAX: '3', TRUSTED_PROXIES: '127.0.0.0/8' }
  const admin: Person = { name: 'ada', roles: ['PROJECT_ADMIN', 'KMS_USER'] }

  async function post(
    story: Story,
    {
      headers,
      token,
      query = '{ viewer { projectId } }',
    }: {
      headers: Record<string, string>
      token: string
      query?: string
    },
  ): Promise<Response> {
    return fetch(`${story.app.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}`, ...headers },
      body: JSON.stringify({ query }),
    })
  }

  it('are counted apart, whatever they claim to come through', async () => {
    const story = await startStoryForTest(settings)
    for (let n = 0; n < 5; n++) {
      const headers = { 'x-forwarded-for': `198.51.100.${n}, 203.0.113.66` }
      const { status } = await post(story, { headers, token: 'bad.bad.bad' })
      expect(status).toBe(n < 3 ? 401 : 429)
    }
    const token = await story.tokenFor(mia)
    const other = await post(story, { headers: { 'x-forwarded-for': '203.0.113.7' }, token })
    expect(other.status).toBe(200)
  })

  it('stand in the audit trail with their own addresses', async () => {
    const story = await startStoryForTest(settings)
    const token = await story.tokenFor(admin)
    const create = (name: string) => `mutation { createUserKey(input: { name: "${name}" }) { __typename } }`
    const headersOf: Record<string, Record<string, string>> = {
      xff: { 'x-forwarded-for': '1.1.1.1, 203.0.113.7:5000' },
      forwarded: { forwarded: 'for=1.1.1.1, for="[2001:db8::7]:443";proto=https' },
      unknown: { forwarded: 'for=unknown' },
      none: {},
    }
    for (const [name, headers] of Object.entries(headersOf)) {
      expect((await post(story, { headers, token, query: create(name) })).status).toBe(200)
    }
    const query = '{ auditEvents(first: 10) { nodes { action clientAddress } } }'
    const { auditEvents } = await story.as(admin).ask<{ auditEvents: { nodes: never[] } }>(query)
    const addresses = auditEvents.nodes.map(({ clientAddress }) => clientAddress)
    expect(addresses.toSorted()).toEqual(['127.0.0.1', '127.0.0.1', '2001:db8::7', '203.0.113.7'])
  })

  it('are refused where their headers name different clients', async () => {
    const story = await startStoryForTest(settings)
    const headers = { 'x-forwarded-for': '203.0.113.7', forwarded: 'for=203.0.113.8' }
    const answer = await readAnswer(await post(story, { headers, token: await story.tokenFor(mia) }))
    expect([answer.status, answer.errors[0]?.extensions.code]).toEqual([400, 'BAD_REQUEST'])
  })

  it('share its address where it is not trusted, of which a warning tells once', async () => {
    const story = await startStoryForTest({ AUTH_FAILURES_PER_MINUTE_MAX: '3' })
    for (let n = 0; n < 5; n++) {
      const headers = { 'x-forwarded-for': `203.0.113.${n}` }
      const { status } = await post(story, { headers, token: 'bad.bad.bad' })
      expect(status).toBe(n < 3 ? 401 : 429)
    }
    const warnings = story.logged.map((line) => JSON.parse(line)).filter(({ peer }) => peer !== undefined)
    expect(warnings).toEqual([expect.objectContaining({ level: 40, peer: '127.0.0.1' })])
  })
})
