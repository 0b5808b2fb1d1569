import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { endStory, type Person, readAnswer, type Story, startStory } from '../support/story.ts'

const member: Person = { name: 'max', roles: ['PROJECT_MEMBER'] }
const mutation = 'mutation { createUserKey(input: { name: "orders" }) { __typename } }'
const json = JSON.stringify({ query: mutation })

describe('requests in another form than JSON by POST', () => {
  let story: Story
  let authorization: string
  beforeAll(async () => {
    story = await startStory()
    authorization = `Bearer ${await story.tokenFor(member)}`
  })
  afterAll(() => endStory(story))

  async function send(init: RequestInit, search = ''): Promise<Response> {
    const headers = new Headers(init.headers)
    headers.set('authorization', authorization)
    return fetch(`${story.app.url}/graphql${search}`, { ...init, headers })
  }

  async function expectNothingCreated(): Promise<void> {
    const { userKeys } = await story.as(member).ask<{ userKeys: object }>('{ userKeys { totalCount } }')
    expect(userKeys).toEqual({ totalCount: 0 })
  }

  it.each([
    ['GET', `?query=${encodeURIComponent(mutation)}`],
    ['GET', '?query={viewer{projectId}}'],
    ['HEAD', ''],
    ['OPTIONS', ''],
    ['PUT', ''],
    ['PATCH', ''],
    ['DELETE', ''],
  ])('%s %s is answered 405 with what is allowed, and executes nothing', async (method, search) => {
    const body = ['PUT', 'PATCH', 'DELETE'].includes(method) ? json : null
    const response = await send({ method, body, headers: { 'content-type': 'application/json' } }, search)
    expect(response.status).toBe(405)
    expect(response.headers.get('allow')).toBe('POST')
    if (method !== 'HEAD') {
      expect(await readAnswer(response)).toMatchObject({
        data: null,
        errors: [{ extensions: { code: 'BAD_REQUEST' } }],
      })
    }
    await expectNothingCreated()
  })

  it('that begin with a byte order mark are read', async () => {
    const headers = { 'content-type': 'application/json' }
    for (const _ of [1, 2]) {
      const response = await send({
        method: 'POST',
        body: '\uFEFF{"query":"{ viewer { projectId } }"}',
        headers,
      })
      expect(await readAnswer(response)).toMatchObject({ status: 200, errors: [] })
    }
  })

  it.each([
    ['a form', { body: new URLSearchParams({ query: mutation }) }],
    ['a form with files', { body: multipart() }],
    ['plain text', { body: json, headers: { 'content-type': 'text/plain' } }],
    ['application/graphql', { body: mutation, headers: { 'content-type': 'application/graphql' } }],
    [
      'JSON that is named after plain text',
      { body: json, headers: { 'content-type': 'text/plain, application/json' } },
    ],
    ['a body of no type', { body: new TextEncoder().encode(json) }],
    ['JSON in Latin-1', { body: json, headers: { 'content-type': 'application/json; charset=iso-8859-1' } }],
    ['JSON in UTF-16', { body: json, headers: { 'content-type': 'application/json; charset=utf-16le' } }],
  ] as [string, RequestInit][])('%s is answered 415, and executes nothing', async (_what, init) => {
    const answer = await readAnswer(await send({ method: 'POST', ...init }))
    expect(answer).toMatchObject({
      status: 415,
      data: null,
      errors: [{ extensions: { code: 'BAD_REQUEST' } }],
    })
    await expectNothingCreated()
  })

  it.each([
    '?x=/health-is-elsewhere',
    '?query={userKeys{totalCount}}',
    '?operationName=Other&variables=7',
    '?',
  ])('what the address has besides (%s) counts for nothing', async (search) => {
    const body = JSON.stringify({ query: '{ viewer { projectId } }' })
    const response = await send(
      { method: 'POST', body, headers: { 'content-type': 'application/json' } },
      search,
    )
    expect(response.headers.get('x-yoga-id')).toBeNull()
    expect(await readAnswer(response)).toMatchObject({ status: 200, data: { viewer: { projectId: 'shop' } } })
  })

  it.each(['application/json', 'application/json; charset=utf-8', 'Application/JSON;charset="UTF-8"'])(
    'JSON as %s is executed',
    async (contentType) => {
      const body = JSON.stringify({ query: '{ viewer { projectId } }' })
      const response = await send({ method: 'POST', body, headers: { 'content-type': contentType } })
      expect(await readAnswer(response)).toMatchObject({
        status: 200,
        data: { viewer: { projectId: 'shop' } },
      })
    },
  )

  describe.each(['application/json', 'application/graphql-response+json', '*/*'])(
    'accepting %s',
    (accept) => {
      it.each([
        ['a batch', [{ query: mutation }, { query: mutation }]],
        ['an empty batch', []],
        ['a parameter that there is not', { query: mutation, secret: 1 }],
        ['no document', {}],
        ['a document that is no text', { query: { secret: mutation } }],
        ['variables that are text', { query: mutation, variables: '{}' }],
        ['an operation name that is a number', { query: mutation, operationName: 7 }],
        ['null', null],
        ['a number', 7],
        ['text', mutation],
      ])('%s is answered 400, and executes nothing', async (_what, body) => {
        await expectBadRequest(JSON.stringify(body))
      })

      it.each([
        ['no body', ''],
        ['white space', ' \n'],
        ['JSON that is cut', json.slice(0, -1)],
        ['two JSON values', `${json}${json}`],
      ])('%s is answered 400, and executes nothing', async (_what, body) => {
        await expectBadRequest(body)
      })

      async function expectBadRequest(body: string): Promise<void> {
        const response = await send({
          method: 'POST',
          body,
          headers: { accept, 'content-type': 'application/json' },
        })
        const answer = await readAnswer(response)
        expect(answer).toMatchObject({ status: 400, errors: [{ extensions: { code: 'BAD_REQUEST' } }] })
        expect(JSON.parse(answer.text)).not.toHaveProperty('data')
        await expectNothingCreated()
      }
    },
  )

  it.each([
    [
      'that there is not',
      {
        query: 'mutation A { a: generateRandom(input: { lengthBytes: 1 }) { __typename } }',
        operationName: 'B',
      },
    ],
    [
      'that is not named where there are two',
      { query: 'query A { viewer { projectId } } query B { viewer { projectId } }' },
    ],
  ])('an operation %s is answered 400', async (_what, body) => {
    const response = await send({
      method: 'POST',
      body: JSON.stringify(body),
      headers: { accept: 'application/graphql-response+json', 'content-type': 'application/json' },
    })
    expect(await readAnswer(response)).toMatchObject({
      status: 400,
      data: null,
      errors: [{ extensions: { code: 'BAD_REQUEST' } }],
    })
  })
})

function multipart(): FormData {
  const form = new FormData()
  form.set('operations', json)
  form.set('map', '{}')
  return form
}
