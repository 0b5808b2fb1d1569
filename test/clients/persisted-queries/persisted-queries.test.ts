import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from '@apollo/client'
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries'
import { Client, fetchExchange } from '@urql/core'
import { persistedExchange } from '@urql/exchange-persisted'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestDatabase } from '../../support/databases.ts'
import { endStory, type Person, type Story, startStoryOn } from '../../support/story.ts'

const member: Person = { name: 'max', roles: ['PROJECT_MEMBER'] }
const viewer = gql`
  query Viewer {
    viewer {
      projectId
      __typename
    }
  }
`
const other = gql`
  query Other {
    viewer {
      kind
      __typename
    }
  }
`
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

function hashFor({ hashed }: Sent, text: string): Promise<string> {
  hashed.push(text)
  return Promise.resolve(sha256(text))
}

/** What a client has sent: whether each request had a document, a hash, or both. */
interface Sent {
  /** Texts of which the client has made hashes. */
  readonly hashed: string[]
  readonly bodies: { readonly query: boolean; readonly hash: boolean }[]
  readonly fetch: typeof fetch
}

async function senderOf(story: Story): Promise<Sent> {
  const authorization = `Bearer ${await story.tokenFor(member)}`
  const bodies: { query: boolean; hash: boolean }[] = []
  return {
    hashed: [],
    bodies,
    fetch(input, init) {
      const body = JSON.parse(String(init?.body))
      const hash = body.extensions?.persistedQuery?.sha256Hash
      bodies.push({ query: typeof body.query === 'string', hash: typeof hash === 'string' })
      const headers = new Headers(init?.headers)
      headers.set('authorization', authorization)
      return fetch(input, { ...init, headers })
    },
  }
}

async function askApollo(story: Story, sent: Sent): Promise<unknown[]> {
  const uri = `${story.app.url}/graphql`
  const client = new ApolloClient({
    cache: new InMemoryCache({ typePolicies: { Viewer: { merge: true } } }),
    link: ApolloLink.from([
      new PersistedQueryLink({ sha256: (text) => hashFor(sent, text) }),
      new HttpLink({ uri, fetch: sent.fetch }),
    ]),
  })
  const first = await client.query({ query: viewer })
  const second = await client.query({ query: other })
  return [first.data, second.data]
}

async function askUrql(story: Story, sent: Sent): Promise<unknown[]> {
  const client = new Client({
    url: `${story.app.url}/graphql`,
    exchanges: [
      persistedExchange({
        generateHash: (text) => hashFor(sent, text),
        preferGetForPersistedQueries: false,
      }),
      fetchExchange,
    ],
    fetch: sent.fetch,
    preferGetMethod: false,
  })
  const first = await client.query(viewer, {}).toPromise()
  const second = await client.query(other, {}).toPromise()
  expect([first.error, second.error]).toEqual([undefined, undefined])
  return [first.data, second.data]
}

const hash = { query: false, hash: true }
const both = { query: true, hash: true }
const document = { query: true, hash: false }
const answers = [{ viewer: { projectId: 'shop' } }, { viewer: { kind: 'USER' } }]

describe.each([
  ['Apollo Client', askApollo],
  ['urql', askUrql],
] as const)('automatic persisted queries of %s', (_client, ask) => {
  let without: Story
  let trusting: Story
  beforeAll(async () => {
    without = await startStoryOn(await createTestDatabase(), {})
    const first = await senderOf(without)
    await ask(without, first)
    const [text = ''] = first.hashed
    const database = await createTestDatabase()
    const path = join(database.dataFolder, 'documents.json')
    // As the client preset of graphql-codegen writes it.
    writeFileSync(path, JSON.stringify({ [`sha256:${sha256(text)}`]: text }))
    trusting = await startStoryOn(database, { TRUSTED_DOCUMENTS: 'allow', TRUSTED_DOCUMENTS_FILE: path })
  })
  afterAll(async () => {
    await endStory(without)
    await endStory(trusting)
  })

  it('fall back to documents for good where the server has none by their hashes', async () => {
    const sent = await senderOf(without)
    expect(await ask(without, sent)).toMatchObject(answers)
    expect(sent.bodies).toEqual([hash, document, document])
  })

  it('are answered for a trusted document, and fall back for any other', async () => {
    const sent = await senderOf(trusting)
    expect(await ask(trusting, sent)).toMatchObject(answers)
    expect(sent.bodies).toEqual([hash, hash, both])
  })
})
