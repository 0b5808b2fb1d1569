import type { KeyObject } from 'node:crypto'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it, onTestFinished } from 'vitest'
import { readConfig } from '../../src/config.ts'
import { parseId } from '../../src/ids.ts'
import type { CachedKey, KeyCache } from '../../src/keyring/key-cache.ts'
import { type OpenedParts, openParts } from '../../src/open-parts.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { environmentFor, type Person, type Story, startStoryForTest } from '../support/story.ts'

const mia: Person = { name: 'mia', roles: ['KMS_MANAGER'] }

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** The parts of another process on a story's database, whose server is stopped. */
async function openPartsOf(story: Story): Promise<OpenedParts['parts']> {
  await story.stop()
  const config = readConfig(await environmentFor(story.database, { CACHE_LIFETIME_MS: '200' }))
  const { parts, close } = await openParts(config, {
    prepare: false,
    alert: (error) => {
      throw error
    },
  })
  onTestFinished(close)
  return parts
}

async function secretOf(key: CachedKey): Promise<KeyObject> {
  const version = await key.version(1)
  if (version === null) throw new Error('the key has no version 1')
  return key.secretKey(version)
}

/** Loads the secret of a key's first version, and keeps nothing but a reference that does not hold it. */
async function loadSecret(cache: KeyCache, uuid: string): Promise<WeakRef<object>> {
  return new WeakRef(await secretOf((await cache.get('shop', uuid)) as CachedKey))
}

describe.skipIf(hasNoDatabase())('key material in memory', () => {
  it.each([
    ['that nobody uses any more is gone from the cache after its lifetime', async () => {}],
    [
      'of a key that was changed or destroyed is gone from the cache at once',
      async (cache: KeyCache, uuid: string) => cache.invalidate('shop', uuid),
    ],
  ])('%s, and from the process with the next garbage collection', async (_what, forget) => {
    const story = await startStoryForTest()
    const { userKey } = await story.as(mia).mutate('createUserKey', { name: 'orders' }, 'userKey { id }')
    const uuid = parseId(userKey.id)?.uuid ?? ''
    const { keys: cache } = await openPartsOf(story)
    const secret = await loadSecret(cache, uuid)
    expect(cache.size).toBe(1)
    await forget(cache, uuid)
    await expect.poll(() => cache.size).toBe(0)
    // Not the object itself: a failed look would hold it.
    await expect
      .poll(
        () => {
          collectGarbage()
          return secret.deref() === undefined
        },
        { timeout: 10_000 },
      )
      .toBe(true)
  })

  it('that was read with its key and was wrapped anew before its first use is read again', async () => {
    const story = await startStoryForTest()
    const { userKey } = await story.as(mia).mutate('createUserKey', { name: 'orders' }, 'userKey { id }')
    const { keys: cache, store } = await openPartsOf(story)
    const [stored] = await store.db.keyMaterial.findMany()
    if (stored === undefined) throw new Error('the key has no material')
    const replace = (wrapped: Uint8Array<ArrayBuffer>) =>
      store.db.keyMaterial.updateMany({ data: { wrapped } })

    await replace(stored.wrapped.map((byte, index) => (index === 10 ? byte ^ 1 : byte)))
    const key = (await cache.get('shop', parseId(userKey.id)?.uuid ?? '')) as CachedKey
    await replace(stored.wrapped)
    expect(await secretOf(key)).toMatchObject({ type: 'secret' })
  })
})
