import { composeServices } from '@apollo/composition'
import { parse } from 'graphql'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { printSubgraph } from '../../src/schema/federation.ts'
import { schema } from '../../src/schema/index.ts'
import { withPrefix } from '../../src/schema/prefix.ts'
import { sdlOf } from '../federation/subgraphs.ts'
import { base64, endStory, type Person, readAnswer, type Story, startStory } from '../support/story.ts'
import { startApolloGateway } from './apollo-gateway.ts'
import { composeSupergraph } from './compose.ts'
import { startHiveGateway } from './hive-gateway.ts'
import { hiveRouter, startHiveRouter } from './hive-router.ts'
import { type Subgraph, startUsers, startVaults } from './other-subgraphs.ts'

const olga: Person = { name: 'olga', roles: ['PROJECT_MEMBER'] }
const ada: Person = { name: 'ada', roles: ['PROJECT_ADMIN'] }
const stranger: Person = { ...ada, project: 'elsewhere' }

/** What gateways do differently, which docs/federation.md says. */
const gateways = [
  {
    name: 'Apollo Gateway',
    compose: composeByApollo,
    start: startApolloGateway,
    errorsOfNull: [],
    splitsMutations: false,
    besideRefusal: [],
    refusedStream: null,
    whenDown: 'UNAVAILABLE',
    redactedIds: ['ukey', 'ukey'],
  },
  {
    name: 'Hive Gateway',
    compose: composeSupergraph,
    start: startHiveGateway,
    errorsOfNull: [{ code: 'INTERNAL_SERVER_ERROR', path: ['vaults', 'nodes', 1, 'key', 'name'] }],
    splitsMutations: true,
    besideRefusal: [],
    refusedStream: 'UNAUTHENTICATED',
    whenDown: 'INTERNAL_SERVER_ERROR',
    redactedIds: ['ukey', 'rkey'],
  },
  {
    name: 'Hive Router',
    compose: composeSupergraph,
    start: startHiveRouter,
    errorsOfNull: [],
    splitsMutations: false,
    besideRefusal: ['SUBREQUEST_HTTP_ERROR'],
    refusedStream: 'SUBGRAPH_STREAM_STATUS_CODE_NOT_OK',
    whenDown: 'SUBREQUEST_HTTP_ERROR',
    redactedIds: ['ukey', 'ukey'],
  },
].filter(({ name }) => name !== 'Hive Router' || hiveRouter !== undefined)

it.skipIf(hiveRouter !== undefined)('Hive Router is not tested: HIVE_ROUTER names no program', ({ skip }) =>
  skip(),
)

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

/** The ID of a key that is not there. */
const absent = (n: number) => `ukey_01jnqk4gd2f3wrkf9vd0k${String(n).padStart(5, '0')}`

beforeAll(async () => {
  // A supergraph is composed from files: neither gateway needs introspection.
  story = await startStory({ INTROSPECTION: 'off', SUBGRAPH_PREFIX: 'Kms', RATE_LIMIT_UNITS: '3000' })
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
    ...Array.from({ length: 1000 }, (_, n) => ({ id: `w${n}`, name: `W${n}`, keyId: absent(n) })),
  ])
})
afterAll(async () => {
  await users?.close()
  await vaults?.close()
  await endStory(story)
})

interface Gateway {
  readonly url: string
  close(): Promise<void>
}

async function send(
  { url }: Gateway,
  person: Person | null,
  body: { query: string; variables?: object },
  headers: Record<string, string> = {},
) {
  const token = person === null ? null : await story.tokenFor(person)
  return fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token !== null && { authorization: `Bearer ${token}` }),
      ...headers,
    },
    body: JSON.stringify(body),
  })
}

