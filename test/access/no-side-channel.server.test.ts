import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { formatId, newUuid } from '../../src/ids.ts'
import { hasNoDatabase } from '../support/databases.ts'
import {
  base64,
  type Client,
  endStory,
  type Person,
  type Story,
  startStory,
  startStoryForTest,
} from '../support/story.ts'
import { documentOf, keyMutations } from './key-mutations.ts'
import { queryAbout, wholeSelectionOf } from './whole-selection.ts'

const owner: Person = { name: 'olga', roles: ['PROJECT_MEMBER'] }
const admin: Person = { name: 'ada', roles: ['PROJECT_ADMIN'] }
const stranger: Person = { ...admin, project: 'elsewhere' }
const otherService: Person = { name: 'Backup', kind: 'SERVICE_AGENT', roles: ['KMS_USER'] }

const wholeNode = `{ id ... on KeyVersion ${wholeSelectionOf('KeyVersion')} }`

interface Ids {
  readonly key: string
  readonly masked: string
  readonly version: string
  readonly serviceKey: string
  readonly ciphertext: string
}

/** Queries that take an ID, each with the kind of ID that it is about. */
const queries: readonly [string, keyof Ids][] = [
  ...(['key', 'masked', 'version', 'serviceKey'] as const).flatMap((kind): [string, keyof Ids][] => [
    ['node(id: $id) { id ... on Key { name status } }', kind],
    ['nodes(ids: [$id]) { id ... on KeyVersion { number key { id } } }', kind],
    [`userKey(key: $key) ${wholeSelectionOf('UserKey')}`, kind],
    [`serviceKey(by: { key: $key }) ${wholeSelectionOf('ServiceKey')}`, kind],
  ]),
]

