import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createLog } from '../../src/log.ts'
import { base64, endStory, type Person, type Story, startStory, startStoryForTest } from '../support/story.ts'

const mia: Person = { name: 'mia', roles: ['KMS_MANAGER'] }
const levels = { debug: 20, info: 30, warn: 40, error: 50 } as const

describe('the line of a request', () => {
  let story: Story
  beforeAll(async () => {
    story = await startStory()
    // The lines of the start are then written.
    await story.app.housekeeping.runOnce()
  })
  afterAll(() => endStory(story))

  async function lineOf(query: string, headers: Record<string, string> = {}): Promise<unknown> {
    const before = story.logged.length
    await fetch(`${story.app.url}/graphql`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${await story.tokenFor(mia)}`,
        'content-type': 'application/json',
        'x-request-id': 'line-1',
        ...headers,
      },
      body: JSON.stringify({ query }),
    })
    // The server may still say that it listens for changes.
    const lines = story.logged.slice(before).filter((line) => line.includes('"requestId"'))
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(/^\{[^\n]*\}\n$/)
    return JSON.parse(lines[0] ?? '')
  }

  const always = { time: expect.any(String), durationMs: expect.any(Number), msg: 'request' }

  it('of one that goes well is for debugging, and says what ran and how long it took', async () => {
    expect(await lineOf('query Projects { viewer { projectId } }')).toEqual({
      ...always,
      level: levels.debug,
      requestId: 'line-1',
      route: '/graphql',
      operationType: 'query',
      operationName: 'Projects',
      status: 200,
      outcome: 'SUCCEEDED',
    })
  })

  it.each([
    [
      'an error among the data',
      'mutation { generateRandom(input: { lengthBytes: 0 }) { __typename } }',
      'INPUT_VALIDATION',
    ],
    ['a document that is none', '{', 'BAD_REQUEST'],
    ['a document that is not valid', '{ nothing }', 'BAD_REQUEST'],
  ])('of one that is refused with %s has the code', async (_what, query, outcome) => {
    expect(await lineOf(query)).toMatchObject({ level: levels.info, outcome })
  })

  it('of one without a good token has the code, the reason in the words of the answer, and no operation', async () => {
    expect(await lineOf('{ viewer { projectId } }', { authorization: 'Bearer canary' })).toEqual({
      ...always,
      level: levels.info,
      requestId: 'line-1',
      route: '/graphql',
      status: 401,
      outcome: 'UNAUTHENTICATED',
      reason: expect.stringContaining('The token is opaque'),
    })
  })

  it('has all codes where there are several', async () => {
    const query = `mutation { a: generateRandom(input: { lengthBytes: 0 }) { __typename }
      b: encryptWithServiceKey(input: { plaintext: "" }) { __typename } }`
    expect(await lineOf(query)).toMatchObject({ codes: ['INPUT_VALIDATION', 'FORBIDDEN'] })
  })

  it('holds 64 characters of the name of an operation, and no name that is none', async () => {
    const name = 'N'.repeat(500)
    expect(await lineOf(`query ${name} { viewer { projectId } }`)).toMatchObject({
      operationName: 'N'.repeat(64),
    })
    expect(await lineOf('query a\\n{"level":60} { viewer { projectId } }')).not.toHaveProperty(
      'operationName',
    )
  })

  it('holds a request ID of its own where that of the client could be taken for something else', async () => {
    for (const id of ['{"level":60}', 'a b', 'x'.repeat(129)]) {
      const line = await lineOf('{ viewer { projectId } }', { 'x-request-id': id })
      expect(line).toMatchObject({ level: levels.debug, requestId: expect.stringMatching(/^[0-9a-f-]{36}$/) })
    }
  })

  it('has no path but those that are known', async () => {
    const before = story.logged.length
    await fetch(`${story.app.url}/canary-path?token=canary`)
    const line = story.logged.slice(before).join('')
    expect(JSON.parse(line)).toMatchObject({ route: 'other', status: 404 })
    expect(line).not.toContain('canary')
  })
})

describe('a request that fails because of the server', () => {
  it('is an error in the log, with the request ID beside the cause', async () => {
    const story = await startStoryForTest()
    const created = await story.as(mia).mutate('createUserKey', { name: 'orders' }, 'userKey { id }')
    await story.sql("UPDATE keys SET description = 'changed'")
    const before = story.logged.length
    const input = { key: created['userKey'].id, plaintext: base64('hello') }
    const query = 'mutation($input: EncryptInput!) { encrypt(input: $input) { __typename } }'
    const { errors } = await story.as(mia).send(query, { input })
    expect(errors[0]?.extensions.code).toBe('INTERNAL')
    const lines = story.logged.slice(before).map((line) => JSON.parse(line))
    const [request] = lines.filter(({ msg }) => msg === 'request')
    expect(request).toMatchObject({ level: levels.error, outcome: 'INTERNAL' })
    const causes = lines.filter(({ msg }) => msg === 'a request failed')
    expect(causes.map(({ requestId }) => requestId)).toEqual([request.requestId])
  })
})

describe('the log of the process', () => {
  it('says what started, and nothing of addresses or secrets', async () => {
    const story = await startStoryForTest()
    const [started] = story.logged.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'started')
    expect(started).toMatchObject({ level: levels.info, version: expect.any(String), metrics: false })
    expect(JSON.stringify(started)).not.toContain(story.database.dataFolder)
  })

  it('does not write values under names of what is secret, should they be handed to it', () => {
    const lines: string[] = []
    const log = createLog('info', { write: (line) => void lines.push(line) })
    const canary = base64('canary')
    log.info({ plaintext: canary, request: { headers: canary, input: { token: canary } } }, 'x')
    expect(lines.join('')).not.toContain(canary)
    expect(JSON.parse(lines.join(''))).toMatchObject({ plaintext: '[not logged]' })
  })
})
