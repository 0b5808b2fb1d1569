import { parseId } from '../../src/ids.ts'
import { runCommand } from '../support/command-process.ts'
import {
  type Client,
  copyStory,
  environmentFor,
  type Person,
  type Story,
  startStory,
} from '../support/story.ts'
import { type HiddenLife, hiddenDifferences, unguessed, unguessedAlias } from './hidden-differences.ts'
import { documentOf, inputOn } from './key-mutations.ts'
import { wholeSelectionOf } from './whole-selection.ts'

export const olga: Person = { name: 'olga', roles: ['PROJECT_MEMBER'] }
const max: Person = { name: 'max', roles: ['PROJECT_MEMBER'] }
const stranger: Person = { name: 'ada', roles: ['PROJECT_ADMIN'], project: 'elsewhere' }
const secrets: Person = { name: 'Secrets Manager', kind: 'SERVICE_AGENT' }

/** Always the database is asked: what a server has in memory would depend on how fast the test runs. */
const settings = { CACHE_LIFETIME_MS: '0' }

/** A server, and what stands in its database for the names that random documents have. */
export interface TwinServer {
  readonly story: Story
  readonly values: Map<string, string>
  /** What no answer to an outsider may contain. */
  readonly secrets: Set<string>
  /** Everything about its hidden keys, by name, as their owner sees it with the role of a manager. */
  readonly hidden: Map<string, Record<string, unknown>>
}

/** Starts two servers with the same project, whose hidden keys alone differ. */
export async function startTwins(): Promise<[TwinServer, TwinServer]> {
  const values = new Map<string, string>()
  const story = await startStory(settings)
  await fillVisible(story, values)
  const copy = await copyStory(story, settings)
  const twins = [story, copy].map(
    (each): TwinServer => ({
      story: each,
      values: new Map(values),
      secrets: new Set(),
      hidden: new Map(),
    }),
  ) as [TwinServer, TwinServer]
  const advance = (duration: Parameters<Story['clock']['advance']>[0]) => {
    for (const twin of twins) twin.story.clock.advance(duration)
  }
  for (const [name, { left, right }] of Object.entries(hiddenDifferences)) {
    advance({ minutes: 1 })
    await Promise.all(
      [left, right].map((life, index) => createHidden(twins[index] as TwinServer, name, life)),
    )
  }
  for (const [name, { left, right }] of Object.entries(hiddenDifferences)) {
    advance({ hours: 1 })
    const token = await story.tokenFor(olga)
    for (const twin of twins) twin.values.set('mover.token', token)
    await Promise.all([left, right].map((life, index) => live(twins[index] as TwinServer, name, life)))
  }
  advance({ days: 2 })
  for (const [index, twin] of twins.entries()) {
    await twin.story.sql(...countersOf(index === 0 ? 'left' : 'right'))
    await twin.story.app.housekeeping.runOnce()
    await noteHidden(twin)
  }
  return twins
}

async function fillVisible(story: Story, values: Map<string, string>): Promise<void> {
  const visible: [string, Person, object][] = [
    ['open-aes', olga, {}],
    ['open-signing', olga, signingKey],
    ['open-mac', olga, { algorithm: 'HMAC_SHA256' }],
    ['max-own', max, {}],
    ['max-closed', max, { accessControl: { enabled: true, allowedSubjects: ['user:mia', 'group:staff'] } }],
    ['foreign', stranger, {}],
  ]
  for (const [name, person, input] of visible) {
    story.clock.advance({ minutes: 1 })
    const client = story.as(person)
    const { userKey } = await client.mutate(
      'createUserKey',
      { name, ...input },
      'userKey { id defaultVersion { id } }',
    )
    values.set(`${name}.id`, userKey.id)
    values.set(`${name}.version`, userKey.defaultVersion.id)
    const { ciphertext } = await client.mutate(
      'encrypt',
      { key: userKey.id, plaintext: 'aGk=' },
      'ciphertext',
    )
    if (ciphertext !== undefined) values.set(`${name}.ciphertext`, ciphertext)
  }
  // Of an outsider that has its role by a binding, and of one that loses another before anything is asked.
  for (const [role, expiresAt] of [
    ['KMS_MANAGER', null],
    ['PROJECT_ADMIN', new Date(story.clock.now().getTime() + 60_000).toISOString()],
  ] as const) {
    await story
      .as({ name: 'root', roles: ['PROJECT_ADMIN'] })
      .mutate('bindRole', { subject: 'user:bea', role, expiresAt })
  }
  const { keyId, ciphertext } = await story
    .as(secrets)
    .mutate('encryptWithServiceKey', { plaintext: 'aGk=' }, 'keyId ciphertext')
  values.set('none.cursor', 'bm90aGluZw')
  values.set('service.id', keyId).set('service.ciphertext', ciphertext)
}

const signingKey = { algorithm: 'ED25519' }

