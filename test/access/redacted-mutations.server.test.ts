import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { formatId, newUuid } from '../../src/ids.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { base64, type Client, endStory, type Person, type Story, startStory } from '../support/story.ts'
import { documentOf, inputOn, keyMutations, outcomeOf, type Target } from './key-mutations.ts'

const owner: Person = { name: 'olga', roles: ['PROJECT_MEMBER'] }
const admin: Person = { name: 'ada', roles: ['PROJECT_ADMIN'] }

/** What the owner does to bring a fresh, active key into a state. */
const states: Readonly<Record<string, readonly [string, object][]>> = {
  ACTIVE: [],
  DEACTIVATED: [['deactivateKeyVersion', { versionNumber: 1 }]],
  'with a deactivated default version': [
    ['rotateUserKey', {}],
    ['deactivateKeyVersion', { versionNumber: 2 }],
  ],
  'with a version that is going to be destroyed': [
    ['deactivateKeyVersion', { versionNumber: 1 }],
    ['destroyKeyVersion', { versionNumber: 1, waitingPeriodDays: 30 }],
  ],
  'with all versions destroyed': [
    ['deactivateKeyVersion', { versionNumber: 1 }],
    ['destroyKeyVersion', { versionNumber: 1, waitingPeriodDays: 0 }],
  ],
}

