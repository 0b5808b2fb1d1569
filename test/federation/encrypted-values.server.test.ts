import { createHash } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { roles } from '../../src/keys/rules/caller.ts'
import { abilitiesByRole } from '../access/entitlement-table.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { base64, endStory, type Person, type Story, startStory } from '../support/story.ts'

const ada: Person = { name: 'ada', roles: ['PROJECT_ADMIN'] }
const olga: Person = { name: 'olga', roles: ['PROJECT_MEMBER'] }
const reader: Person = { name: 'vic', roles: ['KMS_VIEWER'] }
const nobody: Person = { name: 'nora' }
const stranger: Person = { ...ada, project: 'elsewhere' }
const agent: Person = { name: 'Secrets Manager', kind: 'SERVICE_AGENT' }

/** As a gateway asks for a field of another subgraph's rows. */
const page =
  'query CustomerPage($list: [_Any!]!) { _entities(representations: $list) { ... on EncryptedValue { plaintext } } }'
const pageOf = (selection: string) => page.replace('plaintext', selection)

const context = { customer: 'c-1', field: 'email' }

interface Reference {
  readonly ciphertext: unknown
  readonly context?: unknown
}

describe.skipIf(hasNoDatabase())('an encrypted value', () => {
  let story: Story
  const values = { email: '', plain: '', off: '', closed: '', tenant: '', service: '', elsewhere: '' }
  const ids = { on: '', off: '', closed: '', tenant: '' }

  async function encrypt(person: Person, input: object): Promise<string> {
    return (await story.as(person).mutate('encrypt', input, 'ciphertext'))['ciphertext']
  }

  const pairs = Object.entries(context).map(([name, value]) => ({ name, value }))

  beforeAll(async () => {
    story = await startStory({ RATE_LIMIT_UNITS: '5000' })
    const create = async (name: string, more: object = {}, person: Person = olga) => {
      const input = { name, decryptableInGraph: true, ...more }
      return (await story.as(person).mutate('createUserKey', input, 'userKey { id }'))['userKey'].id
    }
    ids.on = await create('on')
    ids.off = await create('off', { decryptableInGraph: null })
    ids.closed = await create('closed', { accessControl: { enabled: true } })
    const entries = [
      {
        subject: 'user:bob',
        permissions: ['VIEW', 'DECRYPT'],
        context: [{ name: 'tenant', value: 'acme' }],
      },
    ]
    ids.tenant = await create('tenant', { accessControl: { enabled: true, entries } })
    await create('elsewhere', {}, stranger)
    values.email = await encrypt(olga, { key: ids.on, plaintext: base64('ann@example.org'), context: pairs })
    values.plain = await encrypt(olga, { key: ids.on, plaintext: base64('plain') })
    values.off = await encrypt(olga, { key: ids.off, plaintext: base64('off') })
    values.closed = await encrypt(olga, { key: ids.closed, plaintext: base64('closed') })
    values.tenant = await encrypt(olga, {
      key: ids.tenant,
      plaintext: base64('tenant'),
      context: [{ name: 'tenant', value: 'acme' }],
    })
    values.elsewhere = await encrypt(stranger, { key: 'elsewhere', plaintext: base64('elsewhere') })
    const sealed = await story
      .as(agent)
      .mutate('encryptWithServiceKey', { plaintext: base64('service') }, 'ciphertext')
    values.service = sealed['ciphertext']
  })
  afterAll(() => endStory(story))

  let seen: string
  beforeEach(async () => {
    seen = (await trail())[0]?.id ?? ''
  })

  // biome-ignore lint/suspicious/noExplicitAny: records are compared as they are
  async function trail(project = ada): Promise<any[]> {
    const { auditEvents } = await story.as(project).ask<{ auditEvents: { nodes: [] } }>(
      `{ auditEvents(first: 200) { nodes {
        id action outcome errorCode actor { id } keyId versionNumber details context { name value } } } }`,
    )
    return auditEvents.nodes
  }

  /** Records since the beginning of the test, the oldest first. */
  async function recorded() {
    const all = await trail()
    return all
      .slice(
        0,
        all.findIndex(({ id }) => id === seen),
      )
      .reverse()
  }

  async function ask(person: Person, references: readonly Reference[], document = page, variables = {}) {
    const list = references.map((reference) => ({ __typename: 'EncryptedValue', ...reference }))
    const answer = await story.as(person).send(document, { list, ...variables })
    const { data, errors } = answer
    return {
      answer,
      values: data?._entities,
      errors: errors.map(({ path, extensions }) => [extensions.code, path?.join('.') ?? null]),
    }
  }

  const one = { plaintext: base64('ann@example.org') }

  it('is decrypted for a query that selects its plaintext, which is on record with the name of the query', async () => {
    const { values: got, errors, answer } = await ask(olga, [{ ciphertext: values.email, context }])
    expect({ got, errors }).toEqual({ got: [one], errors: [] })
    expect(answer.headers.get('cache-control')).toContain('no-store')
    expect(await recorded()).toMatchObject([
      {
        action: 'DECRYPT',
        outcome: 'SUCCEEDED',
        actor: { id: 'user:olga' },
        keyId: ids.on,
        versionNumber: 1,
        details: { inGraph: true, operationName: 'CustomerPage' },
        context: pairs,
      },
    ])
  })

  it('shows that of an operation without a name, and of a long name the beginning', async () => {
    const long = 'N'.repeat(1000)
    await ask(olga, [{ ciphertext: values.plain }], page.replace('CustomerPage', ''))
    await ask(olga, [{ ciphertext: values.plain }], page.replace('CustomerPage', long))
    expect((await recorded()).map(({ details }) => details)).toEqual([
      { inGraph: true },
      { inGraph: true, operationName: 'N'.repeat(128) },
    ])
  })

  it('is not decrypted by what does not select its plaintext', async () => {
    const reference = [{ ciphertext: values.email, context }]
    story.takeStatements()
    const unselected = pageOf('__typename ciphertext context')
    expect((await ask(olga, reference, unselected)).values).toEqual([
      { __typename: 'EncryptedValue', ciphertext: values.email, context },
    ])
    expect((await ask(nobody, reference, unselected)).errors).toEqual([['FORBIDDEN', '_entities']])
    const skipped =
      'query P($list: [_Any!]!, $yes: Boolean!) { _entities(representations: $list) { __typename ... on EncryptedValue { plaintext @include(if: $yes) text @skip(if: true) } } }'
    expect((await ask(olga, reference, skipped, { yes: false })).values).toEqual([
      { __typename: 'EncryptedValue' },
    ])
    // Fields of other types, and fragments on them, select nothing of it.
    const others =
      'query P($list: [_Any!]!) { _entities(representations: $list) { ... on UserKey { name } } }'
    expect((await ask(olga, reference, others)).values).toEqual([{}])
    expect(story.takeStatements()).toEqual([])
    expect(await recorded()).toEqual([])
    expect((await ask(olga, reference, skipped, { yes: true })).values).toEqual([
      { __typename: 'EncryptedValue', ...one },
    ])
  })

  it('is decrypted once, however often one answer has it under aliases, in fragments and in other fields', async () => {
    const document = `query Often($list: [_Any!]!) {
      a: _entities(representations: $list) { ...F ... on EncryptedValue { again: plaintext text } }
      b: _entities(representations: $list) { ...F }
    }
    fragment F on EncryptedValue { plaintext }`
    const { answer } = await ask(olga, Array(10).fill({ ciphertext: values.email, context }), document)
    const whole = { ...one, again: one.plaintext, text: 'ann@example.org' }
    expect(answer.data).toEqual({ a: Array(10).fill(whole), b: Array(10).fill(one) })
    expect(await recorded()).toHaveLength(1)
  })

  it('is null with an error of its own where it cannot be had, and the others are not', async () => {
    const forged = Buffer.from(values.email, 'base64')
    forged.writeUInt8(forged.readUInt8(forged.length - 1) ^ 1, forged.length - 1)
    const { values: got, errors } = await ask(ada, [
      { ciphertext: values.email, context },
      { ciphertext: values.email },
      { ciphertext: values.email, context: { ...context, customer: 'c-2' } },
      { ciphertext: values.plain, context },
      { ciphertext: forged.toString('base64'), context },
      { ciphertext: values.elsewhere },
      { ciphertext: values.service },
      { ciphertext: base64('no ciphertext') },
      { ciphertext: '' },
      { ciphertext: values.off },
      { ciphertext: values.closed },
      { ciphertext: '%%%' },
      { ciphertext: values.plain, context: { customer: 7 } },
      { ciphertext: values.plain, context: {} },
      { ciphertext: values.plain, context: { customer: 'invisible\u200b' } },
      { ciphertext: values.plain },
    ])
    const fault = { plaintext: null }
    expect(got).toEqual([one, ...Array(14).fill(fault), { plaintext: base64('plain') }])
    const at = (code: string, ...places: number[]) =>
      places.map((place) => [code, `_entities.${place}.plaintext`])
    const expected = [
      ...at('INVALID_CIPHERTEXT', 1, 2, 3, 4, 5, 6, 7, 8),
      ...at('NOT_DECRYPTABLE_IN_GRAPH', 9),
      ...at('FORBIDDEN', 10),
      ...at('BAD_USER_INPUT', 11),
      ...at('INPUT_VALIDATION', 12, 13, 14),
    ]
    expect(errors.toSorted()).toEqual(expected.toSorted())
    const records = await recorded()
    // Those of one moment have no order. Of the closed key, which is redacted for the reader of the trail, there is none.
    const kept = records.map(({ outcome, errorCode, keyId }) => [outcome, errorCode, keyId].join())
    expect(kept.toSorted()).toEqual(
      [
        ...Array(2).fill(['SUCCEEDED', null, ids.on]),
        ...Array(4).fill(['FAILED', 'INVALID_CIPHERTEXT', ids.on]),
        ...Array(4).fill(['FAILED', 'INVALID_CIPHERTEXT', null]),
        ['FAILED', 'NOT_DECRYPTABLE_IN_GRAPH', ids.off],
        ...Array(2).fill(['FAILED', 'INPUT_VALIDATION', ids.on]),
      ]
        .map((record) => record.join())
        .toSorted(),
    )
    expect(records.every(({ details }) => details.inGraph && details.operationName === 'CustomerPage')).toBe(
      true,
    )
  })

  it('says as data, too, why it cannot be had, which is as much on record', async () => {
    const list = [
      { ciphertext: values.email, context },
      { ciphertext: values.email },
      { ciphertext: values.off },
      { ciphertext: values.closed },
      { ciphertext: '%%%' },
    ]
    const { values: got, errors } = await ask(ada, list, pageOf('failure { code message }'))
    expect(errors).toEqual([])
    expect(got.map(({ failure }: { failure: { code: string } | null }) => failure?.code)).toEqual([
      ...[undefined, 'INVALID_CIPHERTEXT', 'NOT_DECRYPTABLE_IN_GRAPH', 'FORBIDDEN', 'BAD_USER_INPUT'],
    ])
    expect(got[2].failure.message).toContain('set decryptableInGraph with updateUserKey')
    expect(await recorded()).toHaveLength(3)
  })

  it('gives the messages of the mutation, and nothing of the value', async () => {
    const messages = async (reference: Reference) =>
      (await ask(ada, [reference])).answer.errors.map(({ message }) => message)
    const decrypt = async (ciphertext: string) =>
      (await story.as(ada).mutate('decrypt', { ciphertext }, '', '... on UserError { message }'))['message']
    const [absent] = await messages({ ciphertext: values.elsewhere })
    expect(absent).toBe(await decrypt(values.elsewhere))
    expect(await messages({ ciphertext: values.email })).toEqual([absent])
    expect(await messages({ ciphertext: values.closed })).toEqual([await decrypt(values.closed)])
    expect(await messages({ ciphertext: '%%%' })).toEqual([
      'The base64 text has a character outside of the alphabet at position 0.',
    ])
  })

  it('tells nothing of the setting of a key to a caller without access', async () => {
    const codes = async () => (await ask(ada, [{ ciphertext: values.closed }])).errors
    const before = await codes()
    for (const decryptableInGraph of [false, true]) {
      await story.as(olga).mutate('updateUserKey', { key: ids.closed, decryptableInGraph })
      expect(await codes()).toEqual(before)
    }
    expect(before).toEqual([['FORBIDDEN', '_entities.0.plaintext']])
    expect((await ask(stranger, [{ ciphertext: values.off }])).errors).toEqual([
      ['INVALID_CIPHERTEXT', '_entities.0.plaintext'],
    ])
    const hidden = '{ userKey(key: "closed") { viewerCanAccess decryptableInGraph } }'
    expect(await story.as(ada).ask(hidden)).toEqual({
      userKey: { viewerCanAccess: false, decryptableInGraph: null },
    })
  })

  it('needs DECRYPT, which entries of an access list give for a context', async () => {
    const bob: Person = { name: 'bob', roles: ['KMS_USER'] }
    const tenant = { tenant: 'acme' }
    expect((await ask(bob, [{ ciphertext: values.tenant, context: tenant }])).values).toEqual([
      { plaintext: base64('tenant') },
    ])
    expect((await ask(bob, [{ ciphertext: values.tenant, context: { tenant: 'other' } }])).errors).toEqual([
      ['FORBIDDEN', '_entities.0.plaintext'],
    ])
    const lists = [{ ciphertext: values.plain }, { ciphertext: values.elsewhere }, { ciphertext: 'AAAA' }]
    expect((await ask(reader, lists)).errors).toEqual(
      [0, 1, 2].map((place) => ['FORBIDDEN', `_entities.${place}.plaintext`]),
    )
    for (const role of roles) {
      const { errors } = await ask({ name: 'rob', roles: [role] }, [{ ciphertext: values.plain }])
      const refusal = [['FORBIDDEN', '_entities.0.plaintext']]
      expect(errors, role).toEqual(abilitiesByRole[role].includes('decrypt') ? [] : refusal)
    }
    expect((await ask(reader, lists)).values).toEqual(Array(3).fill({ plaintext: null }))
    // One record of the refusal of all of them, which says that it was a query.
    expect((await recorded()).at(-1)).toMatchObject({
      ...{
        action: 'DECRYPT',
        outcome: 'DENIED',
        errorCode: 'FORBIDDEN',
        actor: { id: 'user:vic' },
        keyId: null,
      },
      details: { inGraph: true, operationName: 'CustomerPage' },
    })
  })

  it('follows the state of its version', async () => {
    const created = await story
      .as(olga)
      .mutate('createUserKey', { name: 'stopped', decryptableInGraph: true }, 'userKey { id }')
    const key = created['userKey'].id
    const ciphertext = await encrypt(olga, { key, plaintext: base64('x') })
    await story.as(olga).mutate('deactivateKeyVersion', { version: { key, number: 1 } })
    expect((await ask(olga, [{ ciphertext }])).errors).toEqual([
      ['INVALID_KEY_STATE', '_entities.0.plaintext'],
    ])
  })

  it('is text only where its bytes are UTF-8', async () => {
    const bytes = [0xff, 0xfe, 0x00]
    const ciphertext = await encrypt(olga, {
      key: ids.on,
      plaintext: Buffer.from(bytes).toString('base64'),
    })
    const marked = await encrypt(olga, { key: ids.on, plaintext: base64('\uFEFFÄ 注文 🔑') })
    const { values: got, errors } = await ask(
      olga,
      [{ ciphertext }, { ciphertext: marked }],
      pageOf('text plaintext'),
    )
    expect(got).toEqual([
      { text: null, plaintext: '//4A' },
      { text: '\uFEFFÄ 注文 🔑', plaintext: base64('\uFEFFÄ 注文 🔑') },
    ])
    expect(errors).toEqual([['INPUT_VALIDATION', '_entities.0.text']])
  })

  it('may be among references to keys, in whatever order', async () => {
    const document = `query($list: [_Any!]!) { _entities(representations: $list) {
      ... on EncryptedValue { plaintext } ... on UserKey { name } } }`
    const key = { __typename: 'UserKey', id: ids.on }
    const value = { __typename: 'EncryptedValue', ciphertext: values.plain }
    const unknown = { __typename: 'UserKey', id: 'ukey_01jnqk4gd2f3wrkf9vd0kr4e2a' }
    const list = [value, unknown, key, value, { ...key, __typename: 'ServiceKey' }]
    expect((await story.as(olga).ask<{ _entities: unknown }>(document, { list }))._entities).toEqual([
      { plaintext: base64('plain') },
      null,
      { name: 'on' },
      { plaintext: base64('plain') },
      null,
    ])
  })

  it('is a reference of this form, and another one is refused with its place', async () => {
    for (const [reference, problem] of [
      [{}, '1.ciphertext must be a string'],
      [{ ciphertext: null }, '1.ciphertext must be a string'],
      [{ ciphertext: ['AAAA'] }, '1.ciphertext must be a string'],
      [{ ciphertext: 'AAAA', context: 'x' }, '1.context must be an object'],
      [{ ciphertext: 'AAAA', context: [{ name: 'a', value: 'b' }] }, '1.context must be an object'],
    ] as const) {
      const { answer, errors } = await ask(olga, [
        { ciphertext: values.plain },
        reference as unknown as Reference,
      ])
      expect(errors).toEqual([['INPUT_VALIDATION', '_entities']])
      expect(answer.errors[0]?.message).toBe(`The input is not valid: representations.${problem}.`)
    }
    // What the gateway says besides is not believed.
    const fake = { ciphertext: values.plain, plaintext: base64('forged'), text: 'forged', id: ids.on }
    expect((await ask(olga, [fake])).values).toEqual([{ plaintext: base64('plain') }])
    // Names that objects have by themselves are names like others.
    const odd = JSON.parse(`{ "ciphertext": "${values.plain}", "context": { "__proto__": "x" } }`)
    expect((await ask(olga, [odd])).errors).toEqual([['INVALID_CIPHERTEXT', '_entities.0.plaintext']])
    const echo = await ask(olga, [odd], pageOf('context'))
    expect(JSON.stringify(echo.values)).toBe('[{"context":{"__proto__":"x"}}]')
  })

  it('is never an INTERNAL error, and no error shows a value of it', async () => {
    const marker = 'a-value-that-is-looked-for'
    const odd: readonly unknown[] = [
      ...[marker, `${marker}\u0000`, '\ud83d', 'x'.repeat(300_000), '=', 'AAAA=', `${marker}====`],
      ...[7, -0, 1e300, true, null, [], [marker], {}, { toString: marker }, { length: 1 }],
    ]
    const references = odd.flatMap((value) => [
      { ciphertext: value },
      { ciphertext: values.plain, context: value },
      { ciphertext: values.plain, context: { name: value } },
      { ciphertext: values.plain, context: { [JSON.stringify(value)]: 'x' } },
    ])
    for (const reference of references) {
      const { answer } = await ask(
        olga,
        [reference],
        pageOf('ciphertext context plaintext text failure { code }'),
      )
      const { code } = answer.errors[0]?.extensions ?? {}
      expect(['INPUT_VALIDATION', 'BAD_USER_INPUT', 'INVALID_CIPHERTEXT', undefined]).toContain(code)
      expect(answer.errors.map(({ message }) => message).join()).not.toContain(marker)
    }
  })

  it('has a context that is one, or is refused: aliases cannot repeat long values', async () => {
    const many = Object.fromEntries(Array.from({ length: 17 }, (_, n) => [`n${n}`, 'x']))
    const list = [many, { name: 'x'.repeat(1000) }, { 'no name': 'x' }].map((long) => ({
      ...{ ciphertext: values.plain, context: long },
    }))
    const { values: got, errors } = await ask(olga, list, pageOf('context plaintext'))
    expect(got).toEqual(Array(3).fill({ context: null, plaintext: null }))
    expect(errors.map(([code]) => code)).toEqual(Array(6).fill('INPUT_VALIDATION'))
    const text = Array.from({ length: 61 }, (_, n) => `t${n}: text`).join(' ')
    const { answer } = await ask(olga, [{ ciphertext: values.plain }], pageOf(text))
    expect([answer.status, answer.errors[0]?.extensions.code]).toEqual([400, 'BAD_REQUEST'])
  })

  it('is one of at most 500 different ones in an answer, and the same a thousand times is one', async () => {
    const contexts = (length: number) =>
      Array.from({ length }, (_, n) => ({ ciphertext: values.plain, context: { n: String(n) } }))
    const same = await ask(olga, Array(1000).fill({ ciphertext: values.email, context }))
    expect(same.values).toEqual(Array(1000).fill(one))
    expect(await recorded()).toHaveLength(1)
    const many = await ask(olga, contexts(501))
    expect(many.values).toEqual(Array(501).fill({ plaintext: null }))
    expect(new Set(many.errors.map(([code]) => code))).toEqual(new Set(['INPUT_VALIDATION']))
    // Refused as a whole: one record, and nothing was decrypted.
    expect(await recorded()).toHaveLength(2)
    const tooMany = await ask(olga, contexts(1001))
    expect(tooMany).toMatchObject({ values: undefined, errors: [['INPUT_VALIDATION', null]] })
    expect(await recorded()).toHaveLength(2)
  })

  it('counts towards the bytes of a batch', async () => {
    const item = await encrypt(olga, { key: ids.on, plaintext: Buffer.alloc(60_000).toString('base64') })
    const list = Array.from({ length: 20 }, (_, n) => ({ ciphertext: item, context: { n: String(n) } }))
    const { answer, errors } = await ask(olga, list)
    expect(new Set(errors.map(([code]) => code))).toEqual(new Set(['INPUT_VALIDATION']))
    expect(answer.errors[0]?.message).toMatch(/items must have at most \d+ bytes in total, got \d+/)
  })

  it('costs a unit for each reference, as an item of decryptBatch does', async () => {
    const greta: Person = { name: 'greta', roles: ['KMS_USER'] }
    const references = Array(1000).fill({ ciphertext: values.plain })
    const statuses: number[] = []
    while (statuses.length < 8 && statuses.at(-1) !== 429)
      statuses.push((await ask(greta, references)).answer.status)
    // 5,000 units, and those that come back meanwhile.
    expect(statuses.length).toBeGreaterThan(5)
    expect(statuses.at(-1)).toBe(429)
    expect((await ask(olga, [{ ciphertext: values.plain }])).errors).toEqual([])
  })

  it('is out of reach for everything but a POST', async () => {
    const list = [{ __typename: 'EncryptedValue', ciphertext: values.plain }]
    const url = new URL(`${story.app.url}/graphql`)
    url.searchParams.set('query', page)
    url.searchParams.set('variables', JSON.stringify({ list }))
    const authorization = `Bearer ${await story.tokenFor(olga)}`
    for (const method of ['GET', 'HEAD', 'PUT']) {
      const response = await fetch(url, { method, headers: { authorization } })
      expect([response.status, response.headers.get('cache-control')]).toEqual([405, 'no-store'])
    }
    // As a form of another website, or as a list of requests.
    for (const [type, body] of [
      ['text/plain', JSON.stringify({ query: page, variables: { list } })],
      ['application/x-www-form-urlencoded', url.search.slice(1)],
    ] as const) {
      const headers = { authorization, 'content-type': type }
      expect((await fetch(`${story.app.url}/graphql`, { method: 'POST', headers, body })).status).toBe(415)
    }
    expect(await overWebSocket(`${story.app.url}/graphql`, authorization, page, { list })).toContain(
      'Only subscriptions are answered over WebSocket',
    )
    expect(await recorded()).toEqual([])
  })

  it('leaves nothing of the plaintext in logs and records', async () => {
    await ask(olga, [{ ciphertext: values.email, context }], pageOf('plaintext text'))
    const logged = story.logged.join('\n')
    expect(logged).toContain('CustomerPage')
    for (const secret of ['ann@example.org', base64('ann@example.org'), values.email]) {
      expect(logged).not.toContain(secret)
      expect(JSON.stringify(await trail())).not.toContain(secret)
    }
  })
})