describe.skipIf(hasNoDatabase())('no side channel', () => {
  let story: Story
  let real: Ids
  let unknown: Ids

  beforeAll(async () => {
    story = await startStory()
    const olga = story.as(owner)
    const accessControl = { enabled: true }
    const created = await olga.mutate(
      'createUserKey',
      { name: 'orders', accessControl },
      'userKey { id defaultVersion { id } }',
    )
    const { id: key, defaultVersion } = created['userKey']
    const { ciphertext } = await olga.mutate('encrypt', { key: key, plaintext: base64('hi') }, 'ciphertext')
    const service = story.as({ name: 'Secrets Manager', kind: 'SERVICE_AGENT' })
    const { keyId } = await service.mutate('encryptWithServiceKey', { plaintext: base64('hi') }, 'keyId')
    const seen = await story.as(admin).ask<{ userKey: { id: string } }>('{ userKey(key: "orders") { id } }')
    real = { key, masked: seen.userKey.id, version: defaultVersion.id, serviceKey: keyId, ciphertext }
    // The same header as a real ciphertext has, with the ID of a key that never was.
    const bytes = Buffer.from(ciphertext, 'base64')
    Buffer.from(newUuid().replaceAll('-', ''), 'hex').copy(bytes, offsetOfKeyId(bytes, key))
    unknown = {
      key: formatId('userKey', newUuid()),
      masked: formatId('redactedKey', newUuid()),
      version: formatId('keyVersion', newUuid()),
      serviceKey: formatId('serviceKey', newUuid()),
      ciphertext: bytes.toString('base64'),
    }
  })
  afterAll(() => endStory(story))

  /** What a caller can observe of an answer, and what the database was asked. */
  async function observe(client: Client, document: string, variables: object) {
    story.takeStatements()
    const { status, text } = await client.send(document, variables)
    return { status, text, statements: story.takeStatements() }
  }

  it.each(queries)('between a key of another project and no key: %s of %s', async (query, kind) => {
    const client = story.as(stranger)
    const document = queryAbout(query)
    const [theirs, none] = [
      await observe(client, document, { id: real[kind], key: real[kind] }),
      await observe(client, document, { id: unknown[kind], key: unknown[kind] }),
    ]
    expect(theirs).toEqual(none)
    expect(theirs.text).toMatch(/^\{"data":\{"\w+":(null|\[null\])\}\}$/)
  })

  it('between a name of another project and no name', async () => {
    const client = story.as(stranger)
    const byName = 'query($name: KeyRef!) { userKey(key: $name) { id } }'
    const byService = 'query($name: String!) { serviceKey(by: { service: $name }) { id } }'
    for (const [document, name] of [
      [byName, 'orders'],
      [byService, 'Secrets Manager'],
    ] as const) {
      const theirs = await observe(client, document, { name })
      expect(theirs).toEqual(await observe(client, document, { name: 'nothing' }))
    }
  })

  it.each(keyMutations)(
    'between a key of another project and no key: $name',
    async ({ name, input, invalidInput }) => {
      const client = story.as(stranger)
      const document = documentOf(name)
      for (const kind of ['key', 'masked', 'serviceKey'] as const) {
        for (const each of [input, invalidInput ?? input]) {
          // With their ciphertext and an ID that is not its own, it is as with no ID: look at both.
          const theirs = await observe(client, document, {
            input: each({ keyId: real[kind], ciphertext: real.ciphertext }),
          })
          const none = await observe(client, document, {
            input: each({ keyId: unknown[kind], ciphertext: unknown.ciphertext }),
          })
          expect(theirs, `${name} ${kind}`).toEqual(none)
          expect(theirs.text).toMatch(/"(KEY_NOT_FOUND|INVALID_CIPHERTEXT)"/)
          expect(theirs.statements.length).toBeGreaterThan(0)
        }
      }
    },
  )

  it('between a version of a redacted key and no version', async () => {
    const ada = story.as(admin)
    // One field at a time: those of one query run side by side, and their statements in any order.
    for (const query of ['node(id: $id) { id }', `nodes(ids: [$id, $id]) ${wholeNode}`]) {
      const document = `query($id: ID!) { ${query} }`
      const hidden = await observe(ada, document, { id: real.version })
      expect(hidden).toEqual(await observe(ada, document, { id: unknown.version }))
      expect(hidden.text).toMatch(/^\{"data":\{"(node":null|nodes":\[null,null\])\}\}$/)
    }
  })

  it('between a version of a redacted key and no version, in mutations and on record', async () => {
    // What a server has in memory is left out: no caller decides that.
    const uncached = await startStoryForTest({ CACHE_LIFETIME_MS: '0' })
    const [olga, ada] = [uncached.as(owner), uncached.as(admin)]
    const created = { name: 'versions', accessControl: { enabled: true } }
    const { userKey } = await olga.mutate('createUserKey', created, 'userKey { id defaultVersion { id } }')
    const { version } = await olga.mutate('rotateUserKey', { key: userKey.id }, 'version { id }')
    const trail =
      '{ auditEvents(first: 1) { totalCount nodes { action outcome errorCode keyId versionNumber } } }'
    type Trail = { auditEvents: { totalCount: number; nodes: object[] } }
    const ofVersions = keyMutations
      .map(({ name, input }) => ({ name, given: input({ keyId: '', ciphertext: base64('none') }) }))
      .map(({ name, given }) =>
        name === 'decrypt' ? { name, given: { ...given, key: null, version: {} } } : { name, given },
      )
      .filter(({ given }) => 'version' in given)
    expect(ofVersions.length).toBeGreaterThan(8)
    for (const { name, given } of ofVersions) {
      const seen = []
      for (const id of [unknown.version, userKey.defaultVersion.id, version.id]) {
        const before = (await ada.ask<Trail>(trail)).auditEvents.totalCount
        uncached.takeStatements()
        const { text } = await ada.send(documentOf(name), { input: { ...given, version: { id } } })
        const statements = uncached.takeStatements()
        const { totalCount, nodes } = (await ada.ask<Trail>(trail)).auditEvents
        expect(text, name).toMatch(/"(KEY_VERSION_NOT_FOUND|INVALID_CIPHERTEXT)"/)
        seen.push({ text, statements, events: totalCount - before, nodes })
      }
      const [absent, older, newest] = seen
      expect(older, name).toEqual(absent)
      expect(newest, name).toEqual(absent)
      expect(absent, name).toMatchObject({ events: 1, nodes: [{ keyId: null, outcome: 'FAILED' }] })
    }
  })

  it('between ciphertext of another project, of a service, of a deleted key and garbage', async () => {
    const strangers = story.as(stranger)
    const olga = story.as(owner)
    const service = story.as({ name: 'Secrets Manager', kind: 'SERVICE_AGENT' })
    const own = await service.mutate('encryptWithServiceKey', { plaintext: base64('hi') }, 'ciphertext')
    const decrypt = documentOf('decrypt')
    const observed = await Promise.all([
      strangers.send(decrypt, { input: { ciphertext: real.ciphertext } }),
      strangers.send(decrypt, { input: { ciphertext: unknown.ciphertext } }),
      strangers.send(decrypt, { input: { ciphertext: base64('garbage') } }),
      strangers.send(decrypt, { input: { ciphertext: real.ciphertext, key: real.key } }),
      olga.send(decrypt, { input: { ciphertext: real.ciphertext.replace(/.{8}$/, 'AAAAAAA=') } }),
      olga.send(decrypt, { input: { ciphertext: own['ciphertext'] } }),
      story.as(otherService).send(decrypt, { input: { ciphertext: real.ciphertext } }),
    ])
    const texts = new Set(observed.map(({ text }) => text))
    expect([...texts]).toEqual([expect.stringContaining('"INVALID_CIPHERTEXT"')])
    const asService = await story
      .as(otherService)
      .send(documentOf('decryptWithServiceKey'), { input: { ciphertext: own['ciphertext'] } })
    expect(asService.text).toContain('"INVALID_CIPHERTEXT"')
  })

  it('to a service that is not on the list of a key, in bytes', async () => {
    const agent = story.as(otherService)
    for (const [query, kind] of queries.filter(([, each]) => each !== 'serviceKey')) {
      const answers = await Promise.all(
        [real, unknown].map((ids) => agent.send(queryAbout(query), { id: ids[kind], key: ids[kind] })),
      )
      expect(answers[0]?.text, query).toBe(answers[1]?.text)
    }
    for (const { name, input, group } of keyMutations) {
      if (group !== 'OPERATION') continue
      for (const kind of ['key', 'masked'] as const) {
        const answers = await Promise.all(
          [real, unknown].map((ids) => {
            const given = input({ keyId: ids[kind], ciphertext: ids.ciphertext })
            return agent.send(documentOf(name), { input: given })
          }),
        )
        expect(answers[0]?.text, name).toBe(answers[1]?.text)
      }
    }
  })

  it('between redacted keys in different states: the same statements and the same answer', async () => {
    const olga = story.as(owner)
    const ada = story.as(admin)
    const names = ['state-1', 'state-2', 'state-3', 'state-4', 'state-5']
    const inputs: Record<string, object> = {
      'state-1': { preActivation: true },
      'state-4': { algorithm: 'ED25519', automaticRotation: { enabled: true } },
      'state-5': { accessControl: { enabled: true, allowedSubjects: ['user:bob', 'group:payments'] } },
    }
    const observed = new Set<string>()
    for (const name of names) {
      const input = { name, accessControl: { enabled: true }, ...inputs[name] }
      const { userKey } = await olga.mutate('createUserKey', input, 'userKey { id partialId }')
      if (name === 'state-2')
        await olga.mutate('deactivateKeyVersion', { version: { key: userKey.id, number: 1 } })
      if (name === 'state-3') await olga.mutate('rotateUserKey', { key: userKey.id })
      const read = `query($id: KeyRef!) { userKey(key: $key) ${wholeSelectionOf('UserKey')} }`
      const node = 'query($id: ID!) { node(id: $id) { id ... on Key { status versions { totalCount } } } }'
      const update = documentOf('updateUserKey')
      const seen = [
        await observe(ada, read, { id: userKey.id }),
        await observe(ada, node, { id: userKey.id }),
        await observe(ada, update, { input: { key: userKey.id, description: 'x' } }),
      ]
      observed.add(
        JSON.stringify(seen)
          .replaceAll(name, 'NAME')
          .replaceAll(userKey.partialId, 'PARTIAL')
          .replaceAll(/rkey_[0-9a-z]{26}/g, 'ID'),
      )
    }
    expect(observed.size).toBe(1)
  })
})

/** Where in a ciphertext the UUID of its key stands. */
function offsetOfKeyId(bytes: Buffer, keyId: string): number {
  for (let offset = 0; offset + 16 <= bytes.length; offset++) {
    const hex = bytes.subarray(offset, offset + 16).toString('hex')
    const uuid = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
    if (formatId('userKey', uuid) === keyId) return offset
  }
  throw new Error('a ciphertext names its key')
}
