import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { hasNoDatabase } from '../support/databases.ts'
import { base64, type Client, type Person, type Story, startStoryForTest } from '../support/story.ts'
import { readEvents } from './traced-requests.ts'

const mia: Person = { name: 'mia', roles: ['KMS_MANAGER'] }
const agent: Person = { name: 'Secrets Manager', kind: 'SERVICE_AGENT' }
const hello = base64('hello')
const peerPublicKey = base64(generateKeyPairSync('x25519').publicKey.export({ type: 'spki', format: 'der' }))

/** Lets no event be written from now until an hour has passed on the story's clock; or only those that match. */
async function breakTrail(story: Story, condition = 'true'): Promise<void> {
  const until = new Date(story.clock.now().getTime() + 3_600_000).toISOString()
  await story.sql(
    `CREATE OR REPLACE FUNCTION refuse_event() RETURNS trigger AS $$ BEGIN
       IF NEW.occurred_at < '${until}' AND ${condition} THEN RAISE EXCEPTION 'no space left'; END IF;
       RETURN NEW;
     END $$ LANGUAGE plpgsql`,
    'CREATE OR REPLACE TRIGGER refuse_event BEFORE INSERT ON audit_events FOR EACH ROW EXECUTE FUNCTION refuse_event()',
  )
}

async function createKey(client: Client, name: string, input: object = {}): Promise<string> {
  return (await client.mutate('createUserKey', { name, ...input }, 'userKey { id }'))['userKey'].id
}

const code = async (client: Client, name: string, input: object): Promise<string | null> => {
  const pascal = `${name.charAt(0).toUpperCase()}${name.slice(1)}`
  const { data, errors } = await client.send(
    `mutation($input: ${pascal}Input!) { result: ${name}(input: $input) { ... on UserError { code } } }`,
    { input },
  )
  return errors[0]?.extensions.code ?? data.result.code ?? null
}

const state = `userKeys { nodes { name description revision status updatedAt defaultVersion { number versionStatus }
  versions { totalCount } accessControlEnabled automaticRotation { enabled } } } serviceKeys { totalCount }`