describe.each(gateways)('behind $name', ({ name: product, compose, start, ...does }) => {
  let gateway: Gateway

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
    const { data, errors, text } = await readAnswer(await send(gateway, person, { query, variables }))
    // An address of a subgraph is of no use to a client.
    expect(text).not.toContain(new URL(story.app.url).host)
    return { data, codes: errors.map(({ extensions }) => extensions?.code), errors }
  }

  /** The codes where Keystead refuses a request with another status than 200. */
  const refusal = (code: string) => [code, ...does.besideRefusal]

  const joined = `{ vaults { nodes { name key {
    name status canProtect viewerCanAccess owner { id } createdBy { name user { name } }
  } } } }`
  const createdBy = { name: 'olga', user: { name: 'Olga Orlova' } }
  const whole = {
    status: 'ACTIVE',
    canProtect: true,
    viewerCanAccess: true,
    owner: { id: 'user:olga' },
    createdBy,
  }
  const redacted = { status: null, canProtect: false, viewerCanAccess: false, owner: null, createdBy }

  it('keys are joined with what refers to them, and with the names of their creators', async () => {
    const { data, errors } = await ask(olga, joined)
    expect(data.vaults.nodes).toEqual([
      { name: 'Orders', key: { name: 'secret', ...whole } },
      { name: 'Lost', key: null },
      { name: 'Mail', key: { name: 'open', ...whole } },
    ])
    expect(errors.map(({ path, extensions }) => ({ path, code: extensions.code }))).toEqual(does.errorsOfNull)
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

  it('a redacted key has its stand-in ID from Keystead, behind a reference this or the one of the reference', async () => {
    const { data } = await ask(ada, '{ userKeys { nodes { id name } } }')
    expect(data.userKeys.nodes).toMatchObject([{ id: expect.stringMatching(/^rkey_/) }, { id: keyIds.open }])
    const [{ id: standIn }] = data.userKeys.nodes
    const shown: string[] = []
    for (const fields of ['id name', 'id name createdBy { user { name } }']) {
      const list = `{ vaults(first: 1) { nodes { key { ${fields} } } } }`
      const { key } = (await ask(ada, list)).data.vaults.nodes[0]
      shown.push(key.id.slice(0, 4))
      expect([keyIds.secret, standIn]).toContain(key.id)
      const byId = 'query($id: KeyRef!) { userKey(key: $id) { name viewerCanAccess } }'
      expect((await ask(ada, byId, { id: key.id })).data).toEqual({
        userKey: { name: 'secret', viewerCanAccess: false },
      })
    }
    expect(shown).toEqual(does.redactedIds)
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
    expect(codes).toEqual(refusal('UNAUTHENTICATED'))
    expect(data.userKeys).toBeNull()
    // What another subgraph answers is not lost with it.
    expect(data.vaults.nodes.length).toBeGreaterThan(0)
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

  it('refusals of whole requests keep their codes and texts', async () => {
    const pages =
      '{ userKeys(first: 200) { nodes { versions(first: 200) { nodes { number versionStatus } } } } }'
    const { errors, codes: pageCodes } = await ask(olga, pages)
    expect(errors[0]?.message).toContain('more than 50000 values')
    expect(pageCodes).toEqual(refusal('BAD_REQUEST'))
    const encrypt = `mutation { encrypt(input: { key: "${keyIds.open}", plaintext: "%%" }) { __typename } }`
    expect((await ask(olga, encrypt)).codes[0]).toBe('BAD_USER_INPUT')
    const greta: Person = { ...ada, name: `greta of ${product}` }
    const items = Array(500).fill({ key: keyIds.open, plaintext: base64('x') })
    const batch =
      'mutation($items: [EncryptBatchItemInput!]!) { encryptBatch(input: { items: $items }) { __typename } }'
    const codes: unknown[] = []
    while (codes.length < 7 && codes.at(-1) !== 'RATE_LIMITED') {
      const [error] = (await ask(greta, batch, { items })).errors
      if (error) expect(error.extensions).toMatchObject({ retryAfterSeconds: expect.any(Number) })
      codes.push(error?.extensions.code)
    }
    expect(codes.at(-1)).toBe('RATE_LIMITED')
  })

  it('a token that is not valid is UNAUTHENTICATED', async () => {
    const { errors } = await readAnswer(
      await send(
        gateway,
        null,
        { query: '{ userKeys { nodes { id } } }' },
        { authorization: 'Bearer x.y.z' },
      ),
    )
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(refusal('UNAUTHENTICATED'))
  })

  it('a Keystead that is down costs nobody its address', async () => {
    const port = 9
    const supergraph = compose([
      { name: 'keystead', url: `http://127.0.0.1:${port}/graphql`, sdl: printSubgraph(schema) },
      { name: 'users', ...users },
    ])
    const alone = await start(supergraph, 0)
    try {
      const response = await send(alone, olga, { query: '{ userKey(key: "open") { id } }' })
      const { text, errors } = await readAnswer(response)
      expect(text).not.toContain(`127.0.0.1:${port}`)
      expect(errors.map(({ extensions }) => extensions.code)).toEqual([does.whenDown])
    } finally {
      await alone.close()
    }
  })

  it('lists inside lists are counted by their sizes, which some gateways put into variables', async () => {
    const sizes = '{ userKeys(first: 2) { nodes { versions(first: 5) { nodes { number } } } } }'
    const variables = `query($a: Int, $b: Int) { userKeys(first: $a) { nodes { versions(first: $b) { nodes { number } } } } }`
    const expected = { userKeys: { nodes: Array(2).fill({ versions: { nodes: [{ number: 1 }] } }) } }
    expect(await ask(olga, sizes)).toMatchObject({ codes: [], data: expected })
    expect(await ask(olga, variables, { a: 2, b: 5 })).toMatchObject({ codes: [], data: expected })
  })

  it('1,000 references are resolved at once, and with one more none is', async () => {
    const reader: Person = { ...ada, name: `rita of ${product}` }
    const list = (first: number) => `{ vaults(first: ${first}) { nodes { name key { name } } } }`
    const few = await ask(reader, list(1000))
    expect(few.data.vaults.nodes[0].key).toEqual({ name: 'secret' })
    expect(few.codes).not.toContain('INPUT_VALIDATION')
    const many = await ask(reader, list(1001))
    expect(many.data.vaults.nodes[0]).toEqual({ name: 'Orders', key: null })
    expect(new Set(many.codes)).toEqual(new Set(['INPUT_VALIDATION']))
  })

  it('a document with many mutations is refused, or split by the gateway and then answered', async () => {
    const mutations = Array.from(
      { length: 21 },
      (_, n) => `a${n}: generateRandom(input: { lengthBytes: 1 }) { __typename }`,
    )
    const { codes } = await ask(olga, `mutation { ${mutations.join(' ')} }`)
    expect(codes).toEqual(does.splitsMutations ? [] : refusal('BAD_REQUEST'))
  })

  it('answers may not be stored, and changes are on record under the request ID of the client', async () => {
    const requestId = `from-${product.toLowerCase().replace(' ', '-')}`
    const encrypt = `mutation { encrypt(input: { key: "${keyIds.open}", plaintext: "" }) { __typename } }`
    const response = await send(gateway, olga, { query: encrypt }, { 'x-request-id': requestId })
    expect(response.headers.get('cache-control')).toContain('no-store')
    await response.body?.cancel()
    const events = 'query { auditEvents(first: 20) { nodes { requestId } } }'
    const { auditEvents } = await story
      .as({ ...ada, roles: ['PROJECT_ADMIN'] })
      .ask<{ auditEvents: { nodes: unknown } }>(events)
    expect(auditEvents.nodes).toContainEqual({ requestId })
  })

  it('nothing that is encrypted, and no token, is in what the gateway logs', async () => {
    const logged: string[] = []
    const streams = [process.stdout, process.stderr].map((stream) =>
      vi.spyOn(stream, 'write').mockImplementation((chunk) => {
        logged.push(String(chunk))
        return true
      }),
    )
    const console_ = (['log', 'info', 'warn', 'error', 'debug'] as const).map((method) =>
      vi
        .spyOn(console, method)
        .mockImplementation((...values) => void logged.push(values.map(String).join(' '))),
    )
    const plaintext = base64('a plaintext that is looked for')
    try {
      const encrypt = `mutation($input: EncryptInput!) { encrypt(input: $input) { __typename } }`
      await ask(olga, encrypt, { input: { key: keyIds.open, plaintext } })
      // One that fails, since errors are logged.
      await ask(olga, encrypt, { input: { key: 'ukey_none', plaintext, context: 7 } })
    } finally {
      for (const spy of [...streams, ...console_]) spy.mockRestore()
    }
    expect(logged.join('\n')).not.toContain(plaintext)
    expect(logged.join('\n')).not.toContain(await story.tokenFor(olga))
  })

  it.runIf(does.refusedStream)('subscriptions are streams of server-sent events', async () => {
    const query = `subscription($id: KeyRef!) { keyEvents(key: $id) { changes key { name } } }`
    const body = { query, variables: { id: keyIds.secret } }
    const headers = { accept: 'text/event-stream' }
    const response = await send(gateway, olga, body, headers)
    expect(response.headers.get('content-type')).toContain('text/event-stream')
    let text = ''
    let changes = 0
    for await (const chunk of response.body ?? []) {
      text += Buffer.from(chunk).toString()
      const events = text.match(/^event: next\ndata: .*\n\n/gm) ?? []
      if (events.length > 1 || text.includes('event: complete')) break
      if (events.length === 1 && changes++ === 0) {
        const input = { key: keyIds.secret, description: `seen through ${product}` }
        await story.as(olga).mutate('updateUserKey', input, '__typename')
      }
    }
    const data = [...text.matchAll(/^data: (.+)$/gm)].map(([, event = '']) => JSON.parse(event))
    expect(data).toEqual([
      { data: { keyEvents: { changes: [], key: { name: 'secret' } } } },
      { data: { keyEvents: { changes: [expect.any(String)], key: { name: 'secret' } } } },
    ])
    const refused = await (await send(gateway, null, body, headers)).text()
    expect(refused).toContain(`"code":"${does.refusedStream}"`)
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

describe.each(gateways)('with a prefix, behind $name', ({ compose, start }) => {
  let gateway: Gateway

  const clashing = { name: 'clashing', url: 'http://127.0.0.1:9/graphql', sdl: sdlOf('clashing') }
  /** `Node` and `PageInfo` have one field more there, which all subgraphs need that have these types. */
  const withMore = (sdl: string) =>
    sdl
      .replaceAll(/(interface Node|type Vault implements Node) \{/g, '$& since: Int ')
      .replace('type PageInfo @shareable {', '$& total: Int!')

  beforeAll(async () => {
    const keystead = printSubgraph(withPrefix(schema, 'Kms'))
    const supergraph = compose([
      { name: 'keystead', url: `${story.app.url}/subgraph`, sdl: keystead },
      { name: 'users', ...users },
      { name: 'vaults', ...vaults, sdl: withMore(vaults.sdl) },
      clashing,
    ])
    gateway = await start(supergraph, 0)
  })
  afterAll(() => gateway?.close())

  const ask = async (person: Person, query: string, variables: object = {}) =>
    readAnswer(await send(gateway, person, { query, variables }))

  it('a subgraph that has the same names composes with Keystead only so', () => {
    const keystead = { name: 'keystead', url: `${story.app.url}/graphql`, sdl: printSubgraph(schema) }
    const all = [keystead, { name: 'users', ...users }, clashing]
    const { errors } = composeServices(all.map(({ name, url, sdl }) => ({ name, url, typeDefs: parse(sdl) })))
    expect(errors?.length).toBeGreaterThan(5)
  })

  it('fields and types answer under their new names', async () => {
    const { data, errors } = await ask(
      olga,
      '{ kmsViewer { __typename subject { __typename id user { name } } } kmsUserKeys { __typename nodes { __typename name } } }',
    )
    expect(errors).toEqual([])
    expect(data).toEqual({
      kmsViewer: {
        __typename: 'KmsViewer',
        subject: { __typename: 'KmsSubject', id: 'user:olga', user: { name: 'Olga Orlova' } },
      },
      kmsUserKeys: {
        __typename: 'KmsUserKeyConnection',
        nodes: ['secret', 'open'].map((name) => ({ __typename: 'UserKey', name })),
      },
    })
  })

  it('references are resolved, with what is inside', async () => {
    const query = `{ vaults(first: 1) { nodes { key { __typename name status owner { __typename id } ... on KmsKey { id }
      versions { nodes { __typename number } } } } } }`
    const { data, errors } = await ask(olga, query)
    expect(errors).toEqual([])
    expect(data.vaults.nodes).toEqual([
      {
        key: {
          __typename: 'UserKey',
          id: keyIds.secret,
          name: 'secret',
          status: 'ACTIVE',
          owner: { __typename: 'KmsSubject', id: 'user:olga' },
          versions: { nodes: [{ __typename: 'KeyVersion', number: 1 }] },
        },
      },
    ])
  })

  it('mutations answer with payloads and errors under their new names', async () => {
    const create = `mutation($input: KmsCreateUserKeyInput!) { kmsCreateUserKey(input: $input) {
      __typename ... on KmsUserError { code } ... on KmsNameTakenError { name } } }`
    expect((await ask(olga, create, { input: { name: 'open' } })).data).toEqual({
      kmsCreateUserKey: { __typename: 'KmsNameTakenError', code: 'NAME_TAKEN', name: 'open' },
    })
  })
})
