import assert from 'node:assert/strict'
import {
  ApolloClient,
  ApolloLink,
  CombinedGraphQLErrors,
  HttpLink,
  InMemoryCache,
  Observable,
} from '@apollo/client'
import { relayStylePagination } from '@apollo/client/utilities'
import { print } from 'graphql'
import { graphql } from '../generated/codegen'
import possibleTypes from '../generated/possible-types'
import { api, createKeys, headersOf, redact, runProgram, sseClientOf, tokens, until } from './server'

const rowFragment = graphql(`
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

const pages = graphql(`
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
        endCursor
      }
    }
  }
`)

const byId = graphql(`
  query ById($id: ID!) {
    node(id: $id) {
      __typename
      id
      ...KeyRow
    }
  }
`)

const changes = graphql(`
  subscription Changes {
    userKeysChanged {
      listAgain
      goneKeyIds
      changedKeys {
        ...KeyRow
      }
    }
  }
`)

const update = graphql(`
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
`)

const encrypt = graphql(`
  mutation Encrypt($input: EncryptInput!) {
    encrypt(input: $input) {
      __typename
      ... on EncryptPayload {
        ciphertext
        versionNumber
      }
      ... on UserError {
        code
        message
      }
    }
  }
`)

/** Server-sent events for subscriptions, POST for the rest. */
function clientOf(token: string): ApolloClient {
  const sse = sseClientOf(token)
  const events = new ApolloLink(
    ({ query, variables, operationName }) =>
      new Observable((observer) =>
        sse.subscribe<Record<string, unknown>, Record<string, unknown>>(
          {
            query: print(query),
            variables,
            ...(operationName !== undefined && { operationName }),
          },
          {
            next: (result) => observer.next(result as ApolloLink.Result),
            error: (error) => observer.error(error),
            complete: () => observer.complete(),
          },
        ),
      ),
  )
  return new ApolloClient({
    link: ApolloLink.split(
      ({ operationType }) => operationType === 'subscription',
      events,
      new HttpLink({ uri: api, headers: headersOf(token) }),
    ),
    cache: new InMemoryCache({
      possibleTypes: possibleTypes.possibleTypes,
      typePolicies: {
        Query: { fields: { userKeys: relayStylePagination(['filter', 'orderBy']) } },
      },
    }),
  })
}

runProgram('Apollo Client', async () => {
  const hidden = await createKeys('apollo')
  const filter = { namePrefix: 'apollo-' }
  const client = clientOf(tokens.reader)
  const cached = () => JSON.stringify(client.cache.extract())

  const events: { listAgain: boolean; goneKeyIds: readonly string[] }[] = []
  // The recipe of docs/clients.md: forget what is gone, and read the list again.
  const subscription = client.subscribe({ query: changes }).subscribe({
    next({ data }) {
      const event = data?.userKeysChanged
      if (!event) return
      for (const id of event.goneKeyIds) {
        client.cache.evict({ id: `UserKey:${id}` })
      }
      client.cache.gc()
      events.push(event)
    },
    error: (error) => assert.fail(error),
  })
  await until('the first event', () => events.length > 0)
  assert.equal(events[0]?.listAgain, true)

  // Pages.
  const list = client.watchQuery({ query: pages, variables: { first: 2, filter } })
  const watching = list.subscribe(() => {})
  let page = await list.refetch()
  while (page.data?.userKeys?.pageInfo.hasNextPage) {
    page = await list.fetchMore({ variables: { after: page.data.userKeys.pageInfo.endCursor } })
  }
  const rows = () => {
    const { dataState, data } = list.getCurrentResult()
    return dataState === 'complete' ? (data.userKeys?.edges ?? []).map(({ node }) => node) : []
  }
  await until('the last page', () => rows().length > 4)
  assert.deepEqual(
    rows().map(({ name }) => name),
    [1, 2, 3, 4, 5].map((number) => `apollo-${number}`),
  )
  await client.query({ query: byId, variables: { id: hidden.keyId } })
  for (const value of Object.values(hidden)) assert.ok(cached().includes(value))

  // The same fragment after a change as in the list: the row of the list changes by itself.
  const second = rows()[1]
  assert.ok(second)
  const asOwner = (input: { key: string; description: string; expectedRevision?: number }) =>
    client.mutate({
      mutation: update,
      variables: { input },
      context: { headers: headersOf(tokens.owner) },
    })
  const changed = await asOwner({ key: second.id, description: 'changed' })
  assert.equal(changed.data?.updateUserKey?.__typename, 'UpdateUserKeyPayload')
  assert.equal(rows()[1]?.description, 'changed')

  // Errors that the caller can act on are data with types of their own; so is FORBIDDEN of a mutation.
  const conflict = (await asOwner({ key: second.id, description: 'late', expectedRevision: 1 })).data
  if (conflict?.updateUserKey?.__typename !== 'ConflictError') assert.fail(JSON.stringify(conflict))
  assert.equal(conflict.updateUserKey.code, 'CONFLICT')
  assert.equal(conflict.updateUserKey.currentRevision, 2)
  const refused = await clientOf(tokens.stranger).mutate({
    mutation: encrypt,
    variables: { input: { key: 'apollo-2', plaintext: 'dGVh' } },
  })
  assert.equal(refused.data?.encrypt?.__typename, 'ForbiddenError')
  // A query that is refused has an error at the top.
  const failure = await clientOf(tokens.stranger)
    .query({ query: pages, variables: { first: 2 } })
    .catch((error: unknown) => error)
  assert.ok(CombinedGraphQLErrors.is(failure))
  assert.equal(failure.errors[0]?.extensions?.['code'], 'FORBIDDEN')

  // A key that becomes redacted: its full record leaves the cache.
  await redact(hidden.keyId)
  await until('the ID that is gone', () => events.some(({ goneKeyIds }) => goneKeyIds.includes(hidden.keyId)))
  assert.deepEqual(
    client.cache.readFragment({
      fragment: rowFragment,
      fragmentName: 'KeyRow',
      id: `UserKey:${hidden.keyId}`,
    }),
    null,
  )
  assert.ok(!cached().includes(hidden.alias), 'the alias is in the cache')
  assert.ok(!cached().includes(hidden.versionId), 'the version is in the cache')
  // Its redacted row takes its place when the list is read again; node gives the same for the ID of before.
  await list.refetch({ first: 5, filter })
  assert.equal(rows().length, 5)
  assert.deepEqual(
    { ...rows()[0], id: '' },
    {
      __typename: 'UserKey',
      id: '',
      name: 'apollo-1',
      status: null,
      algorithm: null,
      description: '',
      viewerCanAccess: false,
      aliases: null,
      defaultVersion: null,
    },
  )
  const again = await client.query({
    query: byId,
    variables: { id: hidden.keyId },
    fetchPolicy: 'network-only',
  })
  assert.equal(again.data?.node?.id, rows()[0]?.id)
  assert.match(again.data?.node?.id ?? '', /^rkey_/)
  assert.ok(!cached().includes(hidden.alias))
  watching.unsubscribe()
  subscription.unsubscribe()
})