describe.skipIf(hasNoDatabase())('while the audit trail cannot be written', () => {
  it('nothing is answered and nothing is done, and the server recovers by itself', async () => {
    const story = await startStoryForTest()
    const manager = story.as(mia)
    const keyId = await createKey(manager, 'orders')
    const signing = await createKey(manager, 'signing', { algorithm: 'ED25519' })
    const pending = await createKey(manager, 'pending', { preActivation: true })
    const [mac, kem, agreeing] = [
      await createKey(manager, 'mac', { algorithm: 'HMAC_SHA256' }),
      await createKey(manager, 'kem', { algorithm: 'ML_KEM_768' }),
      await createKey(manager, 'agreeing', { algorithm: 'X25519' }),
    ]
    const { ciphertext } = await manager.mutate('encrypt', { key: keyId, plaintext: hello }, 'ciphertext')
    await breakTrail(story)
    const before = await manager.ask(`{ ${state} }`)
    const recordedBefore = (await readEvents(story)).length
    const item = { key: keyId, plaintext: hello }
    const requests: [Client, string, object][] = [
      [manager, 'encrypt', item],
      [manager, 'encryptBatch', { items: [item, item] }],
      [manager, 'decrypt', { ciphertext }],
      [manager, 'decrypt', { ciphertext: hello }],
      [manager, 'reEncrypt', { ciphertext }],
      [manager, 'generateDataKey', { key: keyId }],
      [manager, 'sign', { key: signing, message: hello }],
      [manager, 'verify', { version: { key: signing, number: 1 }, message: hello, signature: '' }],
      [manager, 'generateMac', { key: mac, message: hello }],
      [manager, 'generateMacBatch', { items: [{ key: mac, message: hello }] }],
      [manager, 'verifyMac', { version: { key: mac, number: 1 }, message: hello, mac: '' }],
      [manager, 'encapsulate', { key: kem }],
      [
        manager,
        'decapsulate',
        { version: { key: kem, number: 1 }, ciphertext: base64(new Uint8Array(1088)) },
      ],
      [
        manager,
        'deriveSharedSecret',
        { version: { key: agreeing, number: 1 }, peerPublicKey, context: hello },
      ],
      [manager, 'generateDataKeyPair', { key: keyId, algorithm: 'ED25519' }],
      [manager, 'generateRandom', {}],
      [manager, 'createUserKey', { name: 'other' }],
      [manager, 'activateUserKey', { key: pending }],
      [manager, 'updateUserKey', { key: keyId, name: 'renamed' }],
      [manager, 'rotateUserKey', { key: keyId }],
      [manager, 'configureAutomaticRotation', { key: keyId, enabled: true }],
      [manager, 'enableAccessControl', { key: keyId, subjects: [] }],
      [manager, 'deactivateKeyVersion', { version: { key: keyId, number: 1 } }],
      [manager, 'deleteUserKey', { key: pending, confirmName: 'pending' }],
      [manager, 'rotateUserKey', { key: pending }],
      [story.as(agent), 'encryptWithServiceKey', { plaintext: hello }],
      [story.as(agent), 'generateServiceDataKey', {}],
      // Also a refusal is a thing that must be on record.
      [story.as({ name: 'rita', roles: ['PROJECT_READER'] }), 'encrypt', item],
    ]
    for (const [client, name, input] of requests) {
      expect([name, await code(client, name, input)]).toEqual([name, 'UNAVAILABLE'])
    }
    // Looking is not on record, and goes on working.
    expect(await manager.ask(`{ ${state} }`)).toEqual(before)
    expect(story.logged.join('\n')).not.toContain('no space left')
    story.clock.advance({ hours: 1 })
    expect(await manager.mutate('decrypt', { ciphertext }, 'plaintext')).toMatchObject({ plaintext: hello })
    expect(await manager.mutate('rotateUserKey', { key: keyId }, 'version { number }')).toMatchObject({
      version: { number: 2 },
    })
    expect((await readEvents(story)).slice(recordedBefore).map(({ action }) => action)).toEqual([
      'DECRYPT',
      'ROTATE_KEY',
    ])
  })

  it('the server is not ready, says which part is not, and warns of it once', async () => {
    const story = await startStoryForTest()
    const ask = async () => {
      const response = await fetch(`${story.app.url}/readyz`)
      return { status: response.status, body: await response.json() }
    }
    const recorded = (await readEvents(story)).length
    expect(await ask()).toEqual({ status: 200, body: { status: 'ready' } })
    await breakTrail(story)
    const notReady = { status: 503, body: { status: 'not ready', parts: ['auditTrail'] } }
    expect(await ask()).toMatchObject(notReady)
    // Nor does an operation that fails make it ready.
    expect(await code(story.as(mia), 'generateRandom', {})).toBe('UNAVAILABLE')
    expect(await ask()).toMatchObject(notReady)
    const warnings = story.logged.map((line) => JSON.parse(line)).filter(({ part }) => part === 'auditTrail')
    expect(warnings).toMatchObject([
      {
        level: 40,
        code: 'P0001',
        occurrences: 1,
        msg: expect.stringContaining('Audit records cannot be written'),
      },
    ])
    story.clock.advance({ hours: 1 })
    expect(await ask()).toEqual({ status: 200, body: { status: 'ready' } })
    // What was tried is in no trail.
    expect(await readEvents(story)).toHaveLength(recorded)
  })

  it('a key that is due stays as it is, and is rotated when the trail can be written again', async () => {
    const story = await startStoryForTest()
    const manager = story.as(mia)
    const keyId = await createKey(manager, 'orders', { automaticRotation: { enabled: true, cycleDays: 1 } })
    const { ciphertext } = await manager.mutate('encrypt', { key: keyId, plaintext: hello }, 'ciphertext')
    story.clock.advance({ hours: 12 })
    await breakTrail(story, `NEW.action = 'ROTATE_KEY'`)
    expect(await story.app.housekeeping.runOnce()).toMatchObject({ rotatedKeys: 0, failedKeys: 1 })
    const query = '{ userKeys { nodes { revision lastRotatedAt versions { nodes { number } } } } }'
    const unchanged = { revision: 1, lastRotatedAt: null, versions: { nodes: [{ number: 1 }] } }
    expect(await manager.ask(query)).toEqual({ userKeys: { nodes: [unchanged] } })
    // In memory too: the key that the failed rotation left behind still encrypts under version 1.
    expect(await manager.mutate('encrypt', { key: keyId, plaintext: hello }, 'versionNumber')).toMatchObject({
      versionNumber: 1,
    })
    expect(await manager.mutate('decrypt', { ciphertext }, 'plaintext')).toMatchObject({ plaintext: hello })
    story.clock.advance({ hours: 1 })
    expect(await story.app.housekeeping.runOnce()).toMatchObject({ rotatedKeys: 1, failedKeys: 0 })
    expect(await manager.mutate('encrypt', { key: keyId, plaintext: hello }, 'versionNumber')).toMatchObject({
      versionNumber: 2,
    })
  })

  it('a change whose own event fails is undone, and its failure tells of no revision that never was', async () => {
    const story = await startStoryForTest()
    const manager = story.as(mia)
    const keyId = await createKey(manager, 'orders')
    await breakTrail(story, `NEW.outcome = 'SUCCEEDED'`)
    for (const [name, input] of [
      ['rotateUserKey', { key: keyId }],
      ['createUserKey', { name: 'other' }],
    ] as const) {
      expect(await code(manager, name, input)).toMatch(/^(UNAVAILABLE|INTERNAL)$/)
    }
    expect(await manager.ask('{ userKeys { nodes { id revision } } }')).toEqual({
      userKeys: { nodes: [{ id: keyId, revision: 1 }] },
    })
    const failures = (await readEvents(story)).slice(1)
    expect(failures).toMatchObject([
      {
        action: 'ROTATE_KEY',
        outcome: 'FAILED',
        key_id: expect.any(String),
        key_revision: null,
        version_number: null,
      },
      { action: 'CREATE_USER_KEY', outcome: 'FAILED', key_id: null, key_revision: null },
    ])
  })
})
