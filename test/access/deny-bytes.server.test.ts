import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { formatId, newUuid } from '../../src/ids.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { base64, type Client, endStory, type Person, type Story, startStory } from '../support/story.ts'
import { documentOf, keyMutations } from './key-mutations.ts'
import { queryAbout, wholeSelectionOf } from './whole-selection.ts'

const olga: Person = { name: 'olga', roles: ['KMS_MANAGER'] }
const admin: Person = { name: 'ada', roles: ['PROJECT_ADMIN'] }
const stranger: Person = { ...admin, project: 'elsewhere' }
const agent: Person = { name: 'Backup', kind: 'SERVICE_AGENT', roles: ['PROJECT_ADMIN'] }

/** Queries that take an ID, and those that take it in a filter. */
const queries: Readonly<Record<string, string>> = {
  destroyImpact: `destroyImpact(version: { id: $id }) ${wholeSelectionOf('DestroyImpact')}`,
  explainAccess: `explainAccess(key: $key, subject: "user:olga", operation: SIGN) ${wholeSelectionOf('AccessExplanation')}`,
  explainMyAccess: `explainMyAccess(key: $key, operation: SIGN) ${wholeSelectionOf('AccessExplanation')}`,
  auditEvents: `auditEvents(filter: { key: $key }) { totalCount pageInfo { hasNextPage endCursor } nodes { id } }`,
  node: `node(id: $id) { id ... on AuditEvent ${wholeSelectionOf('AuditEvent')} }`,
  nodes: 'nodes(ids: [$id, $id]) { __typename id }',
}

describe.skipIf(hasNoDatabase())('an ID that is out of reach', () => {
  let story: Story
  // By what each is to ada's project: hidden in it, or in another one.
  const ids = { key: '', version: '', event: '', serviceKey: '', parameters: '' }

  beforeAll(async () => {
    story = await startStory()
    const client = story.as(olga)
    const accessControl = { enabled: true }
    const created = await client.mutate(
      'createUserKey',
      { name: 'orders', accessControl },
      'userKey { id defaultVersion { id } }',
    )
    ids.key = created['userKey'].id
    ids.version = created['userKey'].defaultVersion.id
    await client.mutate('encrypt', { key: ids.key, plaintext: base64('x') })
    const { auditEvents } = await client.ask<{ auditEvents: { nodes: { id: string }[] } }>(
      `{ auditEvents(filter: { key: "${ids.key}" }) { nodes { id } } }`,
    )
    ids.event = auditEvents.nodes[0]?.id ?? ''
    const external = await client.mutate(
      'createUserKey',
      { name: 'external', accessControl, origin: 'EXTERNAL' },
      'userKey { id }',
    )
    const parameters = await client.mutate(
      'getImportParameters',
      { key: external['userKey'].id },
      'importParameters { id }',
    )
    ids.parameters = parameters['importParameters'].id
    const service = story.as({ name: 'Secrets Manager', kind: 'SERVICE_AGENT' })
    ids.serviceKey = (await service.mutate('encryptWithServiceKey', { plaintext: '' }, 'keyId'))['keyId']
  })
  afterAll(() => endStory(story))

  async function observe(client: Client, document: string, variables: object) {
    story.takeStatements()
    const { status, text } = await client.send(document, variables)
    return { status, text, statements: story.takeStatements() }
  }

  const unknown = {
    key: formatId('userKey', newUuid()),
    version: formatId('keyVersion', newUuid()),
    event: formatId('auditEvent', newUuid()),
    serviceKey: formatId('serviceKey', newUuid()),
    parameters: formatId('importParameters', newUuid()),
  }

  it.each(Object.entries(queries))(
    'answers %s as one that never was, to whoever asks',
    async (_name, query) => {
      const document = queryAbout(query)
      for (const [person, kinds] of [
        [stranger, ['key', 'version', 'event', 'serviceKey', 'parameters']],
        [admin, ['version', 'event', 'parameters']],
        [agent, ['key', 'version', 'event', 'parameters']],
      ] as const) {
        const client = story.as(person)
        for (const kind of kinds) {
          const theirs = await observe(client, document, { id: ids[kind], key: ids[kind] })
          const none = await observe(client, document, { id: unknown[kind], key: unknown[kind] })
          expect(theirs, `${person.name} ${kind}`).toEqual(none)
          expect(theirs.text).not.toContain('"errors"')
        }
      }
    },
  )

  it('of a redacted key is, for impact, access and history, as one that never was', async () => {
    const client = story.as(admin)
    for (const name of ['destroyImpact', 'explainAccess', 'auditEvents']) {
      const document = queryAbout(queries[name] ?? '')
      const hidden = await observe(client, document, { id: ids.key, key: ids.key })
      const none = await observe(client, document, { id: unknown.key, key: unknown.key })
      expect({ ...hidden, statements: [] }, name).toEqual({ ...none, statements: [] })
    }
  })

  it.each(keyMutations)('of another kind is no key: $name', async ({ name, input }) => {
    for (const person of [olga, stranger, agent]) {
      const client = story.as(person)
      const answers = new Set<string>()
      const given = [unknown.key, ids.version, ids.event, ids.parameters, 'nonsense', '']
      // A service key is none that anybody could name here, not even in its own project.
      for (const keyId of [...given, ids.serviceKey, ...(person === olga ? [] : [ids.key])]) {
        const target = { keyId, ciphertext: base64('none') }
        answers.add((await client.send(documentOf(name), { input: input(target) })).text)
      }
      expect([...answers], person.name).toHaveLength(1)
      expect([...answers][0]).toMatch(/"(KEY_NOT_FOUND|INVALID_CIPHERTEXT)"/)
    }
  })

  it('of import parameters is of no use for another key, in the words for unknown ones', async () => {
    const client = story.as(admin)
    const { userKey } = await client.mutate(
      'createUserKey',
      { name: 'mine', origin: 'EXTERNAL' },
      'userKey { id }',
    )
    const answers = await Promise.all(
      [ids.parameters, unknown.parameters, ids.key, unknown.version, 'nonsense'].map((importParametersId) =>
        client.send(
          'mutation($input: ImportKeyVersionInput!) { importKeyVersion(input: $input) { __typename ... on UserError { code message } ... on InvalidImportParametersError { importParametersFault } } }',
          {
            input: {
              key: userKey.id,
              importParametersId,
              wrappedMaterial: base64(new Uint8Array(600)),
            },
          },
        ),
      ),
    )
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1)
    expect(answers[0]?.text).toContain('"UNKNOWN"')
  })
})
