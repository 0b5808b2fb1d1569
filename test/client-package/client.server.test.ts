import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { operations } from '../../packages/client/src/generated/operations.ts'
import {
  ConflictError,
  createClient,
  ForbiddenError,
  InputValidationError,
  InvalidKeyUsageError,
  isKeysteadError,
  KeyNotFoundError,
  KeysteadError,
  NameTakenError,
  TokenError,
  UnauthenticatedError,
} from '../../packages/client/src/index.ts'
import { endStory, type Story, startStory } from '../support/story.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const text = (value: Uint8Array) => new TextDecoder().decode(value)

let story: Story
/** Requests that clients of `as` have sent. */
let sent: string[] = []

function as(name: string, roles: readonly 'PROJECT_ADMIN'[] = ['PROJECT_ADMIN']) {
  return createClient({
    url: story.app.url,
    token: () => story.tokenFor({ name, roles }),
    fetch(input, init) {
      sent.push(String(init?.body))
      return fetch(input, init)
    },
  })
}

beforeAll(async () => {
  story = await startStory()
})
afterAll(() => endStory(story))

describe('a client', () => {
  it('creates a key, and names it by its name, an alias or its ID', async () => {
    const client = as('ada')
    const { userKey } = await client.createUserKey({
      name: 'orders',
      labels: [{ name: 'team', value: 'shop' }],
    })
    expect(userKey).toMatchObject({ name: 'orders', status: 'ACTIVE', owner: { id: 'user:ada' } })
    expect(userKey.labels).toEqual([{ name: 'team', value: 'shop' }])
    await client.createAlias({ key: 'orders', alias: 'sales' })
    for (const key of ['orders', 'sales', userKey.id]) {
      const { ciphertext, keyId } = await client.encrypt({ key, plaintext: bytes('tea') })
      expect(ciphertext).toBeInstanceOf(Uint8Array)
      expect(keyId).toBe(userKey.id)
      expect(text((await client.decrypt({ ciphertext })).plaintext)).toBe('tea')
    }
    expect(await client.userKey({ key: 'none' })).toBeNull()
  })

  it('takes an encryption context as names and values, and gives it so', async () => {
    const client = as('ada')
    await client.createUserKey({ name: 'bound' })
    const context = { tenant: '7', row: 'a' }
    const { ciphertext } = await client.encrypt({ key: 'bound', plaintext: bytes('tea'), context })
    const { plaintext } = await client.decrypt({ ciphertext, context: { row: 'a', tenant: '7' } })
    expect(text(plaintext)).toBe('tea')
    await expect(client.decrypt({ ciphertext, context: { tenant: '8', row: 'a' } })).rejects.toMatchObject({
      code: 'INVALID_CIPHERTEXT',
    })
    const { nodes } = await client.auditEvents({ first: 5, filter: { key: 'bound', action: ['ENCRYPT'] } })
    expect(nodes.map((event) => event.context)).toEqual([context])
  })

  it('throws refusals as classes with their fields', async () => {
    const client = as('ada')
    const { userKey } = await client.createUserKey({
      name: 'refusing',
      usage: 'SIGN_VERIFY',
      algorithm: 'ED25519',
    })
    const taken = await client.createUserKey({ name: 'refusing' }).catch((error) => error)
    expect(taken).toBeInstanceOf(NameTakenError)
    expect(taken).toMatchObject({ code: 'NAME_TAKEN', takenName: 'refusing', name: 'NameTakenError' })
    const missing = await client.encrypt({ key: 'missing', plaintext: bytes('') }).catch((error) => error)
    expect(missing).toBeInstanceOf(KeyNotFoundError)
    const usage = await client.encrypt({ key: 'refusing', plaintext: bytes('') }).catch((error) => error)
    expect(usage).toBeInstanceOf(InvalidKeyUsageError)
    expect(usage).toMatchObject({ usage: 'SIGN_VERIFY', algorithm: 'ED25519' })
    const invalid = await client.updateUserKey({ key: userKey.id, name: 'No Name' }).catch((error) => error)
    expect(invalid).toBeInstanceOf(InputValidationError)
    expect(invalid.issues[0]).toMatchObject({ path: ['name'] })
    const conflict = await client
      .updateUserKey({ key: userKey.id, description: 'x', expectedRevision: 7 })
      .catch((error) => error)
    expect(conflict).toBeInstanceOf(ConflictError)
    expect(conflict.currentRevision).toBe(1)
    expect(conflict.requestId).toMatch(/./)
    // The codes tell them apart, also for the compiler.
    if (isKeysteadError(conflict) && conflict.code === 'CONFLICT') expect(conflict.currentRevision).toBe(1)
  })

  it('throws refusals of queries as the same classes', async () => {
    const stranger = as('nora', [])
    const error = await stranger.userKeys({ first: 2 }).catch((reason) => reason)
    expect(error).toBeInstanceOf(ForbiddenError)
    expect(error).toBeInstanceOf(KeysteadError)
    expect(
      await as('ada')
        .userKeys({ first: 201 })
        .catch((reason) => reason.code),
    ).toBe('INPUT_VALIDATION')
  })

  it('lists pages of 200 with all fields of the lists', async () => {
    const client = as('ada')
    const keys = await client.userKeys({ first: 200, orderBy: { field: 'NAME', direction: 'ASC' } })
    expect(keys.nodes.length).toBe(keys.totalCount)
    expect(keys.nodes[0]?.defaultVersion?.number).toBe(1)
    expect((await client.serviceKeys({ first: 200 })).nodes).toEqual([])
    expect((await client.auditEvents({ first: 200 })).nodes.length).toBeGreaterThan(3)
    await client.upcomingEvents({ first: 200, until: '2026-06-30T00:00:00Z' })
    expect((await client.viewer()).subject.id).toBe('user:ada')
    const [node] = await client.nodes({ ids: [keys.nodes[0]?.id ?? ''] })
    expect(node?.__typename).toBe('UserKey')
    if (node?.__typename === 'UserKey') expect(node.name).toBe(keys.nodes[0]?.name)
  })

  it('gives each item of a batch its result or its error', async () => {
    const client = as('ada')
    await client.createUserKey({ name: 'many' })
    const { results } = await client.encryptBatch({
      items: [
        { reference: 'one', key: 'many', plaintext: bytes('1') },
        { reference: 'two', key: 'missing', plaintext: bytes('2') },
      ],
    })
    expect(results[0]?.reference).toBe('one')
    const [first, second] = results.map(({ result }) => result)
    if (first === undefined || first instanceof KeysteadError) throw new Error('refused')
    expect(text((await client.decrypt({ ciphertext: first.ciphertext })).plaintext)).toBe('1')
    expect(second).toBeInstanceOf(KeyNotFoundError)
  })

  it('sends documents of its callers, and throws their errors', async () => {
    const client = as('ada')
    const document = 'query($key: KeyRef!) { userKey(key: $key) { versions(first: 5) { nodes { number } } } }'
    const { userKey } = await client.request<{ userKey: unknown }>(document, { key: 'orders' })
    expect(userKey).toEqual({ versions: { nodes: [{ number: 1 }] } })
    await expect(client.request('{ nothing }')).rejects.toMatchObject({ code: 'BAD_REQUEST' })
  })

  it('refuses what no server could read, before anything is sent', async () => {
    const client = as('ada')
    sent = []
    const encrypt = client.encrypt as (input: object) => Promise<unknown>
    await expect(encrypt({ key: 'orders', plaintext: 'text' })).rejects.toThrow(
      new TypeError(
        'input.plaintext must be a Uint8Array, got string. Use new TextEncoder().encode(text) for text.',
      ),
    )
    await expect(encrypt({ key: 'orders', plaintext: bytes(''), context: { a: 1 } })).rejects.toThrow(
      'input.context.a must be a string, got number.',
    )
    await expect(client.viewer(undefined, { timeoutMs: 0 })).rejects.toThrow(RangeError)
    expect(sent).toEqual([])
    const make = (options: object) => () => createClient({ url: story.app.url, token: 'x', ...options })
    expect(make({ attemptsMax: 0 })).toThrow('attemptsMax must be an integer of at least 1, got 0.')
    expect(make({ batchItemsMax: 1.5 })).toThrow(RangeError)
    expect(make({ url: 'keystead.example.org' })).toThrow(TypeError)
    expect(make({ url: 'ftp://keystead.example.org' })).toThrow('https:')
    expect(make({ token: 'Bearer x' })).toThrow(TokenError)
  })

  it('subscribes to changes until its caller has enough', async () => {
    const client = as('ada')
    await client.createUserKey({ name: 'watched' })
    const changes: string[] = []
    for await (const event of client.keyEvents({ key: 'watched' })) {
      changes.push(...event.changes)
      if (event.changes.length > 0) break
      expect(event.key?.name).toBe('watched')
      await client.updateUserKey({ key: 'watched', description: 'seen' })
    }
    expect(changes).toEqual(['DETAILS'])
    const controller = new AbortController()
    const events = client.userKeysChanged(undefined, { signal: controller.signal })[Symbol.asyncIterator]()
    expect((await events.next()).value).toMatchObject({ listAgain: true })
    const next = events.next()
    controller.abort(new Error('enough'))
    await expect(next).rejects.toThrow('enough')
    const refused = as('nora', []).keyEvents({ key: 'watched' })[Symbol.asyncIterator]()
    await expect(refused.next()).rejects.toBeInstanceOf(ForbiddenError)
  })
})