describe.skipIf(hasNoDatabase())('of a redacted key', () => {
  let story: Story
  let olga: Client
  let ada: Client
  const targets = new Map<string, Target & { maskedId: string }>()

  async function createRedacted(name: string, input: object = {}): Promise<Target & { maskedId: string }> {
    const accessControl = { enabled: true, allowedSubjects: ['user:bob'] }
    const created = await olga.mutate('createUserKey', { name, accessControl, ...input }, 'userKey { id }')
    const keyId = created['userKey'].id
    const encrypted = await olga.mutate('encrypt', { key: keyId, plaintext: base64('hello') }, 'ciphertext')
    const seen = await ada.ask<{ userKey: { id: string } }>(`{ userKey(key: "${name}") { id } }`)
    return { keyId, maskedId: seen.userKey.id, ciphertext: encrypted['ciphertext'] ?? base64('none') }
  }

  beforeAll(async () => {
    story = await startStory()
    olga = story.as(owner)
    ada = story.as(admin)
    for (const [index, [state, commands]] of Object.entries(states).entries()) {
      const target = await createRedacted(`key-${index}`)
      for (const [command, input] of commands) {
        const result = await olga.mutate(command, inputOn(target.keyId, input))
        expect(result.__typename).toMatch(/Payload$/)
      }
      targets.set(state, target)
    }
    targets.set('PRE_ACTIVATION', await createRedacted('key-fresh', { preActivation: true }))
    targets.set('of another usage', await createRedacted('key-other', { algorithm: 'ED25519' }))
    // A destruction without a waiting period comes once no server can still use the version.
    story.clock.advance({ minutes: 5 })
  })
  afterAll(() => endStory(story))

  const cases = [...Object.keys(states), 'PRE_ACTIVATION', 'of another usage']

  it.each(cases)(
    'that is %s, every mutation answers ForbiddenError in the same words, before its input',
    async (state) => {
      const target = targets.get(state)
      if (target === undefined) throw new Error('no such key')
      for (const { name, input, invalidInput } of keyMutations) {
        const texts = new Set<string>()
        for (const keyId of [target.keyId, target.maskedId]) {
          for (const each of [input, invalidInput ?? input]) {
            const given = each({ ...target, keyId })
            expect(await outcomeOf(ada, name, given), `${name} ${JSON.stringify(given).slice(0, 200)}`).toBe(
              'ForbiddenError',
            )
            texts.add((await ada.send(documentOf(name), { input: given })).text)
          }
        }
        expect(texts.size, name).toBe(1)
      }
    },
  )

  it('the audience has no say: the owner gets the answers of the state', async () => {
    const target = targets.get('DEACTIVATED')
    if (target === undefined) throw new Error('no such key')
    const outcomes = await Promise.all(
      keyMutations
        .filter(({ group }) => group === 'OPERATION')
        .map(({ name, input }) => outcomeOf(olga, name, input(target))),
    )
    expect(new Set(outcomes)).toEqual(new Set(['InvalidKeyStateError', 'InvalidKeyUsageError']))
  })

  it('no ciphertext opens, whether its key is named or not', async () => {
    const { keyId, maskedId, ciphertext } = targets.get('ACTIVE') ?? {
      keyId: '',
      maskedId: '',
      ciphertext: '',
    }
    const own = await ada.mutate('createUserKey', { name: 'adas' }, 'userKey { id }')
    const additionalAuthenticatedData = base64('other')
    for (const input of [
      { ciphertext },
      { ciphertext, additionalAuthenticatedData },
      { ciphertext, version: { key: keyId, number: 1 } },
      { ciphertext, version: { key: maskedId, number: 1 } },
      { ciphertext, key: keyId },
      { ciphertext, key: maskedId },
    ]) {
      expect(await outcomeOf(ada, 'decrypt', input)).toBe('ForbiddenError')
      expect(await outcomeOf(ada, 'decryptBatch', { items: [input] })).toBe('ForbiddenError')
    }
    for (const input of [{ ciphertext }, { ciphertext, destinationKey: own['userKey'].id }]) {
      expect(await outcomeOf(ada, 'reEncrypt', input)).toBe('ForbiddenError')
      expect(await outcomeOf(ada, 'reEncryptBatch', { items: [input] })).toBe('ForbiddenError')
    }
  })

  it('the stand-in ID is no handle for who sees the key whole, and looks like an unknown ID', async () => {
    const target = targets.get('ACTIVE')
    if (target === undefined) throw new Error('no such key')
    const unknown = formatId('redactedKey', newUuid())
    for (const { name, input } of keyMutations) {
      const [masked, absent] = await Promise.all(
        [target.maskedId, unknown].map((keyId) =>
          olga.send(documentOf(name), { input: input({ ...target, keyId }) }),
        ),
      )
      expect(masked?.text, name).toBe(absent?.text)
      const outcome = await outcomeOf(olga, name, input({ ...target, keyId: target.maskedId }))
      // A decryption that fails has one answer, whatever the cause.
      expect(outcome, name).toBe(/^decrypt/.test(name) ? 'InvalidCiphertextError' : 'KeyNotFoundError')
    }
  })

  it('one item of a batch is refused, and the others are answered', async () => {
    const { keyId } = targets.get('ACTIVE') ?? { keyId: '' }
    const { userKey } = await ada.mutate('createUserKey', { name: 'mixed' }, 'userKey { id }')
    const plaintext = base64('hello')
    const result = await ada.mutate(
      'encryptBatch',
      {
        items: [
          { reference: 'a', key: keyId, plaintext },
          { reference: 'b', key: userKey.id, plaintext },
          { reference: 'c', key: formatId('userKey', newUuid()), plaintext },
        ],
      },
      'results { reference result { __typename } }',
    )
    expect(result['results']).toEqual([
      { reference: 'a', result: { __typename: 'ForbiddenError' } },
      { reference: 'b', result: { __typename: 'EncryptPayload' } },
      { reference: 'c', result: { __typename: 'KeyNotFoundError' } },
    ])
  })

  it('nothing has changed after all of this', async () => {
    const { userKeys } = await olga.ask<{ userKeys: { nodes: { name: string; revision: number }[] } }>(
      '{ userKeys(filter: { namePrefix: "key-" }, orderBy: { field: NAME, direction: ASC }) { nodes { name revision } } }',
    )
    const revisions = Object.values(states).map((commands, index) => ({
      name: `key-${index}`,
      revision: 1 + commands.length,
    }))
    expect(userKeys.nodes).toEqual([
      ...revisions,
      { name: 'key-fresh', revision: 1 },
      { name: 'key-other', revision: 1 },
    ])
  })
})
