import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestDatabase } from '../support/databases.ts'
import { startServerProcess } from '../support/server-process.ts'
import {
  type Answer,
  endStory,
  environmentFor,
  type Person,
  readAnswer,
  type Story,
  startStoryForTest,
  startStoryOn,
} from '../support/story.ts'

const member: Person = { name: 'max', roles: ['PROJECT_MEMBER'] }
const page =
  'query Keys($first: Int) { userKeys(first: $first) { totalCount } } query Me { viewer { projectId } }'
const creation =
  'mutation Create($input: CreateUserKeyInput!) { createUserKey(input: $input) { __typename ... on UserError { code } } }'
const hashOf = (text: string) => createHash('sha256').update(text).digest('hex')
const apollo = (id: string) => ({ persistedQuery: { version: 1, sha256Hash: id } })

/** A server that trusts two documents. */
async function startWith(mode: string): Promise<Story> {
  const database = await createTestDatabase()
  const path = join(database.dataFolder, 'documents.json')
  writeFileSync(path, JSON.stringify({ [hashOf(page)]: page, [hashOf(creation)]: creation }))
  return startStoryOn(database, { TRUSTED_DOCUMENTS: mode, TRUSTED_DOCUMENTS_FILE: path })
}

describe.each(['only', 'allow'])('trusted documents, %s', (mode) => {
  let story: Story
  beforeAll(async () => {
    story = await startWith(mode)
  })
  afterAll(() => endStory(story))

  async function post(body: unknown, accept = 'application/graphql-response+json'): Promise<Answer> {
    const authorization = `Bearer ${await story.tokenFor(member)}`
    const headers = { authorization, 'content-type': 'application/json', accept }
    return readAnswer(
      await fetch(`${story.app.url}/graphql`, { method: 'POST', headers, body: JSON.stringify(body) }),
    )
  }

  it.each([
    ['as GraphQL over HTTP has it', { documentId: `sha256:${hashOf(page)}` }],
    ['without the prefix', { documentId: hashOf(page) }],
    ['as clients of Apollo send it', { extensions: apollo(hashOf(page)) }],
  ])('are answered by their ID, %s', async (_what, named) => {
    const me = await post({ ...named, operationName: 'Me' })
    expect(me).toMatchObject({ status: 200, data: { viewer: { projectId: 'shop' } } })
    const keys = await post({ ...named, operationName: 'Keys', variables: { first: 1 } })
    expect(keys).toMatchObject({ status: 200, data: { userKeys: { totalCount: expect.any(Number) } } })
  })

  it('may change something, with variables that are checked as ever', async () => {
    const create = (input: unknown) => post({ documentId: hashOf(creation), variables: { input } })
    expect(await create({ name: 'orders' })).toMatchObject({
      status: 200,
      data: { createUserKey: { __typename: 'CreateUserKeyPayload' } },
    })
    expect(await create({ name: 7 })).toMatchObject({
      status: 400,
      errors: [{ extensions: { code: 'BAD_REQUEST' } }],
    })
  })

  it('keep to the limits', async () => {
    const answer = await post({ documentId: hashOf(page), operationName: 'Keys', variables: { first: 201 } })
    expect(answer.errors).toMatchObject([{ message: expect.stringContaining('0 to 200') }])
  })

  it.each(['application/json', 'application/graphql-response+json'])(
    'are none but those of the file, accepting %s',
    async (accept) => {
      for (const id of [
        hashOf('{ viewer { projectId } }'),
        'toString',
        '__proto__',
        `md5:${hashOf(page)}`,
        '',
      ]) {
        for (const named of [{ documentId: id }, { extensions: apollo(id) }]) {
          const isPersistedQuery = mode === 'allow' && 'extensions' in named
          expect(await post(named, accept), id).toMatchObject({
            status: accept === 'application/json' ? 200 : 400,
            data: null,
            errors: [
              { extensions: { code: isPersistedQuery ? 'PERSISTED_QUERY_NOT_FOUND' : 'UNTRUSTED_DOCUMENT' } },
            ],
          })
        }
      }
    },
  )

  it.each([
    ['nothing at all', {}],
    ['an ID that is a number', { documentId: 7 }],
    ['an extension that is text', { extensions: { persistedQuery: hashOf(page) } }],
    ['extensions that are text', { extensions: 'a' }],
    ['null', null],
    ['a number', 7],
    ['a batch', [{ documentId: hashOf(page) }]],
  ])('are not named by %s, which is answered 400', async (_what, body) => {
    const answer = await post(body)
    expect(answer).toMatchObject({ status: 400, errors: [{ extensions: { code: 'BAD_REQUEST' } }] })
  })

  it('are asked for by callers with a token only, and by POST only', async () => {
    const url = `${story.app.url}/graphql`
    const headers = { 'content-type': 'application/json' }
    const body = JSON.stringify({ documentId: hashOf(page), operationName: 'Me' })
    expect((await fetch(url, { method: 'POST', headers, body })).status).toBe(401)
    expect((await fetch(`${url}?documentId=${hashOf(page)}`)).status).toBe(405)
  })

  it('in full are answered unless nothing but IDs is', async () => {
    const bodies = [
      { query: '{ viewer { projectId } }' },
      { query: page, operationName: 'Me' },
      { query: page, operationName: 'Me', extensions: apollo(hashOf(page)) },
    ]
    for (const body of bodies) {
      const expected =
        mode === 'allow'
          ? { status: 200, data: { viewer: { projectId: 'shop' } } }
          : { status: 400, errors: [{ extensions: { code: 'UNTRUSTED_DOCUMENT' } }] }
      expect(await post(body)).toMatchObject(expected)
    }
    const both = await post({ query: page, operationName: 'Me', documentId: hashOf(page) })
    expect(both.status).toBe(400)
  })
})

