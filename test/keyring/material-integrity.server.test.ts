import { describe, expect, it } from 'vitest'
import { parseId } from '../../src/ids.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { base64, type Client, type Person, type Story, startStoryForTest } from '../support/story.ts'

const mia: Person = { name: 'mia', roles: ['KMS_MANAGER'] }
const plaintext = base64('hello')

/** A key with two versions, and something that each of them encrypted. */
async function makeKey(client: Client, name: string) {
  const created = await client.mutate('createUserKey', { name }, 'userKey { id }')
  const id: string = created['userKey'].id
  const encrypt = async () =>
    (await client.mutate('encrypt', { key: id, plaintext }, 'ciphertext'))['ciphertext'] as string
  const older = await encrypt()
  await client.mutate('rotateUserKey', { key: id })
  return { id, older, newer: await encrypt() }
}

async function versionIdsOf(client: Client, id: string): Promise<string[]> {
  const { userKey } = await client.ask<{ userKey: { versions: { nodes: { id: string }[] } } }>(
    'query($id: KeyRef!) { userKey(key: $id) { versions { nodes { id } } } }',
    { id },
  )
  return userKey.versions.nodes.map((version) => version.id)
}

async function codeOfDecrypting(client: Client, ciphertext: string): Promise<unknown> {
  const { data, errors } = await client.send(
    'mutation($input: DecryptInput!) { decrypt(input: $input) { ... on UserError { code } ... on DecryptPayload { plaintext } } }',
    { input: { ciphertext } },
  )
  return errors[0]?.extensions.code ?? data.decrypt.code ?? data.decrypt.plaintext
}

/** UUIDs and such in the alerts since a place in the log. */
const alertsSince = (story: Story, place: number): string =>
  story.logged
    .slice(place)
    .filter((line) => line.includes('"alert":"INTEGRITY"'))
    .join('\n')

const materialOf = (key: string, number: number) =>
  `(SELECT v.id FROM key_versions v JOIN keys k ON k.id = v.key_id WHERE k.name = '${key}' AND v.number = ${number})`

describe.skipIf(hasNoDatabase())('wrapped material', () => {
  it.each([
    [
      'of the version before',
      `SELECT wrapped FROM key_material WHERE version_id = ${materialOf('orders', 1)}`,
    ],
    ['of another key', `SELECT wrapped FROM key_material WHERE version_id = ${materialOf('other', 2)}`],
    [
      'with one bit flipped',
      `SELECT set_bit(wrapped, 80, 1 - get_bit(wrapped, 80)) FROM key_material WHERE version_id = ${materialOf('orders', 2)}`,
    ],
    ['that was emptied', `SELECT ''::bytea`],
  ])('%s in the place of a version does not open there, and raises the alarm', async (_what, source) => {
    const story = await startStoryForTest()
    const client = story.as(mia)
    const orders = await makeKey(client, 'orders')
    const other = await makeKey(client, 'other')
    const [newest = ''] = await versionIdsOf(client, orders.id)
    await story.sql(
      `UPDATE key_material SET wrapped = (${source}) WHERE version_id = ${materialOf('orders', 2)}`,
    )
    const place = story.logged.length
    expect(await codeOfDecrypting(client, orders.newer)).toBe('INTERNAL')
    const answer = await client.send(
      'mutation($input: EncryptInput!) { encrypt(input: $input) { __typename } }',
      { input: { key: orders.id, plaintext } },
    )
    expect(answer.errors[0]?.extensions.code).toBe('INTERNAL')
    expect(alertsSince(story, place)).toContain(parseId(newest)?.uuid)
    expect(await codeOfDecrypting(client, orders.older)).toBe(plaintext)
    expect(await codeOfDecrypting(client, other.newer)).toBe(plaintext)
  })

  it.each([
    ['removed', `DELETE FROM key_material WHERE version_id = ${materialOf('orders', 2)}`],
    [
      'said to be of another root key',
      `UPDATE key_material SET root_key_id = 'local-0000000000000000' WHERE version_id = ${materialOf('orders', 2)}`,
    ],
  ])('that was %s leaves its version without use, and raises the alarm', async (_what, edit) => {
    const story = await startStoryForTest()
    const client = story.as(mia)
    const orders = await makeKey(client, 'orders')
    await story.sql(edit)
    const place = story.logged.length
    expect(await codeOfDecrypting(client, orders.newer)).toBe('INTERNAL')
    expect(alertsSince(story, place)).toContain('key material')
    expect(await codeOfDecrypting(client, orders.older)).toBe(plaintext)
  })

  it('of a destroyed version that was put back from a copy stays without use', async () => {
    const story = await startStoryForTest()
    const client = story.as(mia)
    const { id: keyId, older } = await makeKey(client, 'orders')
    await story.sql('CREATE TABLE kept AS SELECT * FROM key_material')
    await client.mutate('deactivateKeyVersion', { version: { key: keyId, number: 1 } })
    story.clock.advance({ minutes: 1 })
    await client.mutate('destroyKeyVersion', { version: { key: keyId, number: 1 }, waitingPeriodDays: 0 })
    await story.sql('INSERT INTO key_material SELECT * FROM kept ON CONFLICT DO NOTHING')
    expect(await codeOfDecrypting(client, older)).toBe('INVALID_KEY_STATE')
  })
})

describe.skipIf(hasNoDatabase())('an older version', () => {
  it.each([
    [
      'edited',
      `UPDATE key_versions SET status = 'ACTIVE', deactivated_at = NULL WHERE id = ${materialOf('orders', 1)}`,
    ],
    ['removed', `DELETE FROM key_versions WHERE id = ${materialOf('orders', 1)}`],
  ])(
    'whose row was %s does not open anything, stops all changes of its key, and raises the alarm',
    async (_what, edit) => {
      const story = await startStoryForTest()
      const client = story.as(mia)
      const orders = await makeKey(client, 'orders')
      await client.mutate('deactivateKeyVersion', { version: { key: orders.id, number: 1 } })
      const [, oldest = ''] = await versionIdsOf(client, orders.id)
      await story.sql(edit)
      const place = story.logged.length
      expect(await codeOfDecrypting(client, orders.older)).toBe('INTERNAL')
      expect(alertsSince(story, place)).toMatch(
        new RegExp(`${parseId(oldest)?.uuid}|${parseId(orders.id)?.uuid}`),
      )
      const changing = story.logged.length
      const answer = await client.send(
        'mutation($input: RotateUserKeyInput!) { rotateUserKey(input: $input) { __typename } }',
        { input: { key: orders.id } },
      )
      expect(answer.errors[0]?.extensions.code).toBe('INTERNAL')
      expect(alertsSince(story, changing)).not.toBe('')
      expect(await versionIdsOf(client, orders.id)).toHaveLength(1)
      const shown = await client.ask('query($id: ID!) { node(id: $id) { id } }', { id: oldest })
      expect(shown).toEqual({ node: null })
      // What the newest version protects is not touched by it.
      expect(await codeOfDecrypting(client, orders.newer)).toBe(plaintext)
    },
  )
})
