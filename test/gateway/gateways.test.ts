import { composeServices } from '@apollo/composition'
import { parse } from 'graphql'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { printSubgraph } from '../../src/schema/federation.ts'
import { schema } from '../../src/schema/index.ts'
import { base64, endStory, type Person, readAnswer, type Story, startStory } from '../support/story.ts'
import { startApolloGateway } from './apollo-gateway.ts'
import { composeSupergraph } from './compose.ts'
import { startHiveGateway } from './hive-gateway.ts'
import { type Subgraph, startUsers, startVaults } from './other-subgraphs.ts'

const olga: Person = { name: 'olga', roles: ['PROJECT_MEMBER'] }
const ada: Person = { name: 'ada', roles: ['PROJECT_ADMIN'] }
const stranger: Person = { ...ada, project: 'elsewhere' }

const gateways = [
  { name: 'Apollo Gateway', compose: composeByApollo, start: startApolloGateway },
  { name: 'Hive Gateway', compose: composeSupergraph, start: startHiveGateway },
]

/** The reference implementation: what it accepts is a supergraph of Federation 2. */
function composeByApollo(subgraphs: readonly { name: string; url: string; sdl: string }[]): string {
  const { supergraphSdl, errors, hints } = composeServices(
    subgraphs.map(({ name, url, sdl }) => ({ name, url, typeDefs: parse(sdl) })),
  )
  expect(errors ?? []).toEqual([])
  // Subgraphs may describe what they share in words of their own.
  const codes = hints?.map(({ definition }) => definition.code) ?? []
  expect(codes.filter((code) => code !== 'INCONSISTENT_DESCRIPTION')).toEqual([])
  return supergraphSdl ?? ''
}

let story: Story
let users: Subgraph
let vaults: Subgraph
const keyIds = { secret: '', open: '' }

beforeAll(async () => {
  // A supergraph is composed from files: neither gateway needs introspection.
  story = await startStory({ INTROSPECTION: 'off' })
  const client = story.as(olga)
  const accessControl = { enabled: true }
  const secret = await client.mutate('createUserKey', { name: 'secret', accessControl }, 'userKey { id }')
  const open = await client.mutate('createUserKey', { name: 'open' }, 'userKey { id }')
  keyIds.secret = secret['userKey'].id
  keyIds.open = open['userKey'].id
  users = await startUsers({ olga: 'Olga Orlova' })
  vaults = await startVaults([
    { id: 'v1', name: 'Orders', keyId: keyIds.secret },
    { id: 'v2', name: 'Lost', keyId: 'ukey_01jnqk4gd2f3wrkf9vd0kr4e2a' },
    { id: 'v3', name: 'Mail', keyId: keyIds.open },
  ])
})
afterAll(async () => {
  await users?.close()
  await vaults?.close()
  await endStory(story)
})

