import { randomBytes } from 'node:crypto'
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import { createPkcs11Source, type Pkcs11Settings } from '../../src/keyring/providers/pkcs11.ts'
import { createHsmConnection } from '../../src/keyring/providers/pkcs11-connection.ts'
import { findHsmKey } from '../../src/keyring/providers/pkcs11-key.ts'
import { openLibrary } from '../../src/keyring/providers/pkcs11-library.ts'
import { ck } from '../../src/keyring/providers/pkcs11-module.ts'
import { type RootKey, RootKeyError, WrappedBytesError } from '../../src/keyring/root-key-provider.ts'
import { createSoftHsm, hasNoSoftHsm } from '../support/soft-hsm.ts'

const bytes = randomBytes(48)
const place = Buffer.from('project, key, version')
/** CKA_VALUE: the key itself. */
const value = 0x11

describe.skipIf(await hasNoSoftHsm())('a root key in an HSM', () => {
  const hsm = createSoftHsm()
  hsm.addToken('other')
  afterAll(() => hsm.dispose())

  function sourceOf(label: string, settings: Partial<Pkcs11Settings> = {}) {
    const { library, token, pin } = hsm
    return createPkcs11Source({ library, token, pin, pinFile: null, keyLabels: [label], ...settings })
  }

  async function openKey(label: string, settings: Partial<Pkcs11Settings> = {}): Promise<RootKey> {
    const [key] = await sourceOf(label, settings).load()
    if (key === undefined) throw new Error('there is no root key')
    return key
  }

  async function newKey(label: string): Promise<RootKey> {
    await sourceOf(label).create()
    return openKey(label)
  }

  /** The HSM as any program with the PIN meets it. */
  function connect() {
    return createHsmConnection({ ...hsm, readPin: async () => hsm.pin })
  }

  it('is made in the HSM and cannot be taken out of it', async () => {
    const rootKeyId = await sourceOf('made').create()
    expect(rootKeyId).toMatch(/^pkcs11:made:[0-9a-f]{16}$/)
    expect((await openKey('made')).rootKeyId).toBe(rootKeyId)
    await connect().run(async (session) => {
      const { handle } = findHsmKey(session, 'made')
      const read = (type: number) =>
        session.module.C_GetAttributeValue(session.session, handle, [{ type }])[0]?.value[0]
      expect([ck.sensitive, ck.private, ck.token].map(read)).toEqual([1, 1, 1])
      expect([ck.extractable, ck.modifiable, ck.wrap, ck.derive].map(read)).toEqual([0, 0, 0, 0])
      expect(() => read(value)).toThrow('CKR_ATTRIBUTE_SENSITIVE')
    })
    await expect(sourceOf('made').create()).rejects.toThrow('has a secret key with the label made already')
  })

  it('opens what it wrapped, in the same place only, and wraps to other bytes each time', async () => {
    const key = await newKey('wraps')
    const wrapped = await key.wrap(bytes, place)
    expect(await key.unwrap(wrapped, place)).toEqual(bytes)
    expect(await (await openKey('wraps')).unwrap(wrapped, place)).toEqual(bytes)
    await expect(key.unwrap(wrapped, Buffer.from('another'))).rejects.toThrow(WrappedBytesError)
    await expect(key.unwrap(wrapped, Buffer.alloc(0))).rejects.toThrow(WrappedBytesError)
    expect(await key.wrap(bytes, place)).not.toEqual(wrapped)
  })

  it('opens nothing in which a bit was changed, or that was cut, and can be used all the same', async () => {
    const key = await newKey('bits')
    const { rootKeyId, wrapped } = await key.wrap(bytes, place)
    for (let index = 0; index < wrapped.length; index++) {
      const changed = Buffer.from(wrapped)
      changed[index] = (changed[index] ?? 0) ^ 1
      await expect(key.unwrap({ rootKeyId, wrapped: changed }, place)).rejects.toThrow(WrappedBytesError)
    }
    for (const length of [0, 1, 12, 27, 28, wrapped.length - 1]) {
      const cut = { rootKeyId, wrapped: wrapped.subarray(0, length) }
      await expect(key.unwrap(cut, place)).rejects.toThrow(WrappedBytesError)
    }
    await key.checkHealth()
  })

  it('refuses what another key of the HSM wrapped, also under a false name', async () => {
    const [key, other] = [await newKey('one'), await newKey('two')]
    const foreign = await other.wrap(bytes, place)
    await expect(key.unwrap(foreign, place)).rejects.toThrow(other.rootKeyId)
    const renamed = { ...foreign, rootKeyId: key.rootKeyId }
    await expect(key.unwrap(renamed, place)).rejects.toThrow(WrappedBytesError)
  })

  it('serves many at the same time', async () => {
    const key = await newKey('busy')
    const texts = Array.from({ length: 300 }, (_, index) => Buffer.from(`secret ${index}`))
    const opened = await Promise.all(
      texts.map(async (text) => key.unwrap(await key.wrap(text, place), place)),
    )
    expect(opened).toEqual(texts)
  })

  it.each([
    ['is not there', [], 'has no secret key with the label'],
    ['is there twice', [{}, {}], 'several secret keys with the label'],
    ['can be taken out', [{ extractable: true }], 'can be taken out of it'],
    ['is not sensitive', [{ sensitive: false }], 'can be taken out of it'],
    ['is shorter', [{ bytes: 16 }], 'is not an AES-256 key'],
  ])('that %s is refused', async (what, keys, refusal) => {
    const label = `bad: ${what}`
    await connect().run(async ({ module, session }) => {
      for (const { extractable = false, sensitive = true, bytes: length = 32 } of keys as {
        extractable?: boolean
        sensitive?: boolean
        bytes?: number
      }[]) {
        module.C_GenerateKey(session, { mechanism: ck.aesKeyGen }, [
          { type: ck.token, value: true },
          { type: ck.label, value: label },
          { type: ck.valueLength, value: length },
          { type: ck.extractable, value: extractable },
          { type: ck.sensitive, value: sensitive },
        ])
      }
    })
    await expect(sourceOf(label).load()).rejects.toThrow(refusal)
  })

  it('is not reached with a wrong PIN, which is told to nobody and tried once', async () => {
    const source = sourceOf('any', { token: 'other', pin: '000111' })
    const refusal = await source.load().catch((error: Error) => error)
    expect(refusal).toBeInstanceOf(RootKeyError)
    expect(String(refusal)).toContain('CKR_PIN_INCORRECT')
    expect(String(refusal)).not.toContain('000111')
    const tryAgain = () => source.load().catch((error: Error) => error.message)
    await expect.poll(tryAgain, { timeout: 20_000 }).toContain('it is not tried again')
  })

  it.each([
    ['no such token', { token: 'nowhere' }, 'has no token with the label nowhere'],
    [
      'no such library',
      { library: '/nowhere/lib.so' },
      'the PKCS #11 library /nowhere/lib.so cannot be loaded',
    ],
  ])('with %s is refused with what is wrong', async (_what, settings, refusal) => {
    await expect(sourceOf('any', settings).load()).rejects.toThrow(refusal)
  })

  it('is reached with the PIN of a file that only its owner can read', async () => {
    await newKey('pin-file')
    const folder = mkdtempSync(join(tmpdir(), 'keystead-pin-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const pinFile = join(folder, 'pin')
    writeFileSync(pinFile, `${hsm.pin}\n`, { mode: 0o600 })
    await (await openKey('pin-file', { pin: null, pinFile })).checkHealth()
    // Another mode of one's own file is corrected.
    chmodSync(pinFile, 0o644)
    await (await openKey('pin-file', { pin: null, pinFile })).checkHealth()
    expect(statSync(pinFile).mode & 0o777).toBe(0o600)
    await expect(openKey('pin-file', { pin: null, pinFile: `${pinFile}.gone` })).rejects.toThrow('ENOENT')
  })

  it('is found again by itself when all sessions were lost, without an error', async () => {
    const key = await newKey('sessions')
    const wrapped = await key.wrap(bytes, place)
    for (let round = 0; round < 3; round++) {
      const library = await openLibrary(hsm.library)
      await library.restart(library.starts)
      const opened = await Promise.all(Array.from({ length: 10 }, () => key.unwrap(wrapped, place)))
      for (const each of opened) expect(each).toEqual(bytes)
    }
  })

  it('fails while the token is gone, says so to the health check, and works once it is back', async () => {
    const key = await newKey('token')
    const wrapped = await key.wrap(bytes, place)
    hsm.pullOut()
    for (let round = 0; round < 3; round++) {
      await expect(key.checkHealth()).rejects.toThrow(/the HSM cannot be used: it answers CKR_/)
      const refusal = await key.unwrap(wrapped, place).catch((error: Error) => error)
      expect(refusal).toBeInstanceOf(RootKeyError)
      // It is the HSM, not the bytes.
      expect(refusal).not.toBeInstanceOf(WrappedBytesError)
      await wait(600)
    }
    hsm.putBack()
    await expect.poll(() => key.checkHealth(), { timeout: 20_000 }).toBeUndefined()
    expect(await key.unwrap(wrapped, place)).toEqual(bytes)
  })
})
