import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { chmodSync, chownSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createFileSource } from '../../src/keyring/providers/file.ts'
import { createPkcs11Source } from '../../src/keyring/providers/pkcs11.ts'
import { readSecret } from '../../src/operator/backup-secrets.ts'
import { isProtected, readSecretFile } from '../../src/secret-file.ts'
import { openStore } from '../../src/store/open-store.ts'
import { cannotRun } from '../support/skip.ts'

type Read = (path: string, warn: (text: string) => void) => Promise<unknown>

const isRoot = process.geteuid?.() === 0
const isNotRoot = !isRoot && cannotRun('tests of files of other users', 'Only root can make them.')
const [server, somebody, group] = [65_534, 65_533, 65_532]
const rootKey = randomBytes(32).toString('base64')
const privateKey = generateKeyPairSync('x25519').privateKey.export({ type: 'pkcs8', format: 'pem' })

const callerWith = (options: Record<string, string>, warn: (text: string) => void) => ({
  options,
  environment: {},
  askSecret: null,
  print: async () => {},
  progress: async (text: string) => warn(text),
})
const settings = { databaseUrl: '', dataFolder: '', poolSize: 2, migrate: false }

/** Every way in which a file with a secret is read: its name in the errors, what may be in it, and what reads it. */
const kinds: readonly [string, string | Buffer, Read][] = [
  ['root key file', rootKey, (path, warn) => createFileSource(path, warn).load()],
  [
    'PIN file',
    '918273',
    // Without an HSM the file is not reached: what reads it is called by itself.
    (path, warn) => readSecretFile(path, { what: 'PIN file', warn }),
  ],
  [
    'passphrase file',
    'correct horse',
    (path, warn) => readSecret(callerWith({ 'passphrase-file': path }, warn)),
  ],
  ['private key file', privateKey, (path, warn) => readSecret(callerWith({ 'private-key': path }, warn))],
  [
    'private key file',
    privateKey,
    async (path, warn) => {
      const databaseUrl = `postgres://127.0.0.1:1/none?sslmode=verify-full&sslkey=${encodeURIComponent(path)}`
      // The file is looked at before anything is connected to.
      await openStore({ ...settings, databaseUrl, warn }).catch((error: Error) => {
        if (!error.message.includes('cannot be reached')) throw error
      })
    },
  ],
]

describe('the rule for files with a secret', () => {
  it.each([
    [1000, '600', true],
    [1000, '400', true],
    [1000, '640', false],
    [1000, '660', false],
    [1000, '604', false],
    [0, '600', true],
    [0, '640', true],
    [0, '440', true],
    [0, '660', false],
    [0, '650', false],
    [0, '444', false],
    [0, '644', false],
  ])('says of a file of user %i with mode %s: %s', (uid, mode, isSafe) => {
    expect(isProtected({ uid, mode: Number.parseInt(mode, 8) })).toBe(isSafe)
  })
})

describe.each(kinds)('a %s', (what, content, read) => {
  it.each(['660', '604', '666'])(
    'of our own with mode %s is used, set to 600 and warned of',
    async (mode) => {
      const path = makeFile(content, { mode: Number.parseInt(mode, 8) })
      const warnings: string[] = []
      await read(path, (text) => warnings.push(text))
      expect(modeOf(path)).toBe('600')
      expect(warnings).toEqual([expect.stringContaining(`the ${what} ${path} (mode ${mode}`)])
      await read(path, (text) => warnings.push(text))
      expect(warnings).toHaveLength(1)
    },
  )

  it('of our own that only we have access to is used without a word', async () => {
    for (const mode of [0o600, 0o400]) {
      const warnings: string[] = []
      const path = makeFile(content, { mode })
      await read(path, (text) => warnings.push(text))
      expect([modeOf(path), warnings]).toEqual([mode.toString(8), []])
    }
  })

  it.skipIf(isNotRoot)('of root that our group may read is used as it is, also through links', async () => {
    for (const mode of [0o440, 0o640]) {
      const path = makeFile(content, { mode, uid: 0, gid: group })
      const link = `${path}.link`
      symlinkSync(path, link)
      const warnings: string[] = []
      await asServer(() => read(link, (text) => warnings.push(text)))
      expect([modeOf(path), warnings]).toEqual([mode.toString(8), []])
    }
  })

  it.skipIf(isNotRoot).each([
    ['root that everybody may read', 0, 0o444, /set its mode to 640 or 400 .*defaultMode/],
    ['root that our group may write', 0, 0o660, /set its mode to 640 or 400/],
    ['another user that our group may read', somebody, 0o640, /set its mode to 600 \(chmod 600/],
    ['another user that everybody may read', somebody, 0o644, /set its mode to 600 \(chmod 600/],
  ])('of %s is refused, and stays as it is', async (_whose, uid, mode, advice) => {
    const path = makeFile(content, { mode, uid, gid: group })
    await expect(asServer(() => read(path, () => {}))).rejects.toThrow(advice)
    await expect(asServer(() => read(path, () => {}))).rejects.toThrow(`the ${what} ${path}`)
    expect(modeOf(path)).toBe(mode.toString(8))
  })

  it('that is not there is refused by its name', async () => {
    const path = join(newFolder(), 'absent')
    await expect(read(path, () => {})).rejects.toThrow(
      what === 'root key file'
        ? `${path} is missing`
        : new RegExp(`${what} ${path} cannot be read \\(ENOENT\\)`, 'i'),
    )
  })
})

describe('the PIN of an HSM', () => {
  it('is read by the same rule', async () => {
    // The file is of nobody else: it is read, and what fails is the HSM that is not there.
    const pinFile = makeFile('918273', { mode: 0o600 })
    const source = createPkcs11Source({
      library: '/absent',
      token: 't',
      keyLabels: ['k'],
      pin: null,
      pinFile,
    })
    await expect(source.load()).rejects.toThrow(/PKCS #11 library|pkcs11js/)
  })
})

describe('a root key file of root that a group may read', () => {
  it.skipIf(isNotRoot)('can still be read by the group when root has added a root key', async () => {
    const path = makeFile(rootKey, { mode: 0o640, uid: 0, gid: group })
    await createFileSource(path).add?.()
    expect([modeOf(path), statSync(path).uid, statSync(path).gid]).toEqual(['640', 0, group])
    expect(await asServer(() => createFileSource(path).load())).toHaveLength(2)
  })
})

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'keystead-secret-'))
  chmodSync(folder, 0o755)
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

function makeFile(
  content: string | Buffer,
  { mode, uid, gid }: { mode: number; uid?: number; gid?: number },
): string {
  const path = join(newFolder(), 'secret')
  writeFileSync(path, content)
  if (uid !== undefined && gid !== undefined) chownSync(path, uid, gid)
  chmodSync(path, mode)
  return path
}

function modeOf(path: string): string {
  return (statSync(path).mode & 0o777).toString(8)
}

/** Does something with the rights of a server that is not root, whose files belong to others. */
async function asServer<T>(work: () => Promise<T>): Promise<T> {
  const [uid, gid, groups] = [process.geteuid?.() ?? 0, process.getegid?.() ?? 0, process.getgroups?.() ?? []]
  process.setgroups?.([group])
  process.setegid?.(group)
  process.seteuid?.(server)
  try {
    return await work()
  } finally {
    process.seteuid?.(uid)
    process.setegid?.(gid)
    process.setgroups?.(groups)
  }
}
