import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasNoDatabase } from '../support/databases.ts'
import { base64, endStory, type Person, type Story, startStory } from '../support/story.ts'

const mia: Person = { name: 'mia', roles: ['KMS_MANAGER', 'KMS_USER'] }
const vic: Person = { name: 'vic', roles: ['KMS_VIEWER'] }

const encrypt =
  'mutation($input: EncryptInput!) { encrypt(input: $input) { __typename ... on UserError { code message } } }'
const gateway =
  'query($representations: [_Any!]!) { _entities(representations: $representations) { ... on UserKey { id name } } }'

interface Sent {
  readonly query: string
  readonly variables?: unknown
  readonly operationName?: unknown
  readonly [other: string]: unknown
}

/** What a body says. Of each, the document is valid, so that it is known the second time. */
const bodies: Record<string, (keyId: string) => Sent> = {
  'a query': () => ({ query: '{ viewer { projectId } }' }),
  'null where there could be more': () => ({
    query: '{ viewer { projectId } }',
    variables: null,
    operationName: null,
  }),
  'one operation of two': () => ({
    query: 'query A { viewer { projectId } } query B { userKeys { totalCount } }',
    operationName: 'B',
  }),
  'no operation of two': () => ({ query: 'query A { viewer { projectId } } query B { __typename }' }),
  'an operation that there is not': () => ({ query: 'query A { __typename }', operationName: 'C' }),
  'an operation with a number for its name': () => ({ query: 'query A { __typename }', operationName: 1 }),
  'an operation that works': (keyId) => ({
    query: encrypt,
    variables: { input: { key: keyId, plaintext: base64('x') } },
  }),
  'an operation that is refused': () => ({
    query: encrypt,
    variables: { input: { key: 'ukey_00000000000000000000000000', plaintext: '' } },
  }),
  'no variables where some are needed': () => ({ query: encrypt }),
  'variables that do not fit': () => ({ query: encrypt, variables: { input: { key: 1 } } }),
  'text that is no base64': (keyId) => ({
    query: encrypt,
    variables: { input: { key: keyId, plaintext: 'é' } },
  }),
  'a list for variables': () => ({ query: encrypt, variables: [] }),
  'a text for variables': () => ({ query: encrypt, variables: '{}' }),
  'what is not expected besides': () => ({ query: '{ __typename }', other: true }),
  extensions: () => ({ query: '{ __typename }', extensions: { some: 1 } }),
  'the ID of a document, too': () => ({ query: '{ __typename }', documentId: 'sha256:1' }),
  'fields of which one is not for all': () => ({
    query: '{ a: auditEvents(first: 1) { totalCount } viewer { projectId } }',
  }),
  'a mutation by who may not': () => ({
    query:
      'mutation($input: CreateUserKeyInput!) { createUserKey(input: $input) { __typename ... on UserError { code } } }',
    variables: { input: { name: '' } },
  }),
  representations: (keyId) => ({
    query: gateway,
    variables: { representations: [{ __typename: 'UserKey', id: keyId }] },
  }),
  'too many representations': (keyId) => ({
    query: gateway,
    variables: { representations: Array(30_000).fill({ __typename: 'UserKey', id: keyId }) },
  }),
  'more than a caller may ever ask for': () => ({
    query: gateway,
    variables: { representations: Array(5000).fill({ __typename: 'UserKey', id: 'ukey_1' }) },
  }),
  'a subscription': () => ({ query: 'subscription { userKeysChanged { listAgain } }' }),
}

const accepts = [
  null,
  '*/*',
  'application/json',
  'application/graphql-response+json',
  'application/graphql-response+json; charset=utf-8, application/json;q=0.9',
  'application/json, text/event-stream, multipart/mixed',
  'application/json;q=0.2, application/graphql-response+json;q=0.1',
  'text/event-stream',
  'multipart/mixed',
  'text/html',
]

describe.skipIf(hasNoDatabase())('a document that came before', () => {
  let story: Story
  let keyId = ''
  beforeAll(async () => {
    story = await startStory({ RATE_LIMIT_UNITS: '2000', RATE_LIMIT_WINDOW_SECONDS: '1' })
    keyId = (await story.as(mia).mutate('createUserKey', { name: 'key' }, 'userKey { id }'))['userKey'].id
  })
  afterAll(() => endStory(story))

  /** All of an answer but what differs each time. */
  async function answerTo(person: Person, body: Sent, accept: string | null) {
    const response = await fetch(`${story.app.url}/graphql`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${await story.tokenFor(person)}`,
        'content-type': 'application/json',
        ...(accept !== null && { accept }),
      },
      body: JSON.stringify(body),
    })
    const { 'x-request-id': _, date: __, ...headers } = Object.fromEntries(response.headers)
    // Comments of a stream come with time.
    return { status: response.status, headers, text: (await response.text()).replaceAll(':\n\n', '') }
  }

  it.each(Object.keys(bodies))('is answered as it was for the first time: %s', async (name) => {
    const body = bodies[name]?.(keyId) ?? { query: '' }
    for (const person of [mia, vic]) {
      // Bodies of more than a megabyte differ in nothing that the media type decides.
      for (const accept of name === 'too many representations' ? accepts.slice(0, 3) : accepts) {
        // Answered by a stream that has no end.
        if (name === 'a subscription' && accept?.includes('event-stream')) continue
        // A text of its own, so that it comes for the first time.
        const own = { ...body, query: `${body.query} # ${person.name} ${accept}` }
        const first = await answerTo(person, own, accept)
        expect(await answerTo(person, own, accept), `${person.name} ${accept}`).toEqual(first)
        expect(await answerTo(person, own, accept), `${person.name} ${accept}`).toEqual(first)
      }
    }
  })
})
