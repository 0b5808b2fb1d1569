import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { inputOn } from '../access/key-mutations.ts'
import { hasNoDatabase } from '../support/databases.ts'
import {
  type Answer,
  base64,
  type Client,
  endStory,
  type Person,
  readAnswer,
  type Story,
  startStory,
} from '../support/story.ts'

const member: Person = { name: 'max', roles: ['PROJECT_MEMBER'] }
/** Must never come back or be logged. */
const secret = 'c2VjcmV0LXZhbHVl'

describe.skipIf(hasNoDatabase())('bad input', () => {
  let story: Story
  let max: Client
  let keyId: string
  beforeAll(async () => {
    story = await startStory()
    max = story.as(member)
    keyId = (await max.mutate('createUserKey', { name: 'orders' }, 'userKey { id }'))['userKey'].id
  })
  afterAll(() => endStory(story))

  /** The server still serves, has changed nothing, and has logged nothing that is secret. */
  async function expectUnharmed(): Promise<void> {
    const { userKeys } = await max.ask<{ userKeys: { nodes: object[] } }>(
      '{ userKeys { nodes { id name description status revision } } }',
    )
    expect(userKeys.nodes).toEqual([
      { id: keyId, name: 'orders', description: '', status: 'ACTIVE', revision: 1 },
    ])
    expect(story.logged.join('\n')).not.toContain(secret)
  }

  async function post(
    body: string | Uint8Array<ArrayBuffer>,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const response = await fetch(`${story.app.url}/graphql`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${await story.tokenFor(member)}`,
        'content-type': 'application/json',
        accept: 'application/graphql-response+json',
        ...headers,
      },
      body,
    })
    return readAnswer(response)
  }

  it.each([
    ['an empty name', { name: '' }, 'name'],
    ['a name of 65 characters', { name: 'a'.repeat(65) }, 'name'],
    ['a name that starts with an uppercase letter', { name: 'Orders' }, 'name'],
    ['a name with other characters', { name: 'or ders' }, 'name'],
    ['a description with control characters', { name: 'a', description: 'a\u0000b' }, 'description'],
    ['a description of 257 characters', { name: 'a', description: 'ü'.repeat(257) }, 'description'],
    [
      'a rotation cycle of 1,096 days',
      { name: 'a', automaticRotation: { enabled: true, cycleDays: 1096 } },
      'automaticRotation.cycleDays',
    ],
    [
      'a rotation cycle of 0 days',
      { name: 'a', automaticRotation: { enabled: true, cycleDays: 0 } },
      'automaticRotation.cycleDays',
    ],
    [
      'a list without access control',
      { name: 'a', accessControl: { enabled: false, allowedSubjects: ['user:b'] } },
      'accessControl.allowedSubjects',
    ],
    [
      'a subject of no kind',
      { name: 'a', accessControl: { enabled: true, allowedSubjects: ['bob'] } },
      'accessControl.allowedSubjects.0',
    ],
    [
      'a usage that the algorithm has not',
      { name: 'a', algorithm: 'EC_P256', usage: 'ENCRYPT_DECRYPT' },
      'usage',
    ],
    [
      'a type that the algorithm is not',
      { name: 'a', algorithm: 'RSA_2048', usage: 'SIGN_VERIFY', type: 'SYMMETRIC' },
      'type',
    ],
    [
      'decryption by queries with a key that is not symmetric',
      { name: 'a', algorithm: 'RSA_2048', usage: 'ENCRYPT_DECRYPT', decryptableInGraph: true },
      'decryptableInGraph',
    ],
    ['an algorithm whose usage is not clear', { name: 'a', algorithm: 'EC_P256' }, 'usage'],
  ])('to create a key, %s, is InvalidInput with the path', async (_what, input, path) => {
    const result = await max
      .mutate('createUserKey', input)
      .then(async () =>
        max.ask<Record<string, { issues: { path: string[]; message: string }[] }>>(
          'mutation($input: CreateUserKeyInput!) { createUserKey(input: $input) { ... on InputValidationError { issues { path message } } } }',
          { input },
        ),
      )
    expect(result['createUserKey']?.issues.map((issue) => issue.path.join('.'))).toContain(path)
    await expectUnharmed()
  })

  it('a name that is taken is NameTakenError with the name', async () => {
    const result = await max.ask(
      'mutation { createUserKey(input: { name: "orders" }) { ... on NameTakenError { code name message } } }',
    )
    expect(result).toMatchObject({ createUserKey: { code: 'NAME_TAKEN', name: 'orders' } })
    await expectUnharmed()
  })

  it.each([
    ['deleteUserKey', { confirmName: 'Orders' }, 'INPUT_VALIDATION'],
    ['deleteUserKey', { confirmName: 'orders' }, 'INVALID_KEY_STATE'],
    ['updateUserKey', {}, 'INPUT_VALIDATION'],
    ['updateUserKey', { description: 'x', expectedRevision: 7 }, 'CONFLICT'],
    ['rotateUserKey', { expectedDefaultVersionNumber: 2 }, 'CONFLICT'],
    ['deactivateKeyVersion', { versionNumber: 2 }, 'KEY_VERSION_NOT_FOUND'],
    ['destroyKeyVersion', { versionNumber: 1, waitingPeriodDays: 31 }, 'INPUT_VALIDATION'],
    ['destroyKeyVersion', { versionNumber: 1, waitingPeriodDays: 7 }, 'INVALID_KEY_STATE'],
    ['activateUserKey', {}, 'INVALID_KEY_STATE'],
    ['addAllowedSubjects', { subjects: ['user:b'] }, 'INPUT_VALIDATION'],
    ['enableAccessControl', { subjects: ['user:half a pair \ud83d'] }, 'INPUT_VALIDATION'],
    ['enableAccessControl', { subjects: ['user:\u0000'] }, 'INPUT_VALIDATION'],
    ['enableAccessControl', { entries: [{ subject: 'bob' }] }, 'INPUT_VALIDATION'],
    ['enableAccessControl', { entries: [{ subject: 'user:b', permissions: ['SIGN'] }] }, 'INPUT_VALIDATION'],
    [
      'enableAccessControl',
      { entries: [{ subject: 'user:b', expiresAt: '2020-01-01T00:00:00Z' }] },
      'INPUT_VALIDATION',
    ],
    ['transferOwnership', { to: 'system:rotation' }, 'INPUT_VALIDATION'],
    ['transferOwnership', { to: 'user:half a pair \ud83d' }, 'INPUT_VALIDATION'],
    ['encrypt', { plaintext: '', context: [] }, 'INPUT_VALIDATION'],
    ['encrypt', { plaintext: '', context: [{ name: 'a b', value: '' }] }, 'INPUT_VALIDATION'],
    [
      'encrypt',
      { plaintext: '', context: [{ name: 'a', value: 'b' }], additionalAuthenticatedData: '' },
      'INPUT_VALIDATION',
    ],
    ['generateDataKey', { lengthBytes: 0 }, 'INPUT_VALIDATION'],
    ['sign', { message: base64('m') }, 'INVALID_KEY_USAGE'],
  ])('%s with %j answers %s and changes nothing', async (name, input, code) => {
    expect(await max.mutate(name, inputOn(keyId, input))).toMatchObject({ code })
    await expectUnharmed()
  })

  it('an unknown ID, a malformed one and one of another kind are the same to a mutation, and null to a query', async () => {
    const { userKey } = await max.ask<{ userKey: { defaultVersion: { id: string } } }>(
      'query($id: KeyRef!) { userKey(key: $id) { defaultVersion { id } } }',
      { id: keyId },
    )
    const ids = [
      'ukey_01h455vb4pex5vsknk084sn02q',
      'ukey_zz',
      '',
      userKey.defaultVersion.id,
      keyId.toUpperCase(),
    ]
    for (const id of ids) {
      expect(await max.mutate('rotateUserKey', { key: id })).toMatchObject({ code: 'KEY_NOT_FOUND' })
      expect(await max.mutate('encrypt', { key: id, plaintext: base64('x') })).toMatchObject({
        code: 'KEY_NOT_FOUND',
      })
      expect(await max.ask('query($id: KeyRef!) { userKey(key: $id) { id } }', { id })).toEqual({
        userKey: null,
      })
    }
    await expectUnharmed()
  })

  it('a ciphertext that is cut, changed in any bit, or opened with other data is one error with one text', async () => {
    const additionalAuthenticatedData = base64('order 7')
    const { ciphertext } = await max.mutate(
      'encrypt',
      { key: keyId, plaintext: base64('hello'), additionalAuthenticatedData },
      'ciphertext',
    )
    const bytes = Buffer.from(ciphertext, 'base64')
    const changed = Array.from(bytes, (_byte, index) => {
      const copy = Buffer.from(bytes)
      copy[index] = (copy[index] ?? 0) ^ (1 << (index % 8))
      return copy
    })
    const cut = [0, 1, 21, 22, 23, 34, bytes.length - 1].map((length) => bytes.subarray(0, length))
    const messages = new Set<string>()
    for (const each of [...changed, ...cut, Buffer.concat([bytes, Buffer.alloc(1)])]) {
      const result = await max.mutate('decrypt', { ciphertext: base64(each), additionalAuthenticatedData })
      expect(result).toMatchObject({ code: 'INVALID_CIPHERTEXT' })
      messages.add(result['message'])
    }
    for (const other of [base64('order 8'), '', null]) {
      const result = await max.mutate('decrypt', { ciphertext, additionalAuthenticatedData: other })
      messages.add(result['message'])
    }
    expect(messages.size).toBe(1)
    expect(
      await max.mutate('decrypt', { ciphertext, additionalAuthenticatedData }, 'plaintext'),
    ).toMatchObject({
      plaintext: base64('hello'),
    })
    await expectUnharmed()
  })

  it.each([
    [`${secret}!`, 'position 16'],
    ['YQ', 'multiple of 4'],
    ['YQ=', 'multiple of 4'],
    ['Y=Q=', 'in the middle'],
    ['YR==', 'does not end'],
    ['_-8=', 'position 0'],
    ['YQ==\n', 'position 4'],
  ])('base64 text %j is a request error with the place, not the value', async (plaintext, expected) => {
    const document = 'mutation($input: EncryptInput!) { encrypt(input: $input) { __typename } }'
    for (const answer of [
      await max.send(document, { input: { key: keyId, plaintext } }),
      await max.send(
        `mutation { encrypt(input: { key: "${keyId}", plaintext: ${JSON.stringify(plaintext)} }) { __typename } }`,
      ),
    ]) {
      expect(answer.status).toBe(400)
      expect(answer.errors[0]).toMatchObject({ extensions: { code: 'BAD_USER_INPUT' } })
      expect(answer.errors[0]?.message).toContain(expected)
      expect(answer.text).not.toContain(secret)
    }
    await expectUnharmed()
  })

  it('values of variables and literals come back in no error, whatever is wrong with them', async () => {
    const document = 'mutation($input: EncryptInput!) { encrypt(input: $input) { __typename } }'
    const inputs = [
      { key: keyId, plaintext: { [secret]: secret } },
      { key: keyId, plaintext: [secret] },
      { key: { secret }, plaintext: '' },
      { key: keyId, plaintext: '', unknown: secret },
      { key: keyId, plaintext: '', [`${secret}=`]: 1 },
      { key: keyId, plaintext: `" at "input"; ${secret}!` },
      { plaintext: secret },
      secret,
      [secret],
      null,
    ]
    const literals = [
      `encrypt(input: "${secret}")`,
      `encrypt(input: { key: ["${secret}"], plaintext: 7 })`,
      `createUserKey(input: { name: "a", algorithm: "${secret}" })`,
      `createUserKey(input: { name: "a", preActivation: "${secret}" })`,
      `rotateUserKey(input: { key: "a", expectedRevision: "${secret}" })`,
      `createUserKey(input: { name: "a" "${secret}" })`,
      `createUserKey(input: { name: "${secret} })`,
    ]
    const answers = [
      ...(await Promise.all(inputs.map((input) => max.send(document, { input })))),
      ...(await Promise.all(literals.map((field) => max.send(`mutation { ${field} { __typename } }`)))),
      await post(`{"query": "{ viewer { projectId } }", "variables": ${secret}`),
      await post(`"${secret}"`),
    ]
    for (const answer of answers) {
      expect(answer.text).not.toContain(secret)
      expect(answer.status).toBe(400)
      expect(answer.data).toBeNull()
      expect(['BAD_REQUEST', 'BAD_USER_INPUT']).toContain(answer.errors[0]?.extensions.code)
    }
    await expectUnharmed()
  })

  it('a document of 100,000 characters, a deep one, a wide one and one of many mutations are refused', async () => {
    const fragments = Array.from(
      { length: 40 },
      (_, n) => `fragment F${n + 1} on Viewer { ...F${n} ...F${n} }`,
    )
    const documents = [
      `{ viewer { projectId } } #${'x'.repeat(100_000)}`,
      `{ userKeys { nodes { versions { nodes { key { ${'versions { nodes { key { '.repeat(5)} id ${'} } }'.repeat(5)} } } } } } }`,
      `{ ${Array.from({ length: 2100 }, (_, n) => `a${n}:node(id:1){id}`).join(' ')} }`,
      `{ ${Array.from({ length: 1400 }, (_, n) => `a${n}: __typename`).join(' ')} }`,
      `mutation { ${Array.from({ length: 21 }, (_, n) => `a${n}: createUserKey(input: { name: "k${n}" }) { __typename }`).join(' ')} }`,
      `{ viewer { ...F40 } } fragment F0 on Viewer { projectId } ${fragments.join(' ')}`,
    ]
    for (const document of documents) {
      const answer = await max.send(document)
      expect(answer.status).toBe(400)
      expect(answer.errors[0]?.extensions.code).toBe('BAD_REQUEST')
    }
    await expectUnharmed()
  })

  it('an item that is too long is a typed error, and a body that is too large is answered 413', async () => {
    const large = await post(
      JSON.stringify({
        query:
          'mutation($input: EncryptInput!) { encrypt(input: $input) { ... on UserError { code message } } }',
        variables: { input: { key: keyId, plaintext: base64(new Uint8Array(1_500_000)) } },
      }),
    )
    expect(large).toMatchObject({ status: 200, data: { encrypt: { code: 'INPUT_VALIDATION' } } })
    const tooLarge = await post(new Uint8Array(3_000_000))
    expect(tooLarge).toMatchObject({ status: 413, errors: [{ extensions: { code: 'PAYLOAD_TOO_LARGE' } }] })
    await expectUnharmed()
  })

  it.each([
    [{ search: '' }, 'filter.search must have 1 to 256 characters besides spaces at its ends'],
    [{ search: '   ' }, 'filter.search must have 1 to 256 characters besides spaces at its ends'],
    [{ search: '🔑'.repeat(257) }, 'filter.search must have 1 to 256 characters'],
    [{ search: 'a\u0000b' }, 'filter.search must not contain the control character U+0000'],
    [{ search: 'a\u202eb' }, 'filter.search must not contain the invisible format character U+202E'],
    [{ labels: [{ name: '' }] }, 'filter.labels.0.name must have 1 to 63 characters'],
    [{ labels: [{ name: 'team', value: 'x'.repeat(257) }] }, 'filter.labels.0.value must have at most 256'],
    [{ labels: [{ name: 'e\u0301' }] }, 'filter.labels.0.name must be in Unicode Normalization Form C'],
    [{ labels: Array(11).fill({ name: 'team' }) }, 'at most 10'],
    [{ owner: 'alice' }, 'user:alice'],
    [{ createdBy: 'robot:r2' }, 'user:alice'],
    [{ origin: 'ELSEWHERE' }, 'enum "KeyOrigin"'],
    [{ versionStatus: ['GONE'] }, 'enum "KeyVersionStatus"'],
    [{ nextRotationBefore: 'tomorrow' }, 'A DateTime must be RFC 3339 text'],
    [{ unusedSince: '2026-02-30T00:00:00Z' }, '(at "filter.unusedSince")'],
    [{ neverUsed: 'yes' }, '(at "filter.neverUsed")'],
    [{ color: 'red' }, 'color'],
  ])('a list or count with the filter %j is refused with the reason', async (filter, reason) => {
    for (const field of ['userKeys { totalCount }', 'userKeyCounts { total }']) {
      const query = `query($filter: UserKeyFilter) { ${field.replace(' ', '(filter: $filter) ')} }`
      const { data, errors } = await max.send(query, { filter })
      expect(data?.userKeys ?? data?.userKeyCounts ?? null).toBeNull()
      expect(errors).toHaveLength(1)
      expect(errors[0]?.message).toContain(reason)
      expect(errors[0]?.extensions.code).toMatch(/^(INPUT_VALIDATION|BAD_USER_INPUT|BAD_REQUEST)$/)
    }
  })

  it.each(['0001-01-01T00:00:00Z', '9999-12-31T23:59:59.999Z'])(
    'a list with moments of %s is answered',
    async (moment) => {
      for (const name of ['nextRotationBefore', 'destructionScheduledBefore', 'unusedSince']) {
        const query = 'query($filter: UserKeyFilter) { userKeys(filter: $filter) { totalCount } }'
        expect((await max.send(query, { filter: { [name]: moment } })).errors).toEqual([])
      }
    },
  )

  it.each(['2036-03-01T00:00:00Z', '2026-02-28T00:00:00Z', '9999-12-31T00:00:00Z'])(
    'what is due until %s is refused',
    async (until) => {
      const { errors } = await max.send(
        'query($until: DateTime!) { upcomingEvents(until: $until) { totalCount } }',
        { until },
      )
      expect(errors.map(({ message }) => message)).toEqual([
        'The input is not valid: until must be in the future, at most 1100 days ahead.',
      ])
    },
  )

  it.each([
    ['no token', null],
    ['no token in the header', 'Bearer '],
    ['another scheme', 'Basic YTpi'],
    ['text', 'Bearer abc'],
    ['an unsigned token', 'Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJtYXgifQ.'],
  ])('%s is answered 401 before the document is read', async (_what, authorization) => {
    const response = await fetch(`${story.app.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(authorization !== null && { authorization }) },
      body: '{ "query": "not even a document',
    })
    const answer = await readAnswer(response)
    expect(answer).toMatchObject({ status: 401, errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] })
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer realm="keystead"/)
    await expectUnharmed()
  })

  it('an expired token is answered 401 with what to do', async () => {
    const answer = await post('{}', { authorization: `Bearer ${await story.tokenFor(member, { exp: 1 })}` })
    expect(answer).toMatchObject({ status: 401, errors: [{ message: expect.stringContaining('expired') }] })
    await expectUnharmed()
  })
})
