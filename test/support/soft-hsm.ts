import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadPkcs11 } from '../../src/keyring/providers/pkcs11-module.ts'
import { cannotRun } from './skip.ts'

/** Where systems put the library of SoftHSM2. */
const library = [
  '/usr/lib/softhsm/libsofthsm2.so',
  '/usr/lib64/pkcs11/libsofthsm2.so',
  '/usr/local/lib/softhsm/libsofthsm2.so',
  '/opt/homebrew/lib/softhsm/libsofthsm2.so',
].find((path) => existsSync(path))

/** An HSM in software, with tokens of its own in a temporary folder. */
export interface SoftHsm {
  readonly library: string
  readonly token: string
  readonly pin: string
  /** Settings of a server or a command whose root key is in it; tests in this process need them in its environment. */
  readonly settings: Record<string, string>
  /** Makes one more token with the same PIN; before the library is first used in this process. */
  addToken(label: string): void
  /** Takes the tokens away, as if the HSM were pulled out. */
  pullOut(): void
  putBack(): void
  dispose(): void
}

/** Whether this machine lacks what the tests on an HSM need. */
export async function hasNoSoftHsm(): Promise<boolean> {
  const what = 'the tests of root keys in an HSM'
  if (library === undefined || spawnSync('softhsm2-util', ['--version']).error !== undefined) {
    return cannotRun(what, 'SoftHSM2 is not installed (Debian: softhsm2).')
  }
  return loadPkcs11().then(
    () => false,
    (error: Error) => cannotRun(what, `${error.message}.`),
  )
}

/** Makes an HSM with one token. A process can use one only: its library reads the configuration once. */
export function createSoftHsm(): SoftHsm {
  const folder = mkdtempSync(join(tmpdir(), 'keystead-hsm-'))
  const [tokens, away, configuration] = ['tokens', 'away', 'softhsm2.conf'].map((name) => join(folder, name))
  if (tokens === undefined || away === undefined || configuration === undefined)
    throw new TypeError('no paths')
  mkdirSync(tokens)
  writeFileSync(
    configuration,
    `directories.tokendir = ${tokens}\nobjectstore.backend = file\nlog.level = ERROR\n`,
  )
  process.env['SOFTHSM2_CONF'] = configuration
  const [token, pin] = ['keystead', '918273']
  const addToken = (label: string) => {
    const args = ['--init-token', '--free', '--label', label, '--so-pin', '12345678', '--pin', pin]
    const { status, stderr } = spawnSync('softhsm2-util', args, { encoding: 'utf8' })
    if (status !== 0) throw new Error(stderr)
  }
  addToken(token)
  return {
    library: library ?? '',
    token,
    pin,
    settings: {
      SOFTHSM2_CONF: configuration,
      ROOT_KEY_PROVIDER: 'pkcs11',
      PKCS11_LIBRARY: library ?? '',
      PKCS11_TOKEN: token,
      PKCS11_PIN: pin,
    },
    addToken,
    pullOut: () => renameSync(tokens, away),
    putBack: () => renameSync(away, tokens),
    dispose: () => rmSync(folder, { recursive: true, force: true }),
  }
}