describe('without trusted documents', () => {
  it('a hash alone is answered in the words by which clients know it, with a hint for people', async () => {
    const story = await startStoryForTest()
    const response = await fetch(`${story.app.url}/graphql`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${await story.tokenFor(member)}`,
        'content-type': 'application/json',
        accept: 'application/json',
      },
      body: JSON.stringify({ operationName: 'Me', variables: {}, extensions: apollo(hashOf(page)) }),
    })
    expect(await readAnswer(response)).toMatchObject({
      status: 200,
      errors: [
        {
          message: 'PersistedQueryNotSupported',
          extensions: {
            code: 'PERSISTED_QUERY_NOT_SUPPORTED',
            hint: 'This server has no documents by their hashes: send the document (query), and no hash.',
          },
        },
      ],
    })
  })

  it('an ID is a parameter that there is not', async () => {
    const story = await startStoryForTest()
    const response = await fetch(`${story.app.url}/graphql`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${await story.tokenFor(member)}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify({ documentId: hashOf(page), query: page, operationName: 'Me' }),
    })
    expect(await readAnswer(response)).toMatchObject({
      status: 400,
      errors: [{ message: expect.stringContaining('documentId'), extensions: { code: 'BAD_REQUEST' } }],
    })
  })
})

describe('a server that trusts a document which does not fit it', () => {
  it('does not start, and says which document it is', async () => {
    const database = await createTestDatabase()
    const path = join(database.dataFolder, 'documents.json')
    const wrong = 'query Old { viewer { nickname } }'
    writeFileSync(path, JSON.stringify({ [hashOf(wrong)]: wrong }))
    const environment = await environmentFor(database, {
      TRUSTED_DOCUMENTS: 'allow',
      TRUSTED_DOCUMENTS_FILE: path,
    })
    const lines = await startServerProcess(environment).catch((error: Error) => error.message)
    await database.dispose()
    expect(lines).toContain(`Keystead has to stop: document Old (${hashOf(wrong)}) of ${path}`)
    expect(lines).toContain('Cannot query field "nickname" on type "Viewer"')
    expect(lines).not.toContain('    at ')
  })
})