async function createHidden({ story, values }: TwinServer, name: string, life: HiddenLife): Promise<void> {
  const accessControl = { enabled: true, allowedSubjects: ['user:olga'] }
  const { userKey } = await story
    .as(olga)
    .mutate(
      'createUserKey',
      { name, description: 'hidden', accessControl, ...life.created },
      'userKey { id partialId }',
    )
  values.set(`${name}.id`, userKey.id).set(`${name}.partial`, userKey.partialId)
  const seen = await story
    .as({ name: 'vic', roles: ['KMS_VIEWER'] })
    .ask<{ userKey: { id: string } }>(`{ userKey(key: "${name}") { id } }`)
  values.set(`${name}.masked`, seen.userKey.id)
}

async function live(twin: TwinServer, name: string, life: HiddenLife): Promise<void> {
  const { deeds = [], newOwner, movedFrom } = life
  const { story, values } = twin
  const keyId = values.get(`${name}.id`) ?? ''
  for (const [mutation, input] of deeds) {
    const { __typename } = await story.as(olga).mutate(mutation, inputOn(keyId, input))
    if (!__typename.endsWith('Payload')) throw new Error(`${mutation} of ${name}: ${__typename}`)
  }
  if (movedFrom !== undefined) {
    const input = { key: keyId, plaintext: 'aGVsbG8=', context: movedFrom }
    const { ciphertext } = await story.as(olga).mutate('encrypt', input, 'ciphertext')
    await moveToVisible(twin, { ciphertext, sourceContext: movedFrom })
  }
  if (newOwner === undefined) return
  const environment = await environmentFor(story.database)
  const arguments_ = ['key', 'transfer-owner', '--project', 'shop', '--key', keyId, '--to', newOwner]
  const { code, said } = await runCommand(environment, ...arguments_)
  if (code !== 0) throw new Error(said)
}

/** Statements for the counters of encryptions, of which nobody makes so many in a test. */
function countersOf(side: 'left' | 'right'): string[] {
  return Object.entries(hiddenDifferences).flatMap(
    ([
      name,
      {
        [side]: { encryptions },
      },
    ]) =>
      encryptions === undefined
        ? []
        : [
            `INSERT INTO key_version_usage (key_id, version_number, encryptions)
            SELECT id, 1, ${encryptions} FROM keys WHERE name = '${name}'`,
          ],
  )
}

/** Everybody sees the record of this, but for its source: so it has one token and request ID on both servers. */
async function moveToVisible({ story, values }: TwinServer, source: object): Promise<void> {
  const input = {
    ...source,
    destinationKey: values.get('open-aes.id'),
    destinationAdditionalAuthenticatedData: '',
  }
  const response = await fetch(`${story.app.url}/graphql`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${values.get('mover.token')}`,
      'content-type': 'application/json',
      'x-request-id': 'move',
    },
    body: JSON.stringify({ query: documentOf('reEncrypt'), variables: { input } }),
  })
  const text = await response.text()
  if (!text.includes('ReEncryptPayload')) throw new Error(text)
}

/** Reads everything about the hidden keys, for what no outsider may be told. */
async function noteHidden(twin: TwinServer): Promise<void> {
  const { story, values, secrets: noted, hidden } = twin
  const manager = story.as({ ...olga, roles: ['KMS_MANAGER'] })
  noted.add(unguessed).add(unguessedAlias)
  const [template = ''] = [values.get('open-aes.ciphertext')]
  for (const name of Object.keys(hiddenDifferences)) {
    const key = await readHidden(manager, name)
    const asMember = await readHidden(story.as(olga), name)
    hidden.set(name, { ...key, viewerPermissions: asMember['viewerPermissions'] })
    const keyId = values.get(`${name}.id`) ?? ''
    const versions = (key['versions'] as { nodes: { id: string }[] }).nodes.map(({ id }) => id)
    const events = (key['auditEvents'] as { nodes: { id: string }[] }).nodes.map(({ id }) => id)
    for (const id of [keyId, ...versions, ...events]) noted.add(id.slice(5))
    for (const { pem } of [key['publicKey'] as { pem: string } | null].filter((each) => each !== null)) {
      noted.add(pem.slice(60, 100))
    }
    values.set(`${name}.version`, versions[0] ?? 'kver_01h455vb4pex5vsknk084sn02q')
    values.set(`${name}.event`, events[0] ?? '')
    values.set(`${name}.ciphertext`, underKey(template, { from: values.get('open-aes.id') ?? '', to: keyId }))
  }
}

async function readHidden(client: Client, name: string): Promise<Record<string, unknown>> {
  const { userKey } = await client.ask<{ userKey: Record<string, unknown> }>(
    `{ userKey(key: "${name}") ${wholeSelectionOf('UserKey')} }`,
  )
  return userKey
}

/** A ciphertext whose header names another key. */
function underKey(ciphertext: string, { from, to }: { from: string; to: string }): string {
  const hex = (id: string) => parseId(id)?.uuid.replaceAll('-', '') ?? ''
  const bytes = Buffer.from(ciphertext, 'base64').toString('hex')
  if (!bytes.includes(hex(from))) throw new Error('a ciphertext names its key')
  return Buffer.from(bytes.replace(hex(from), hex(to)), 'hex').toString('base64')
}
