import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseId } from '../../src/ids.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { base64, type Client, endStory, type Person, type Story, startStory } from '../support/story.ts'

const mia: Person = { name: 'mia', roles: ['KMS_MANAGER'] }
const eve: Person = { name: 'eve', roles: ['PROJECT_MEMBER'] }
const plaintext = base64('hello')

/** Edits of a key's own row that somebody with the database would like to make; the key is named like the edit. */
const keyEdits = {
  'access-list': "allowed_subjects = array_append(allowed_subjects, 'user:eve')",
  'access-control': 'access_control_enabled = false, allowed_subjects = ARRAY[]::text[]',
  owner: "owner = 'user:eve'",
  creator: "created_by = 'user:eve'",
  status: "status = 'DEACTIVATED'",
  algorithm: "algorithm = 'AES_128_GCM'",
  usage: "usage = 'SIGN_VERIFY'",
  'rotation-off': 'rotation_enabled = false, rotation_due_on = NULL',
  'rotation-due': "rotation_due_on = '2026-01-01'",
  'rotation-cycle': 'rotation_cycle_days = 1000',
  'last-rotation': "last_rotated_at = '2026-02-01'",
  'version-count': 'last_version_number = 1',
  revision: 'revision = revision - 1',
  description: "description = 'edited'",
  mac: "mac = decode(repeat('00', 32), 'hex')",
  'mac-cut': "mac = ''::bytea",
} as const

/** Edits of the row of a key's newest version. */
const versionEdits = {
  flipped: "status = 'ACTIVE', destroyed_at = NULL",
  number: 'number = 7',
  'version-revision': 'key_revision = key_revision - 1',
  'version-of-another': `number = 9, key_id = (SELECT id FROM keys WHERE name = 'owner')`,
  activated: "activated_at = '2020-01-01'",
} as const

const edits = [...Object.keys(keyEdits), ...Object.keys(versionEdits), 'newest-removed']

