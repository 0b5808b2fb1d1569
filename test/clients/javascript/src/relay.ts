import assert from 'node:assert/strict'
import {
  commitMutation,
  createOperationDescriptor,
  Environment,
  fetchQuery,
  type GraphQLResponse,
  getRequest,
  Network,
  Observable,
  RecordSource,
  requestSubscription,
  Store,
} from 'relay-runtime'
import byIdQuery, { type keysByIdQuery } from '../generated/relay/keysByIdQuery.graphql'
import changedSubscription, {
  type keysChangedSubscription,
} from '../generated/relay/keysChangedSubscription.graphql'
import encryptMutation, { type keysEncryptMutation } from '../generated/relay/keysEncryptMutation.graphql'
import pageQuery, { type keysPageQuery } from '../generated/relay/keysPageQuery.graphql'
import updateMutation, { type keysUpdateMutation } from '../generated/relay/keysUpdateMutation.graphql'
import { api, createKeys, headersOf, redact, runProgram, sseClientOf, tokens, until } from './server'

function environmentOf(token: string): Environment {
  const sse = sseClientOf(token)
  return new Environment({
    store: new Store(new RecordSource(), { gcReleaseBufferSize: 0 }),
    network: Network.create(
      async ({ text }, variables) => {
        const response = await fetch(api, {
          method: 'POST',
          headers: { ...headersOf(token), 'content-type': 'application/json' },
          body: JSON.stringify({ query: text, variables }),
        })
        return (await response.json()) as GraphQLResponse
      },
      ({ text }, variables) =>
        Observable.create((sink) =>
          sse.subscribe(
            { query: text ?? '', variables },
            {
              next: (result) => sink.next(result as GraphQLResponse),
              error: (error) => sink.error(error as Error),
              complete: () => sink.complete(),
            },
          ),
        ),
    ),
  })
}

runProgram('Relay', async () => {
  const hidden = await createKeys('relay')
  const filter = { namePrefix: 'relay-' }
  const environment = environmentOf(tokens.reader)
  const stored = () => JSON.stringify(environment.getStore().getSource().toJSON())

  const events: keysChangedSubscription['response']['userKeysChanged'][] = []
  const subscription = requestSubscription<keysChangedSubscription>(environment, {
    subscription: changedSubscription,
    variables: {},
    // The recipe of docs/clients.md.
    updater(store, data) {
      for (const id of data?.userKeysChanged.goneKeyIds ?? []) {
        const version = store.get(id)?.getLinkedRecord('defaultVersion')
        if (version) store.delete(version.getDataID())
        store.delete(id)
      }
    },
    onNext: (data) => void (data && events.push(data.userKeysChanged)),
    onError: (error) => assert.fail(error),
  })
  await until('the first event', () => events.length > 0)
  assert.equal(events[0]?.listAgain, true)

  // Pages: @connection joins them in the store.
  const operation = createOperationDescriptor(getRequest(pageQuery), { first: 2, filter })
  const retained = environment.retain(operation)
  type Page = keysPageQuery['response']
  const list = () => (environment.lookup(operation.fragment).data as Page | undefined)?.userKeys?.edges ?? []
  const request = (variables: keysPageQuery['variables']) =>
    fetchQuery<keysPageQuery>(environment, pageQuery, variables).toPromise()
  const endCursor = () => {
    const pages = environment
      .getStore()
      .getSource()
      .get(`client:root:__keys_userKeys_connection(filter:{"namePrefix":"relay-"})`)
    const info = (pages?.['pageInfo'] as { __ref: string } | undefined)?.__ref
    const record = environment
      .getStore()
      .getSource()
      .get(info ?? '')
    return record?.['hasNextPage'] === true ? String(record['endCursor']) : null
  }
  await request({ first: 2, filter })
  for (let after = endCursor(); after !== null; after = endCursor())
    await request({ first: 2, after, filter })
  assert.deepEqual(
    list().map(({ node }) => node.name),
    [1, 2, 3, 4, 5].map((number) => `relay-${number}`),
  )
  const node = (id: string) => fetchQuery<keysByIdQuery>(environment, byIdQuery, { id }).toPromise()
  await node(hidden.keyId)
  for (const value of Object.values(hidden)) assert.ok(stored().includes(value))

  // The same fragment after a change as in the list.
  const second = list()[1]?.node
  assert.ok(second)
  const mutate = <Mutation extends keysUpdateMutation | keysEncryptMutation>(
    on: Environment,
    mutation: typeof updateMutation | typeof encryptMutation,
    variables: Mutation['variables'],
  ) =>
    new Promise<Mutation['response']>((resolve, reject) =>
      commitMutation<Mutation>(on, {
        mutation,
        variables,
        onCompleted: (response, errors) => (errors ? reject(errors) : resolve(response)),
        onError: reject,
      }),
    )
  const owner = environmentOf(tokens.owner)
  const change = { key: second.id, description: 'changed' }
  const changed = await mutate<keysUpdateMutation>(owner, updateMutation, { input: change })
  assert.equal(changed.updateUserKey?.__typename, 'UpdateUserKeyPayload')
  assert.equal(changed.updateUserKey?.userKey?.description, 'changed')
  // The reader's store hears of it by its subscription, and the row of the list changes.
  await until('the change', () => list()[1]?.node.description === 'changed')

  // Errors.
  const late = { ...change, expectedRevision: 1 }
  const conflict = await mutate<keysUpdateMutation>(owner, updateMutation, { input: late })
  assert.equal(conflict.updateUserKey?.__typename, 'ConflictError')
  assert.equal(conflict.updateUserKey?.code, 'CONFLICT')
  assert.equal(conflict.updateUserKey?.currentRevision, 2)
  const stranger = environmentOf(tokens.stranger)
  const input = { key: 'relay-2', plaintext: 'dGVh' }
  const refused = await mutate<keysEncryptMutation>(stranger, encryptMutation, { input })
  assert.equal(refused.encrypt?.__typename, 'ForbiddenError')
  const answers: GraphQLResponse[] = []
  const strangers = createOperationDescriptor(getRequest(pageQuery), { first: 2 })
  await stranger
    .execute({ operation: strangers })
    .do({ next: (answer) => void answers.push(answer) })
    .toPromise()
    .catch((error: Error) => answers.push({ data: null, errors: [error] } as unknown as GraphQLResponse))
  assert.match(JSON.stringify(answers), /FORBIDDEN/)

  // A key that becomes redacted.
  await redact(hidden.keyId)
  await until('the ID that is gone', () => events.some(({ goneKeyIds }) => goneKeyIds.includes(hidden.keyId)))
  assert.ok(!stored().includes(hidden.alias), 'the alias is in the store')
  assert.equal(environment.getStore().getSource().get(hidden.keyId), null)
  assert.ok(!environment.getStore().getSource().get(hidden.versionId), 'the version is in the store')
  await request({ first: 5, filter })
  const redacted = list().find(({ node: { name } }) => name === 'relay-1')?.node
  assert.equal(redacted?.viewerCanAccess, false)
  assert.equal(redacted?.status, null)
  assert.equal(redacted?.aliases, null)
  assert.match(redacted?.id ?? '', /^rkey_/)
  assert.equal((await node(hidden.keyId))?.node?.id, redacted?.id)
  assert.ok(!stored().includes(hidden.alias))
  retained.dispose()
  subscription.dispose()
})
