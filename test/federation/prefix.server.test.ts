import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasNoDatabase } from '../support/databases.ts'
import { base64, endStory, type Person, readAnswer, type Story, startStory } from '../support/story.ts'

const olga: Person = { name: 'olga', roles: ['PROJECT_ADMIN'] }
const nora: Person = { name: 'nora' }

/** The same document as a server without a prefix has it, and as a gateway asks one with a prefix. */
const ownDocument = '{ viewer { __typename subject { __typename id } } }'
const document = '{ kmsViewer { __typename subject { __typename id } } }'

/** A file of trusted documents. */
function manifestOf(...texts: readonly string[]): string {
  const entries = texts.map((text) => [createHash('sha256').update(text).digest('hex'), text])
  const path = join(mkdtempSync(join(tmpdir(), 'keystead-')), 'documents.json')
  writeFileSync(path, JSON.stringify(Object.fromEntries(entries)))
  return path
}

async function post(story: Story, path: string, person: Person | null, body: object, accept?: string) {
  const token = person === null ? null : await story.tokenFor(person)
  return fetch(`${story.app.url}${path}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: accept ?? 'application/graphql-response+json',
      ...(token !== null && { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
  })
}

describe.skipIf(hasNoDatabase())('a server with a prefix', () => {
  let story: Story
  let keyId: string
  beforeAll(async () => {
    story = await startStory({ SUBGRAPH_PREFIX: 'Kms', RATE_LIMIT_UNITS: '1000' })
    const { userKey } = await story.as(olga).mutate('createUserKey', { name: 'orders' }, 'userKey { id }')
    keyId = userKey.id
  })
  afterAll(() => endStory(story))

  async function ask(query: string, variables: object = {}, person: Person | null = olga) {
    const { status, data, errors } = await readAnswer(
      await post(story, '/subgraph', person, { query, variables }),
    )
    return { status, data, codes: errors.map(({ extensions }) => extensions.code) }
  }

  it('answers with prefixed names at /subgraph, again and again', async () => {
    for (const _round of [1, 2]) {
      expect(await ask(document)).toEqual({
        status: 200,
        data: {
          kmsViewer: { __typename: 'KmsViewer', subject: { __typename: 'KmsSubject', id: 'user:olga' } },
        },
        codes: [],
      })
    }
    expect((await ask(ownDocument)).status).toBe(400)
  })

  it('answers with its own names at /graphql', async () => {
    expect(await story.as(olga).ask(ownDocument)).toEqual({
      viewer: { __typename: 'Viewer', subject: { __typename: 'Subject', id: 'user:olga' } },
    })
    expect((await story.as(olga).send(document)).status).toBe(400)
  })

  it('resolves references, whose types are entities, and prefixed types inside', async () => {
    const entities = `query($list: [_Any!]!) { _entities(representations: $list) { __typename
      ... on UserKey { name owner { __typename } versions { __typename nodes { __typename } pageInfo { __typename } } }
      ... on KmsKey { id } ... on KmsNode { node: id } } }`
    const list = [
      { __typename: 'UserKey', id: keyId },
      { __typename: 'KmsUserKey', id: keyId },
    ]
    expect(await ask(entities, { list })).toMatchObject({
      codes: [],
      data: {
        _entities: [
          {
            __typename: 'UserKey',
            name: 'orders',
            owner: { __typename: 'KmsSubject' },
            versions: {
              __typename: 'KmsKeyVersionConnection',
              nodes: [{ __typename: 'KeyVersion' }],
              pageInfo: { __typename: 'KmsPageInfo' },
            },
            id: keyId,
            node: keyId,
          },
          null,
        ],
      },
    })
  })

  it('finds nodes of every kind', async () => {
    const events = '{ kmsAuditEvents(first: 1) { nodes { __typename id } } }'
    const [event] = (await ask(events)).data.kmsAuditEvents.nodes
    expect(event.__typename).toBe('KmsAuditEvent')
    const nodes = 'query($ids: [ID!]!) { kmsNodes(ids: $ids) { __typename id } }'
    expect((await ask(nodes, { ids: [keyId, event.id] })).data.kmsNodes).toEqual([
      { __typename: 'UserKey', id: keyId },
      event,
    ])
  })

  it('changes and uses keys, and answers with prefixed errors', async () => {
    const create = `mutation($input: KmsCreateUserKeyInput!) { kmsCreateUserKey(input: $input) {
      __typename ... on KmsUserError { code } ... on KmsNameTakenError { name } } }`
    expect((await ask(create, { input: { name: 'orders' } })).data).toEqual({
      kmsCreateUserKey: { __typename: 'KmsNameTakenError', code: 'NAME_TAKEN', name: 'orders' },
    })
    const encrypt = `mutation($input: KmsEncryptInput!) { kmsEncrypt(input: $input) { ... on KmsEncryptPayload { ciphertext } } }`
    const { ciphertext } = (await ask(encrypt, { input: { key: keyId, plaintext: base64('hello') } })).data
      .kmsEncrypt
    const decrypt = `mutation($input: DecryptInput!) { decrypt(input: $input) { ... on DecryptPayload { plaintext } } }`
    expect(await story.as(olga).ask(decrypt, { input: { ciphertext } })).toEqual({
      decrypt: { plaintext: base64('hello') },
    })
  })

  it('discloses the plaintext of a data key only where it is selected, which is on record', async () => {
    const generate = (fields: string) => `mutation($input: KmsGenerateDataKeyInput!) {
      kmsGenerateDataKey(input: $input) { ... on KmsGenerateDataKeyPayload { ${fields} } } }`
    for (const fields of ['ciphertext', 'plaintext']) {
      const { data } = await ask(generate(fields), { input: { key: keyId } })
      expect(data.kmsGenerateDataKey[fields]).toEqual(expect.any(String))
      const [event] = (await ask('{ kmsAuditEvents(first: 1) { nodes { action details } } }')).data
        .kmsAuditEvents.nodes
      expect(JSON.stringify(event.details)).toContain(`"plaintextDisclosed":${fields === 'plaintext'}`)
    }
  })

  it('guards it like the other path', async () => {
    expect(await ask('{ kmsUserKeys { totalCount } }', {}, nora)).toMatchObject({ codes: ['FORBIDDEN'] })
    expect((await post(story, '/subgraph', null, { query: document })).status).toBe(401)
    expect((await fetch(`${story.app.url}/subgraph`)).status).toBe(405)
    expect((await post(story, '/subgraph/', olga, { query: document })).status).toBe(404)
  })

  it('counts both paths in one rate limit', async () => {
    const greedy: Person = { name: 'greta', roles: ['PROJECT_ADMIN'] }
    const ids = Array(100).fill(keyId)
    const nodes = 'query($ids: [ID!]!) { kmsNodes(ids: $ids) { id } }'
    for (let n = 0; n < 10; n += 1) expect((await ask(nodes, { ids }, greedy)).codes).toEqual([])
    const { errors } = await story.as(greedy).send(nodes.replace('kmsNodes', 'nodes'), { ids })
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['RATE_LIMITED'])
  })

  it('streams changes under prefixed names', async () => {
    const query = 'subscription($id: KeyRef!) { kmsKeyEvents(key: $id) { __typename } }'
    const response = await post(
      story,
      '/subgraph',
      olga,
      { query, variables: { id: keyId } },
      'text/event-stream',
    )
    expect(response.headers.get('content-type')).toContain('text/event-stream')
    let text = ''
    for await (const chunk of response.body ?? []) {
      text += Buffer.from(chunk).toString()
      if (text.includes('__typename')) break
    }
    expect(text).toContain('{"kmsKeyEvents":{"__typename":"KmsKeyEvent"}}')
  })

  it('describes itself as `npm run subgraph:sdl -- --prefix` prints it', async () => {
    const script = join(import.meta.dirname, '../../scripts/print-subgraph.ts')
    const run = promisify(execFile)
    const { stdout } = await run(process.execPath, [script, '--prefix', 'Kms'])
    expect((await ask('{ _service { sdl } }')).data._service.sdl).toBe(stdout)
    await expect(run(process.execPath, [script, '--prefix', 'kms'])).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('--prefix must be a capital letter'),
    })
  })
})

describe.skipIf(hasNoDatabase())('trusted documents', () => {
  it('are those of both paths, each answered where its names are', async () => {
    const file = manifestOf(document, ownDocument)
    const settings = { TRUSTED_DOCUMENTS: 'only', TRUSTED_DOCUMENTS_FILE: file }
    const story = await startStory({ ...settings, SUBGRAPH_PREFIX: 'Kms' })
    try {
      const idOf = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`
      const status = async (path: string, body: object) => (await post(story, path, olga, body)).status
      for (const _round of [1, 2]) {
        expect(await status('/subgraph', { documentId: idOf(document) })).toBe(200)
        expect(await status('/graphql', { documentId: idOf(ownDocument) })).toBe(200)
        expect(await status('/graphql', { documentId: idOf(document) })).toBe(400)
        expect(await status('/subgraph', { documentId: idOf(ownDocument) })).toBe(400)
        expect(await status('/subgraph', { query: '{ kmsViewer { projectId } }' })).toBe(400)
      }
    } finally {
      await endStory(story)
    }
    await expect(startStory(settings)).rejects.toThrow('does not fit this server')
  })
})

describe.skipIf(hasNoDatabase())('a server without a prefix', () => {
  it('has no second path', async () => {
    const story = await startStory()
    try {
      expect((await post(story, '/subgraph', olga, { query: document })).status).toBe(404)
    } finally {
      await endStory(story)
    }
  })
})