describe.skipIf(hasNoDatabase())('a key whose rows were edited outside of the server', () => {
  let story: Story
  let manager: Client
  const keys = new Map<string, { id: string; versionId: string; ciphertext: string }>()
  beforeAll(async () => {
    story = await startStory()
    manager = story.as(mia)
    for (const name of ['intact', ...edits]) keys.set(name, await makeKey(name))
    await destroyNewest('flipped')
    await story.sql(
      ...Object.entries(keyEdits).map(([name, edit]) => `UPDATE keys SET ${edit} WHERE name = '${name}'`),
      ...Object.entries(versionEdits).map(
        ([name, edit]) => `UPDATE key_versions SET ${edit} WHERE ${newestOf(name)}`,
      ),
      `DELETE FROM key_versions WHERE ${newestOf('newest-removed')}`,
    )
  })
  afterAll(() => endStory(story))

  const newestOf = (name: string) => `number = 2 AND key_id = (SELECT id FROM keys WHERE name = '${name}')`

  /** With two versions, access control on, and automatic rotation. */
  async function makeKey(name: string) {
    const created = await manager.mutate(
      'createUserKey',
      {
        name,
        automaticRotation: { enabled: true, cycleDays: 30 },
        accessControl: { enabled: true, allowedSubjects: ['group:payments'] },
      },
      'userKey { id }',
    )
    const id: string = created['userKey'].id
    const { ciphertext } = await manager.mutate('encrypt', { key: id, plaintext }, 'ciphertext')
    const rotated = await manager.mutate('rotateUserKey', { key: id }, 'version { id }')
    return { id, versionId: rotated['version'].id as string, ciphertext: ciphertext as string }
  }

  async function destroyNewest(name: string): Promise<void> {
    const keyId = keyOf(name).id
    await manager.mutate('deactivateKeyVersion', { version: { key: keyId, number: 2 } })
    story.clock.advance({ minutes: 1 })
    await manager.mutate('destroyKeyVersion', { version: { key: keyId, number: 2 }, waitingPeriodDays: 0 })
  }

  function keyOf(name: string) {
    const key = keys.get(name)
    if (key === undefined) throw new Error(`there is no key ${name}`)
    return key
  }

  /** The code of the top-level error, or the type of the result. */
  const codeOf = async (client: Client, document: string, input: object): Promise<string> => {
    const { data, errors, text } = await client.send(document, { input })
    expect(text).not.toMatch(/verif|integrity|edited|row/i)
    return errors[0]?.extensions.code ?? (Object.values(data)[0] as { __typename: string }).__typename
  }
  const encrypting = 'mutation($input: EncryptInput!) { encrypt(input: $input) { __typename } }'
  const decrypting = 'mutation($input: DecryptInput!) { decrypt(input: $input) { __typename } }'
  const updating = 'mutation($input: UpdateUserKeyInput!) { updateUserKey(input: $input) { __typename } }'
  const rotating = 'mutation($input: RotateUserKeyInput!) { rotateUserKey(input: $input) { __typename } }'

  it.each(edits)('(%s) is nowhere to be seen, does nothing, and raises the alarm', async (name) => {
    const { id, versionId, ciphertext } = keyOf(name)
    const logged = story.logged.length
    for (const client of [manager, story.as({ ...eve, groups: ['payments'] })]) {
      const seen = await client.ask(
        `query($id: ID!, $key: KeyRef!, $versionId: ID!, $name: KeyRef!) { node(id: $id) { id } nodes(ids: [$id]) { id }
          version: node(id: $versionId) { ... on KeyVersion { key { id } } }
          byId: userKey(key: $key) { id } byName: userKey(key: $name) { id } }`,
        { id, key: id, versionId, name },
      )
      expect(seen).toEqual({
        node: null,
        nodes: [null],
        version: null,
        byId: null,
        byName: null,
      })
      const { userKeys } = await client.ask<{ userKeys: { nodes: { name: string }[] } }>(
        '{ userKeys(first: 200) { nodes { name } } }',
      )
      expect(userKeys.nodes.map((node) => node.name)).not.toContain(name)
      expect(await codeOf(client, encrypting, { key: id, plaintext })).toBe('INTERNAL')
    }
    expect(await codeOf(manager, updating, { key: id, description: 'x' })).toBe('INTERNAL')
    expect(await codeOf(manager, rotating, { key: id })).toBe('INTERNAL')
    if (name in keyEdits) expect(await codeOf(manager, decrypting, { ciphertext })).toBe('INTERNAL')
    // Whoever was not allowed gains nothing.
    expect(await codeOf(story.as(eve), encrypting, { key: id, plaintext })).toMatch(
      /^(INTERNAL|ForbiddenError)$/,
    )
    const alerts = story.logged
      .slice(logged)
      .map((line) => JSON.parse(line) as { alert?: string; level: number; msg: string })
      .filter(({ alert }) => alert === 'INTEGRITY')
    expect(alerts.every(({ level }) => level === 50)).toBe(true)
    const uuids = [id, versionId].map((each) => parseId(each)?.uuid)
    expect(alerts.map(({ msg }) => msg).join()).toMatch(new RegExp(uuids.join('|')))
  })

  it('does not keep other keys from working, in a batch neither', async () => {
    const { id, ciphertext } = keyOf('intact')
    const { userKeys } = await manager.ask<{ userKeys: { nodes: { name: string }[] } }>(
      '{ userKeys(first: 200) { nodes { name versions { nodes { number } } } } }',
    )
    expect(userKeys.nodes).toEqual([{ name: 'intact', versions: { nodes: [{ number: 2 }, { number: 1 }] } }])
    expect(await manager.mutate('decrypt', { ciphertext }, 'plaintext')).toMatchObject({ plaintext })
    expect(await manager.mutate('encrypt', { key: id, plaintext }, 'versionNumber')).toMatchObject({
      versionNumber: 2,
    })
    const items = [{ ciphertext: keyOf('owner').ciphertext }, { ciphertext }]
    const { data, errors } = await manager.send(
      'mutation($input: DecryptBatchInput!) { decryptBatch(input: $input) { ... on DecryptBatchPayload { results { result { ... on DecryptPayload { plaintext } } } } } }',
      { input: { items } },
    )
    expect(data.decryptBatch.results).toEqual([{ result: null }, { result: { plaintext } }])
    expect(errors).toMatchObject([
      { path: ['decryptBatch', 'results', 0, 'result'], extensions: { code: 'INTERNAL' } },
    ])
  })

  it('is not rotated, however it pretends to be due, while the others are', async () => {
    expect(await story.app.housekeeping.runOnce()).toEqual({ rotatedKeys: 0, sweptKeys: 0, failedKeys: 1 })
    story.clock.advance({ days: 30 })
    const report = await story.app.housekeeping.runOnce()
    expect(report).toMatchObject({ rotatedKeys: 1 })
    expect(report.failedKeys).toBeGreaterThan(10)
    expect(
      await manager.mutate('encrypt', { key: keyOf('intact').id, plaintext }, 'versionNumber'),
    ).toMatchObject({
      versionNumber: 3,
    })
    const rows = await story.sql(
      `SELECT name, last_version_number AS n FROM keys WHERE last_version_number > 2`,
    )
    expect(rows).toEqual([{ name: 'intact', n: 3 }])
  })
})