/** What a server says to a query over WebSocket. */
async function overWebSocket(url: string, authorization: string, query: string, variables: object) {
  const socket = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws')
  const said = new Promise<string>((resolve, reject) => {
    socket.onopen = () => socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization } }))
    socket.onerror = () => reject(new Error('the connection failed'))
    socket.onclose = ({ reason }) => resolve(reason)
    socket.onmessage = ({ data }) => {
      const { type } = JSON.parse(String(data)) as { type: string }
      if (type === 'connection_ack')
        socket.send(JSON.stringify({ type: 'subscribe', id: '1', payload: { query, variables } }))
      else if (type !== 'ping') resolve(String(data))
    }
  })
  return said.finally(() => socket.close())
}

describe.skipIf(hasNoDatabase())('the setting decryptableInGraph', () => {
  let story: Story
  beforeAll(async () => {
    story = await startStory()
  })
  afterAll(() => endStory(story))

  const selection = 'userKey { id decryptableInGraph revision }'

  it('is off, is switched by whoever manages the key, and is on record', async () => {
    const created = await story.as(olga).mutate('createUserKey', { name: 'orders' }, selection)
    expect(created['userKey']).toMatchObject({ decryptableInGraph: false })
    const { id: key } = created['userKey']
    const ciphertext = (
      await story.as(olga).mutate('encrypt', { key, plaintext: base64('x') }, 'ciphertext')
    )['ciphertext']
    const list = [{ __typename: 'EncryptedValue', ciphertext }]
    const code = async () => (await story.as(olga).send(page, { list })).errors[0]?.extensions.code ?? 'NONE'
    expect(await code()).toBe('NOT_DECRYPTABLE_IN_GRAPH')
    const user: Person = { name: 'una', roles: ['KMS_USER'] }
    expect(await story.as(user).mutate('updateUserKey', { key, decryptableInGraph: true })).toMatchObject({
      __typename: 'ForbiddenError',
    })
    expect(await code()).toBe('NOT_DECRYPTABLE_IN_GRAPH')
    const on = await story.as(olga).mutate('updateUserKey', { key, decryptableInGraph: true }, selection)
    expect(on['userKey']).toEqual({ id: key, decryptableInGraph: true, revision: 2 })
    expect(await code()).toBe('NONE')
    // Another change leaves it as it is.
    const other = await story.as(olga).mutate('updateUserKey', { key, description: 'x' }, selection)
    expect(other['userKey']).toMatchObject({ decryptableInGraph: true })
    await story.as(olga).mutate('updateUserKey', { key, decryptableInGraph: false })
    expect(await code()).toBe('NOT_DECRYPTABLE_IN_GRAPH')
    const events =
      '{ auditEvents(first: 20, filter: { action: [UPDATE_USER_KEY] }) { nodes { outcome details } } }'
    expect(await story.as(ada).ask(events)).toEqual({
      auditEvents: {
        nodes: [
          { outcome: 'SUCCEEDED', details: { decryptableInGraph: false } },
          { outcome: 'SUCCEEDED', details: {} },
          { outcome: 'SUCCEEDED', details: { decryptableInGraph: true } },
          { outcome: 'DENIED', details: {} },
        ],
      },
    })
  })

  it('is for symmetric keys that encrypt', async () => {
    const issues = '... on InputValidationError { issues { path message } }'
    const problem = {
      issues: [
        {
          path: ['decryptableInGraph'],
          message: 'must be false unless the key is symmetric and for ENCRYPT_DECRYPT',
        },
      ],
    }
    for (const [name, algorithm] of [
      ['rsa', 'RSA_2048'],
      ['mac', 'HMAC_SHA256'],
    ]) {
      const input = { name, algorithm, usage: name === 'mac' ? 'GENERATE_VERIFY_MAC' : 'ENCRYPT_DECRYPT' }
      const refused = await story
        .as(olga)
        .mutate('createUserKey', { ...input, decryptableInGraph: true }, '', issues)
      expect(refused).toMatchObject(problem)
      const { userKey } = await story
        .as(olga)
        .mutate('createUserKey', { ...input, preActivation: true, decryptableInGraph: false }, selection)
      const change = { key: userKey.id, decryptableInGraph: true }
      expect(await story.as(olga).mutate('updateUserKey', change, '', issues)).toMatchObject(problem)
    }
  })
})