describe('documents of the client', () => {
  it('are within the limits of a server: each gets an answer that is not about the document', async () => {
    const client = as('ada')
    const problems: string[] = []
    for (const [name, { document }] of Object.entries(operations)) {
      if (/^subscription/.test(document)) continue
      const variables = { first: 200, ids: [], input: undefined, until: '2026-06-30T00:00:00Z' }
      await client.request(document, variables).catch((error: KeysteadError) => {
        if (/asks for|selects more|more than|nested/.test(error.message))
          problems.push(`${name}: ${error.message}`)
      })
    }
    expect(problems).toEqual([])
  })
})

describe('tokens', () => {
  it('are asked for once by many callers, and again when one is refused', async () => {
    const ask = vi.fn(() => story.tokenFor({ name: 'ada', roles: ['PROJECT_ADMIN'] }))
    let current = Promise.resolve('refused.token.x')
    const client = createClient({ url: story.app.url, token: () => current.then((token) => token) })
    const first = client.viewer()
    await expect(first).rejects.toBeInstanceOf(UnauthenticatedError)
    current = ask()
    const answers = await Promise.all([client.viewer(), client.viewer(), client.viewer()])
    expect(answers.map(({ subject }) => subject.id)).toEqual(['user:ada', 'user:ada', 'user:ada'])
    expect(ask).toHaveBeenCalledTimes(1)
  })

  it('that cannot be renewed say so, and nothing is sent', async () => {
    const client = createClient({
      url: story.app.url,
      token: () => Promise.reject(new Error('the issuer is down')),
    })
    const error = await client.viewer().catch((reason) => reason)
    expect(error).toBeInstanceOf(TokenError)
    expect(error.cause).toMatchObject({ message: 'the issuer is down' })
    const fixed = createClient({ url: story.app.url, token: 'expired.token.x' })
    await expect(fixed.viewer()).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
  })
})
