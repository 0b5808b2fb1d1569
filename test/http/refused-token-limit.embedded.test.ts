import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { endStory, type Person, readAnswer, type Story, startStory } from '../support/story.ts'

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

  it('has no new token looked at, good or bad, and is told when that ends', async () => {
    for (const token of [await story.tokenFor(mia), 'bad.bad.bad']) {
      const refused = await readAnswer(await ask(token))
      expect(refused.status).toBe(429)
      const seconds = Number(refused.headers.get('retry-after'))
      expect(seconds).toBeGreaterThan(0)
      expect(seconds).toBeLessThanOrEqual(60)
      const message = `More than 3 tokens from this address were refused within a minute, so that no new ones are looked at. Try again in ${seconds} ${seconds === 1 ? 'second' : 'seconds'}.`
      expect(refused.errors).toEqual([
        { message, extensions: { code: 'RATE_LIMITED', retryAfterSeconds: seconds } },
      ])
    }
    const line = JSON.parse(story.logged.at(-1) ?? '')
    expect(line).toMatchObject({ level: 30, status: 429, outcome: 'RATE_LIMITED', refusal: 'failures' })
  })

  it('is still served where its token was verified before', async () => {
    expect(await statusOf(known)).toBe(200)
  })

  it('is still told to send a token where there is none', async () => {
    expect(await statusOf(null)).toBe(401)
  })
})
