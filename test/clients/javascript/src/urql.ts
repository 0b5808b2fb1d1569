import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { Client, fetchExchange, type OperationResult, subscriptionExchange } from '@urql/core'
import { cacheExchange } from '@urql/exchange-graphcache'
import { relayPagination } from '@urql/exchange-graphcache/extras'
import { minifyIntrospectionQuery } from '@urql/introspection'
import { initGraphQLTada, type ResultOf, type VariablesOf } from 'gql.tada'
import { buildSchema, introspectionFromSchema } from 'graphql'
import { pipe, subscribe } from 'wonka'
import type { introspection } from '../generated/tada'
import { api, createKeys, headersOf, redact, runProgram, sseClientOf, tokens, until } from './server'

const graphql = initGraphQLTada<{
  introspection: introspection
  disableMasking: true
  scalars: {
    Base64: string
    Count: number
    DateTime: string
    JSON: unknown
    KeyRef: string
    SubjectRef: string
  }
}>()

const row = graphql(`
  fragment KeyRow on UserKey {
    id
    name
    status
    algorithm
    description
    viewerCanAccess
    aliases
    defaultVersion {
      id
      number
    }
  }
`)

const pages = graphql(
  `
    query Pages($first: Int!, $after: String, $filter: UserKeyFilter) {
      userKeys(first: $first, after: $after, filter: $filter, orderBy: { field: NAME, direction: ASC }) {
        edges {
          cursor
          node {
            ...KeyRow
          }
        }
        pageInfo {
          hasNextPage
          hasPreviousPage
          startCursor
          endCursor
        }
      }
    }
  `,
  [row],
)

const byId = graphql(
  `
    query ById($id: ID!) {
      node(id: $id) {
        id
        ... on UserKey {
          ...KeyRow
        }
      }
    }
  `,
  [row],
)

const changes = graphql(
  `
    subscription Changes {
      userKeysChanged {
        listAgain
        goneKeyIds
        changedKeys {
          ...KeyRow
        }
      }
    }
  `,
  [row],
)

const update = graphql(
  `
    mutation Update($input: UpdateUserKeyInput!) {
      updateUserKey(input: $input) {
        __typename
        ... on UserKeyChange {
          userKey {
            ...KeyRow
          }
        }
        ... on UserError {
          code
          message
        }
        ... on ConflictError {
          currentRevision
        }
      }
    }
  `,
  [row],
)

const encrypt = graphql(`
  mutation Encrypt($input: EncryptInput!) {
    encrypt(input: $input) {
      __typename
      ... on EncryptPayload {
        ciphertext
      }
      ... on UserError {
        code
        message
      }
    }
  }
`)

type Changes = ResultOf<typeof changes>

/** What graphcache needs of the schema, for fragments on interfaces. */
const schema = minifyIntrospectionQuery(
  introspectionFromSchema(buildSchema(readFileSync('../../../schema.graphql', 'utf8'))),
)

function clientOf(token: string): Client {
  const sse = sseClientOf(token)
  const cache = cacheExchange({
    schema,
    // Objects without an ID of their own are part of what they are in.
    keys: {
      Subject: () => null,
      AutomaticRotation: () => null,
      UserKeysEvent: () => null,
    },
    resolvers: { Query: { userKeys: relayPagination() } },
    updates: {
      Subscription: {
        // The recipe of docs/clients.md.
        userKeysChanged(result: Changes, _args, store) {
          for (const id of result.userKeysChanged.goneKeyIds) {
            const key = { __typename: 'UserKey', id }
            const version = store.resolve(key, 'defaultVersion')
            if (typeof version === 'string') store.invalidate(version)
            store.invalidate(key)
          }
          if (result.userKeysChanged.goneKeyIds.length === 0) return
          for (const { fieldName, fieldKey } of store.inspectFields('Query')) {
            if (fieldName === 'userKeys') store.invalidate('Query', fieldKey)
          }
        },
      },
    },
  })
  return new Client({
    url: api,
    preferGetMethod: false,
    fetchOptions: { headers: headersOf(token) },
    exchanges: [
      cache,
      fetchExchange,
      subscriptionExchange({
        forwardSubscription: ({ query, variables }) => ({
          subscribe: (sink) => ({
            unsubscribe: sse.subscribe(
              { query: query ?? '', ...(variables && { variables }) },
              {
                next: (result) => sink.next(result as Parameters<typeof sink.next>[0]),
                error: (error) => sink.error(error),
                complete: () => sink.complete(),
              },
            ),
          }),
        }),
      }),
    ],
  })
}