describe.skipIf(hasNoDatabase())('a server with trusted documents only', () => {
  it('decrypts for those documents and no other', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'keystead-')), 'documents.json')
    const documents = [
      page,
      'mutation C($input: CreateUserKeyInput!) { createUserKey(input: $input) { __typename } }',
    ]
    const hash = (text: string) => createHash('sha256').update(text).digest('hex')
    writeFileSync(file, JSON.stringify(Object.fromEntries(documents.map((text) => [hash(text), text]))))
    const story = await startStory({ TRUSTED_DOCUMENTS: 'only', TRUSTED_DOCUMENTS_FILE: file })
    try {
      const post = async (body: object) => {
        const response = await fetch(`${story.app.url}/graphql`, {
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            authorization: `Bearer ${await story.tokenFor(olga)}`,
          },
          body: JSON.stringify(body),
        })
        // biome-ignore lint/suspicious/noExplicitAny: the answer is compared as it is
        const { data, errors } = (await response.json()) as any
        return { data, code: errors?.[0].extensions.code }
      }
      const variables = { list: [{ __typename: 'EncryptedValue', ciphertext: 'AAAA' }] }
      expect(await post({ documentId: `sha256:${hash(page)}`, variables })).toEqual({
        data: { _entities: [{ plaintext: null }] },
        code: 'INVALID_CIPHERTEXT',
      })
      const other = pageOf('text')
      expect((await post({ query: other, variables })).code).toBe('UNTRUSTED_DOCUMENT')
    } finally {
      await endStory(story)
    }
  })
})