describe.each(gateways)('behind $name', ({ compose, start }) => {
  let gateway: { url: string; close(): Promise<void> }

  beforeAll(async () => {
    const supergraph = compose([
      { name: 'keystead', url: `${story.app.url}/graphql`, sdl: printSubgraph(schema) },
      { name: 'users', ...users },
      { name: 'vaults', ...vaults },
    ])
    gateway = await start(supergraph, 0)
  })
  afterAll(() => gateway?.close())

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
    const { data, errors } = await readAnswer(response)
    return { data, codes: errors.map(({ extensions }) => extensions?.code), errors }
  }

  const joined = `{ vaults { nodes { name key {
    name status viewerCanAccess owner { id } createdBy { name user { name } }
  } } } }`
  const createdBy = { name: 'olga', user: { name: 'Olga Orlova' } }
  const whole = { status: 'ACTIVE', viewerCanAccess: true, owner: { id: 'user:olga' }, createdBy }
  const redacted = { status: null, viewerCanAccess: false, owner: null, createdBy }

  it('keys are joined with what refers to them, and with the names of their creators', async () => {
    const { data } = await ask(olga, joined)
    expect(data.vaults.nodes).toEqual([
      { name: 'Orders', key: { name: 'secret', ...whole } },
      { name: 'Lost', key: null },
      { name: 'Mail', key: { name: 'open', ...whole } },
    ])
  })

  it('a caller without access gets the same key redacted', async () => {
    const { data } = await ask(ada, joined)
    expect(data.vaults.nodes).toEqual([
      { name: 'Orders', key: { name: 'secret', ...redacted } },
      { name: 'Lost', key: null },
      { name: 'Mail', key: { name: 'open', ...whole } },
    ])
  })

  it('callers who ask the same at the same time get each their own view', async () => {
    const callers = Array.from({ length: 12 }, (_, n) => [olga, ada, stranger][n % 3] ?? olga)
    const answers = await Promise.all(callers.map((person) => ask(person, joined)))
    expect(answers.map(({ data }) => data.vaults.nodes[0].key?.viewerCanAccess)).toEqual(
      callers.map((person) => (person === stranger ? undefined : person === olga)),
    )
  })

  it('a caller of another project gets no key, and still its vaults', async () => {
    const { data } = await ask(stranger, joined)
    expect(data.vaults.nodes).toEqual(['Orders', 'Lost', 'Mail'].map((name) => ({ name, key: null })))
  })

  it('a reference shows the ID that its subgraph has, a key from Keystead the one that the caller may see', async () => {
    const { data } = await ask(
      ada,
      '{ vaults(first: 1) { nodes { key { id name } } } userKeys { nodes { id name } } }',
    )
    expect(data.vaults.nodes).toEqual([{ key: { id: keyIds.secret, name: 'secret' } }])
    expect(data.userKeys.nodes).toMatchObject([{ id: expect.stringMatching(/^rkey_/) }, { id: keyIds.open }])
  })

  it('the token of the caller opens its own keys, and no other subgraph gets it', async () => {
    const list =
      '{ viewer { subject { id user { name } } } userKeys { nodes { name createdBy { user { name } } } } }'
    const { data, errors } = await ask(olga, list)
    expect(errors).toEqual([])
    expect(data).toEqual({
      viewer: { subject: { id: 'user:olga', user: { name: 'Olga Orlova' } } },
      userKeys: {
        nodes: ['secret', 'open'].map((name) => ({ name, createdBy: { user: createdBy.user } })),
      },
    })
    expect(users.tokens.length).toBeGreaterThan(0)
    expect(vaults.tokens.length).toBeGreaterThan(0)
    expect([...users.tokens, ...vaults.tokens].filter((token) => token !== undefined)).toEqual([])
  })

  it('a request without a token is UNAUTHENTICATED at Keystead, and only there', async () => {
    const { data, codes } = await ask(null, '{ vaults { nodes { name } } userKeys { nodes { id } } }')
    expect(codes).toEqual(['UNAUTHENTICATED'])
    expect(data).toBeNull()
    expect(await ask(null, '{ vaults { nodes { name } } }')).toMatchObject({ codes: [] })
  })

  it('errors keep their codes', async () => {
    expect((await ask({ name: 'nora' }, '{ userKeys { nodes { id } } }')).codes).toEqual(['FORBIDDEN'])
    expect((await ask(olga, '{ userKeys(first: 1000) { nodes { id } } }')).codes).toEqual([
      'INPUT_VALIDATION',
    ])
    const create = `mutation($input: CreateUserKeyInput!) { createUserKey(input: $input) {
      __typename ... on UserError { code message } } }`
    const { data, codes } = await ask(olga, create, { input: { name: 'open' } })
    expect(codes).toEqual([])
    expect(data.createUserKey).toMatchObject({ __typename: 'NameTakenError', code: 'NAME_TAKEN' })
  })

  it('data that is encrypted can be decrypted', async () => {
    const input = { key: keyIds.open, plaintext: base64('hello') }
    const encrypt = `mutation($input: EncryptInput!) { encrypt(input: $input) { ... on EncryptPayload { ciphertext } } }`
    const { ciphertext } = (await ask(olga, encrypt, { input })).data.encrypt
    const decrypt = `mutation($input: DecryptInput!) { decrypt(input: $input) { ... on DecryptPayload { plaintext } } }`
    const { data } = await ask(olga, decrypt, { input: { ciphertext } })
    expect(data).toEqual({ decrypt: { plaintext: input.plaintext } })
  })
})