runProgram('urql', async () => {
  const hidden = await createKeys('urql')
  const filter = { namePrefix: 'urql-' }
  const client = clientOf(tokens.reader)

  const events: Changes['userKeysChanged'][] = []
  const subscription = pipe(
    client.subscription(changes, {}),
    subscribe(({ data, error }) => {
      assert.equal(error, undefined)
      if (data) events.push(data.userKeysChanged)
    }),
  )
  await until('the first event', () => events.length > 0)
  assert.equal(events[0]?.listAgain, true)

  // Pages.
  let after: string | null = null
  let page: ResultOf<typeof pages>['userKeys'] = null
  do {
    const variables: VariablesOf<typeof pages> = { first: 2, after, filter }
    const result: OperationResult<ResultOf<typeof pages>> = await client.query(pages, variables).toPromise()
    assert.equal(result.error, undefined)
    page = result.data?.userKeys ?? null
    after = page?.pageInfo.endCursor ?? null
  } while (page?.pageInfo.hasNextPage)
  const names = page?.edges.map(({ node }) => node.name)
  assert.deepEqual(
    names,
    [1, 2, 3, 4, 5].map((number) => `urql-${number}`),
  )
  const readFromCache = (id: string) =>
    client.query(byId, { id }, { requestPolicy: 'cache-only' }).toPromise()
  await client.query(byId, { id: hidden.keyId }).toPromise()
  const before = (await readFromCache(hidden.keyId)).data?.node
  assert.deepEqual(before && 'aliases' in before ? before.aliases : null, [hidden.alias])

  // The same fragment after a change as in the list.
  const second = page?.edges[1]?.node
  assert.ok(second)
  const asOwner = { fetchOptions: { headers: headersOf(tokens.owner) } }
  const input = { key: second.id, description: 'changed' }
  const changed = await client.mutation(update, { input }, asOwner).toPromise()
  assert.equal(changed.data?.updateUserKey?.__typename, 'UpdateUserKeyPayload')
  const cachedPage = await client
    .query(pages, { first: 2, filter }, { requestPolicy: 'cache-only' })
    .toPromise()
  assert.equal(cachedPage.data?.userKeys?.edges[1]?.node.description, 'changed')

  // Errors.
  const late = { ...input, expectedRevision: 1 }
  const conflict = (await client.mutation(update, { input: late }, asOwner).toPromise()).data?.updateUserKey
  if (conflict?.__typename !== 'ConflictError') assert.fail(JSON.stringify(conflict))
  assert.equal(conflict.currentRevision, 2)
  assert.equal(conflict.code, 'CONFLICT')
  const stranger = clientOf(tokens.stranger)
  const refused = await stranger
    .mutation(encrypt, { input: { key: 'urql-2', plaintext: 'dGVh' } })
    .toPromise()
  assert.equal(refused.data?.encrypt?.__typename, 'ForbiddenError')
  const { error } = await stranger.query(pages, { first: 2 }).toPromise()
  assert.equal(error?.graphQLErrors[0]?.extensions['code'], 'FORBIDDEN')

  // A key that becomes redacted.
  await redact(hidden.keyId)
  await until('the ID that is gone', () => events.some(({ goneKeyIds }) => goneKeyIds.includes(hidden.keyId)))
  assert.equal((await readFromCache(hidden.keyId)).data, null)
  const list = await client.query(pages, { first: 5, filter }, { requestPolicy: 'network-only' }).toPromise()
  const redacted = list.data?.userKeys?.edges.find(({ node }) => node.name === 'urql-1')?.node
  assert.equal(redacted?.viewerCanAccess, false)
  assert.equal(redacted?.status, null)
  assert.equal(redacted?.aliases, null)
  assert.match(redacted?.id ?? '', /^rkey_/)
  const again = await client.query(byId, { id: hidden.keyId }, { requestPolicy: 'network-only' }).toPromise()
  assert.equal(again.data?.node?.id, redacted?.id)
  const everything = [list.data, again.data, (await readFromCache(hidden.keyId)).data]
  assert.ok(!JSON.stringify(everything).includes(hidden.alias))
  subscription.unsubscribe()
})
