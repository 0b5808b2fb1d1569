import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { printSubgraph } from '../../src/schema/federation.ts'
import { schema } from '../../src/schema/index.ts'
import { base64, endStory, type Person, readAnswer, type Story, startStory } from '../support/story.ts'
import { asFederation1, startMercuriusGateway } from './mercurius-gateway.ts'
import { type Subgraph, startUsers } from './other-subgraphs.ts'

const olga: Person = { name: 'olga', roles: ['PROJECT_MEMBER'] }
const ada: Person = { name: 'ada', roles: ['PROJECT_ADMIN'] }

/** The users as Federation 1 has them. */
const usersSdl = `
  extend type Query { me: User }
  type User @key(fields: "id") { id: ID! name: String! }
`

describe('behind Mercurius Gateway, with a schema of Federation 1', () => {
  let story: Story
  let users: Subgraph
  let gateway: Awaited<ReturnType<typeof startMercuriusGateway>>
  beforeAll(async () => {
    story = await startStory({ INTROSPECTION: 'off' })
    users = await startUsers({ olga: 'Olga Orlova' })
    await story.as(olga).mutate('createUserKey', { name: 'secret', accessControl: { enabled: true } })
    await story.as(olga).mutate('createUserKey', { name: 'open' })
    gateway = await startMercuriusGateway(
      [
        { name: 'keystead', url: `${story.app.url}/graphql`, sdl: asFederation1(printSubgraph(schema)) },
        { name: 'users', url: users.url, sdl: usersSdl },
      ],
      0,
    )
  })
  afterAll(async () => {
    await gateway?.close()
    await users?.close()
    await endStory(story)
  })

  async function ask(person: Person | null, query: string, variables: object = {}) {
    const token = person === null ? null : await story.tokenFor(person)
    const response = await fetch(gateway.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(token !== null && { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify({ query, variables }),
    })
    return readAnswer(response)
  }
  const codesOf = async (...request: Parameters<typeof ask>) =>
    (await ask(...request)).errors.map(({ extensions }) => extensions?.code)

  it('each caller sees its own view of the keys', async () => {
    const list =
      '{ userKeys(first: 2) { nodes { name viewerCanAccess versions(first: 5) { nodes { number } } } } }'
    const views = async (person: Person) =>
      (await ask(person, list)).data.userKeys.nodes.map((key: { versions: unknown }) => key.versions !== null)
    expect(await views(olga)).toEqual([true, true])
    expect(await views(ada)).toEqual([false, true])
  })

  it('mutations work, and their errors are data', async () => {
    const create =
      'mutation { createUserKey(input: { name: "open" }) { __typename ... on NameTakenError { code name } } }'
    expect((await ask(olga, create)).data).toEqual({
      createUserKey: { __typename: 'NameTakenError', code: 'NAME_TAKEN', name: 'open' },
    })
    const { userKey } = (await ask(olga, '{ userKey(key: "open") { id } }')).data
    const encrypt = `mutation($input: EncryptInput!) { encrypt(input: $input) { ... on EncryptPayload { ciphertext } } }`
    const input = { key: userKey.id, plaintext: base64('hello') }
    const { ciphertext } = (await ask(olga, encrypt, { input })).data.encrypt
    const decrypt = `mutation($input: DecryptInput!) { decrypt(input: $input) { ... on DecryptPayload { plaintext } } }`
    expect((await ask(olga, decrypt, { input: { ciphertext } })).data.decrypt).toEqual({
      plaintext: input.plaintext,
    })
  })

  it('errors keep their codes', async () => {
    expect(await codesOf(null, '{ userKeys { nodes { id } } }')).toEqual(['UNAUTHENTICATED'])
    expect(await codesOf({ name: 'nora' }, '{ userKeys { nodes { id } } }')).toEqual(['FORBIDDEN'])
    expect(
      await codesOf(
        olga,
        '{ userKeys(first: 200) { nodes { versions(first: 200) { nodes { number versionStatus } } } } }',
      ),
    ).toEqual(['BAD_REQUEST'])
  })

  it('the token goes to Keystead only', async () => {
    await ask(olga, '{ me { name } viewer { projectId } }')
    expect(users.tokens.length).toBeGreaterThan(0)
    expect(users.tokens.filter((token) => token !== undefined)).toEqual([])
  })

  it('a document with many mutations is split, so that the limit does not hold', async () => {
    const mutations = Array.from(
      { length: 21 },
      (_, n) => `a${n}: generateRandom(input: { lengthBytes: 1 }) { __typename }`,
    )
    expect(await codesOf(olga, `mutation { ${mutations.join(' ')} }`)).toEqual([])
  })

  it('references are not resolved', async () => {
    const { data, errors } = await ask(
      olga,
      '{ userKeys(first: 1) { nodes { createdBy { user { name } } } } }',
    )
    expect(data.userKeys.nodes).toEqual([{ createdBy: { user: null } }])
    expect(errors).toHaveLength(1)
  })

  it('answers lose the header that keeps them out of caches', async () => {
    const response = await fetch(gateway.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: '{ viewer { projectId } }' }),
    })
    expect(response.headers.get('cache-control')).toBeNull()
  })
})
