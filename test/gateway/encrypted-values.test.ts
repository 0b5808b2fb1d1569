import { composeServices } from '@apollo/composition'
import { parse } from 'graphql'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { printSubgraph } from '../../src/schema/federation.ts'
import { schema } from '../../src/schema/index.ts'
import { withPrefix } from '../../src/schema/prefix.ts'
import { base64, endStory, type Person, readAnswer, type Story, startStory } from '../support/story.ts'
import { startApolloGateway } from './apollo-gateway.ts'
import { composeSupergraph } from './compose.ts'
import { startHiveGateway } from './hive-gateway.ts'
import { hiveRouter, startHiveRouter } from './hive-router.ts'
import { type Subgraph, startCustomers } from './other-subgraphs.ts'

const ada: Person = { name: 'ada', roles: ['PROJECT_ADMIN'] }
const olga: Person = { name: 'olga', roles: ['PROJECT_MEMBER'] }
const reader: Person = { name: 'vic', roles: ['KMS_VIEWER'] }

const gateways = [
  {
    name: 'Apollo Gateway',
    start: startApolloGateway,
    compose: composeByApollo,
    answersGet: true,
  },
  {
    name: 'Hive Gateway',
    start: startHiveGateway,
    compose: composeSupergraph,
    answersGet: true,
  },
  {
    name: 'Hive Router',
    start: startHiveRouter,
    compose: composeSupergraph,
    answersGet: true,
  },
].filter(({ name }) => name !== 'Hive Router' || hiveRouter !== undefined)

function composeByApollo(subgraphs: readonly { name: string; url: string; sdl: string }[]): string {
  const { supergraphSdl, errors } = composeServices(
    subgraphs.map(({ name, url, sdl }) => ({ name, url, typeDefs: parse(sdl) })),
  )
  expect(errors ?? []).toEqual([])
  return supergraphSdl ?? ''
}

let story: Story
let customers: Subgraph
const addresses = ['ann@example.org', 'bea@example.org', 'cem@example.org', 'dee@example.org']

async function encrypt(key: string, text: string, customer: string | null): Promise<string> {
  const context = [
    { name: 'customer', value: customer },
    { name: 'field', value: 'email' },
  ]
  const input = { key, plaintext: base64(text), context: customer === null ? null : context }
  return (await story.as(olga).mutate('encrypt', input, 'ciphertext'))['ciphertext']
}

beforeAll(async () => {
  story = await startStory({ INTROSPECTION: 'off', SUBGRAPH_PREFIX: 'Kms', RATE_LIMIT_UNITS: '10000' })
  await story.as(olga).mutate('createUserKey', { name: 'customers', decryptableInGraph: true })
  await story.as(olga).mutate('createUserKey', { name: 'other' })
  const own = await Promise.all(addresses.map((text, n) => encrypt('customers', text, `c${n}`)))
  const row = (id: string, emailCiphertext: string | null, name = `Customer ${id}`) => ({
    ...{ id, name, emailCiphertext },
  })
  const moved = own[0] ?? null
  customers = await startCustomers([
    ...own.map((ciphertext, n) => row(`c${n}`, ciphertext)),
    row('c4', moved),
    row('c5', await encrypt('customers', 'without a context', null), 'bare'),
    row('c6', null),
    row('c7', await encrypt('other', 'x', 'c7')),
    ...Array.from({ length: 1200 }, (_, n) => row(`n${n}`, moved)),
  ])
})
afterAll(async () => {
  await customers?.close()
  await endStory(story)
})

