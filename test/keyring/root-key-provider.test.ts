import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { deriveKey } from '../../src/crypto/secrets.ts'
import { createEnvSource } from '../../src/keyring/providers/env.ts'
import { type RootKey, RootKeyError, WrappedBytesError } from '../../src/keyring/root-key-provider.ts'
import { openRootKeys } from '../../src/keyring/root-keys.ts'
import firstRelease from '../operations/first-release/expected.json' with { type: 'json' }

const rootKey = randomBytes(32).toString('base64')
const bytes = randomBytes(48)
const place = Buffer.from('project, key, version')

async function openEnv(setting: string): Promise<RootKey> {
  const [key] = await createEnvSource(setting).load()
  if (key === undefined) throw new Error('there is no root key')
  return key
}

describe('the root key provider of the environment', () => {
  it('opens what it wrapped, in the same place only', async () => {
    const provider = await openEnv(rootKey)
    const wrapped = await provider.wrap(bytes, place)
    expect(await provider.unwrap(wrapped, place)).toEqual(bytes)
    await expect(provider.unwrap(wrapped, Buffer.from('another'))).rejects.toThrow(WrappedBytesError)
    await expect(provider.unwrap(wrapped, Buffer.alloc(0))).rejects.toThrow(WrappedBytesError)
  })

  it('wraps the same bytes to others each time, and shows none of them', async () => {
    const provider = await openEnv(rootKey)
    const results = await Promise.all(Array.from({ length: 20 }, () => provider.wrap(bytes, place)))
    expect(new Set(results.map(({ wrapped }) => Buffer.from(wrapped).toString('hex'))).size).toBe(20)
    for (const { wrapped } of results) expect(Buffer.from(wrapped).includes(bytes.subarray(0, 8))).toBe(false)
  })

  it('opens nothing in which a bit was changed, or that was cut', async () => {
    const provider = await openEnv(rootKey)
    const { wrapped, rootKeyId } = await provider.wrap(bytes, place)
    for (let index = 0; index < wrapped.length; index++) {
      const changed = Buffer.from(wrapped)
      changed[index] = (changed[index] ?? 0) ^ 1
      await expect(provider.unwrap({ rootKeyId, wrapped: changed }, place)).rejects.toThrow(RootKeyError)
    }
    for (const length of [0, 1, 12, 28, wrapped.length - 1]) {
      const cut = { rootKeyId, wrapped: wrapped.subarray(0, length) }
      await expect(provider.unwrap(cut, place)).rejects.toThrow(RootKeyError)
    }
  })

  it('has a name that is the same for the same key, differs for another, and refuses what that one wrapped', async () => {
    const other = await openEnv(randomBytes(32).toString('base64'))
    const provider = await openEnv(rootKey)
    expect((await openEnv(rootKey)).rootKeyId).toBe(provider.rootKeyId)
    expect(other.rootKeyId).not.toBe(provider.rootKeyId)
    const foreign = await other.wrap(bytes, place)
    await expect(provider.unwrap(foreign, place)).rejects.toThrow(other.rootKeyId)
    // Also under a false name.
    await expect(provider.unwrap({ ...foreign, rootKeyId: provider.rootKeyId }, place)).rejects.toThrow(
      WrappedBytesError,
    )
  })

  it.each([
    null,
    '',
    'text',
    randomBytes(31).toString('base64'),
    randomBytes(33).toString('base64'),
    randomBytes(32).toString('hex'),
  ])('is not made of %j', async (setting) => {
    await expect(createEnvSource(setting).load()).rejects.toThrow(/ROOT_KEY must be the base64 of 32 bytes/)
  })
})

describe('the name of a root key', () => {
  it('is derived with a label of its own, so that the key is the key of nothing else', async () => {
    const secret = Buffer.from(firstRelease.rootKey, 'base64')
    const name = deriveKey(secret, 'keystead root key id v1', 8).toString('hex')
    expect((await openEnv(firstRelease.rootKey)).rootKeyId).toBe(`local-${name}`)
    expect(name).toBe('5d3314589005e842')
  })

  it('is the one that the first release gave, where something is stored under that', async () => {
    const former = 'local-053f790172216a0a'
    const source = createEnvSource(firstRelease.rootKey, rootKey)
    const [named, other] = (await source.load()).map(({ rootKeyId }) => rootKeyId)
    const provider = await openRootKeys(source)
    expect(provider.rootKeyIds).toEqual([named, other])
    await provider.use(former)
    expect(provider.current.rootKeyId).toBe(former)
    expect(provider.rootKeyIds).toEqual([former, other])
    await provider.reload()
    expect(provider.rootKeyIds).toEqual([former, other])
    const wrapped = await provider.current.wrap(bytes, place)
    expect(wrapped.rootKeyId).toBe(former)
    expect(await (await provider.find(former)).unwrap(wrapped, place)).toEqual(bytes)
    const [first] = await source.load()
    await expect(first?.unwrap(wrapped, place)).rejects.toThrow(WrappedBytesError)
  })
})