describe.each(gateways)('encrypted values behind $name', ({ compose, start, answersGet }) => {
  let gateway: Awaited<ReturnType<typeof start>>
  beforeAll(async () => {
    gateway = await start(
      compose([
        { name: 'keystead', url: `${story.app.url}/graphql`, sdl: printSubgraph(schema) },
        { name: 'customers', ...customers },
      ]),
      0,
    )
  })
  afterAll(() => gateway?.close())

  async function ask(person: Person | null, query: string, { url } = gateway) {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(person !== null && { authorization: `Bearer ${await story.tokenFor(person)}` }),
      },
      body: JSON.stringify({ query }),
    })
    const { data, errors } = await readAnswer(response)
    const coded = errors.map(({ path, extensions }) => [extensions?.code, path?.join('.')])
    return { data, errors: coded, cacheControl: response.headers.get('cache-control') }
  }

  /** Records of decryptions since `seen`, with what a test looks at. */
  async function recorded(seen: Set<string>) {
    const { auditEvents } = await story.as(ada).ask<{
      auditEvents: {
        nodes: {
          id: string
          requestId: string
          actor: { id: string }
          errorCode: string | null
          details: object
        }[]
      }
    }>(
      '{ auditEvents(first: 100, filter: { action: [DECRYPT] }) { nodes { id requestId actor { id } errorCode details } } }',
    )
    return auditEvents.nodes.filter(({ id }) => !seen.has(id))
  }
  const seenNow = async () => new Set((await recorded(new Set())).map(({ id }) => id))

  const page = (first: number, fields: string) =>
    `query Page { customers(first: ${first}) { name email { ${fields} } } }`

  it('are decrypted in one request for a whole page, with the token of the caller', async () => {
    const seen = await seenNow()
    const { data, errors, cacheControl } = await ask(olga, page(4, 'text'))
    expect(errors).toEqual([])
    expect(data.customers).toEqual(addresses.map((text, n) => ({ name: `Customer c${n}`, email: { text } })))
    expect(cacheControl).toContain('no-store')
    const records = await recorded(seen)
    expect(records.map(({ actor, errorCode }) => [actor.id, errorCode])).toEqual(
      Array(4).fill(['user:olga', null]),
    )
    // One request to Keystead, which has one ID.
    expect(new Set(records.map(({ requestId }) => requestId)).size).toBe(1)
    for (const { details } of records)
      expect(details).toEqual({ inGraph: true, operationName: expect.stringMatching(/^Page/) })
    expect(customers.tokens.filter((token) => token !== undefined)).toEqual([])
  })

  it('are null with an error at their place where they cannot be had, and the others are not', async () => {
    const { data, errors } = await ask(olga, page(8, 'plaintext'))
    const whole = (text: string) => ({ plaintext: base64(text) })
    expect(data.customers.map(({ email }: { email: unknown }) => email)).toEqual([
      ...addresses.map(whole),
      { plaintext: null },
      whole('without a context'),
      null,
      { plaintext: null },
    ])
    expect(errors).toEqual([
      ['INVALID_CIPHERTEXT', 'customers.4.email.plaintext'],
      ['NOT_DECRYPTABLE_IN_GRAPH', 'customers.7.email.plaintext'],
    ])
  })

  it('have an error each where two lists and two fields lack the same value', async () => {
    const rows = '{ email { plaintext again: text ciphertext } }'
    const { data, errors } = await ask(
      olga,
      `{ a: customers(first: 5) ${rows} b: customers(first: 5) ${rows} }`,
    )
    const lacking = { plaintext: null, again: null, ciphertext: data.a[0].email.ciphertext }
    expect([data.a[4].email, data.b[4].email]).toEqual([lacking, lacking])
    const places = ['a.4.email.plaintext', 'a.4.email.again', 'b.4.email.plaintext', 'b.4.email.again']
    expect(errors.sort()).toEqual(places.sort().map((place) => ['INVALID_CIPHERTEXT', place]))
  })

  it('say as data why they cannot be had, each at its place', async () => {
    const { data, errors } = await ask(olga, page(8, 'failure { code }'))
    expect(errors).toEqual([])
    expect(data.customers.map(({ email }: { email: { failure: unknown } | null }) => email?.failure)).toEqual(
      [
        ...Array(4).fill(null),
        { code: 'INVALID_CIPHERTEXT' },
        null,
        undefined,
        { code: 'NOT_DECRYPTABLE_IN_GRAPH' },
      ],
    )
  })

  it('are not decrypted unless selected', async () => {
    const seen = await seenNow()
    expect((await ask(olga, page(2, 'ciphertext context'))).data.customers[1].email).toEqual({
      ciphertext: expect.any(String),
      context: { customer: 'c1', field: 'email' },
    })
    const skipped = await ask(olga, page(2, '__typename text @include(if: false)'))
    expect(skipped.data.customers[0].email).toEqual({ __typename: 'EncryptedValue' })
    expect(await recorded(seen)).toEqual([])
  })

  it('are FORBIDDEN to a caller without the right, and the page is not lost', async () => {
    const { data, errors } = await ask(reader, page(2, 'text'))
    expect(data.customers).toEqual([0, 1].map((n) => ({ name: `Customer c${n}`, email: { text: null } })))
    expect(errors).toEqual([0, 1].map((n) => ['FORBIDDEN', `customers.${n}.email.text`]))
    const without = await ask(null, page(1, 'text'))
    expect(without.data.customers[0].name).toBe('Customer c0')
    expect(without.data.customers[0].email?.text ?? null).toBeNull()
    expect(without.errors.map(([code]) => code)).toContain('UNAUTHENTICATED')
  })

  it('are for each of the callers who ask the same at the same time what it may see', async () => {
    const callers = Array.from({ length: 12 }, (_, n) => (n % 2 === 0 ? olga : reader))
    const answers = await Promise.all(callers.map((person) => ask(person, page(1, 'text'))))
    expect(answers.map(({ data }) => data.customers[0].email.text)).toEqual(
      callers.map((person) => (person === olga ? 'ann@example.org' : null)),
    )
  })

  it('may not be stored, also where a gateway takes a query by GET', async () => {
    const url = new URL(gateway.url)
    url.searchParams.set('query', page(1, 'text'))
    const authorization = `Bearer ${await story.tokenFor(olga)}`
    const headers = { authorization, accept: 'application/json', 'content-type': 'application/json' }
    const response = await fetch(url, { headers })
    expect((await response.text()).includes('ann@example.org')).toBe(answersGet)
    if (answersGet) expect(response.headers.get('cache-control')).toContain('no-store')
  })

  it('of a page that is too long are null, and a client learns why', async () => {
    for (const first of [600, 1100]) {
      const { data, errors } = await ask(olga, page(first, 'text'))
      expect(data.customers).toHaveLength(first)
      expect(data.customers.filter(({ email }: { email: { text: unknown } | null }) => email?.text)).toEqual(
        [],
      )
      expect(new Set(errors.map(([code]) => code))).toEqual(new Set(['INPUT_VALIDATION']))
    }
  })

  it('work where other names have a prefix', async () => {
    const prefixed = await start(
      compose([
        {
          name: 'keystead',
          url: `${story.app.url}/subgraph`,
          sdl: printSubgraph(withPrefix(schema, 'Kms')),
        },
        { name: 'customers', ...customers },
      ]),
      0,
    )
    try {
      expect(await ask(olga, page(1, 'text'), prefixed)).toMatchObject({
        errors: [],
        data: { customers: [{ email: { text: 'ann@example.org' } }] },
      })
    } finally {
      await prefixed.close()
    }
  })
})
